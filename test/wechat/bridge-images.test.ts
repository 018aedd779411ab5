import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import exifReader from 'exifreader';
import sharp from 'sharp';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { eventually } from '../proxy/harness.ts';
import { apiToken } from './api-token.ts';
import type { Json } from './merchant.ts';

const URL = 'http://127.0.0.1:8788/review';
const ALL = ['chooseImage', 'getLocalImgData', 'uploadImage', 'downloadImage', 'imagePreview'];

describe('pictures in the in-app bridge', () => {
  let wechat: Wechat;
  /** 1600 by 1200 in the file, turned by EXIF: seen, it stands upright. */
  let turned: Buffer;
  let loads = 0;

  before(async () => {
    wechat = await startWechat();
    turned = await sharp({ create: { width: 1600, height: 1200, channels: 3, background: '#a45a3c' } })
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  /** A page that has been loaded, and what it may call; without a list it never called `wx.config`. */
  async function openPage(platform: 'ios' | 'android' = 'ios', jsApiList: string[] | null = ALL) {
    loads += 1;
    const page = `load-${loads}`;
    const appId = wechat.environment.WECHAT_APP_ID!;
    const invoke = async (name: string, args: object = {}, signal?: AbortSignal): Promise<Record<string, Json>> => {
      const answer = await fetch(`${wechat.url}/client/invoke`, {
        method: 'POST',
        signal,
        body: JSON.stringify({
          ...{ phone: 'p1', page, platform, name, url: URL, landingUrl: URL },
          args: { appId, ...args },
        }),
      });
      return answer.json() as Promise<Record<string, Json>>;
    };
    if (jsApiList) assert.match((await invoke('preVerifyJSAPI', await config(jsApiList))).err_msg, /:ok$/);
    return invoke;
  }

  async function config(verifyJsApiList: string[]): Promise<object> {
    const token = await apiToken(wechat);
    const answer = await fetch(`${wechat.url}/cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`);
    const { ticket } = (await answer.json()) as { ticket: string };
    const verifyTimestamp = String(Math.floor(wechat.control.now() / 1000));
    const text = `jsapi_ticket=${ticket}&noncestr=abc&timestamp=${verifyTimestamp}&url=${URL}`;
    return {
      ...{ verifyJsApiList, verifyTimestamp, verifyNonceStr: 'abc', verifySignType: 'sha1' },
      verifyAppId: wechat.environment.WECHAT_APP_ID,
      verifySignature: createHash('sha1').update(text).digest('hex'),
    };
  }

  /** What a page that chose one picture of these has uploaded. */
  async function uploaded(sizeType: string[], bytes: Buffer): Promise<Buffer> {
    wechat.control.album = [{ name: 'a.jpg', bytes }];
    const invoke = await openPage();
    const { localIds } = await invoke('chooseImage', { count: 1, sizeType });
    const { serverId } = await invoke('uploadImage', { localId: localIds[0] });
    return wechat.control.media(serverId)!.bytes;
  }

  describe('may be called', () => {
    it('by pages only that have listed the function in wx.config', async () => {
      const strange = await openPage('ios', null);
      const shy = await openPage('ios', ['uploadImage']);
      for (const name of ALL) assert.deepEqual(await strange(name), { err_msg: 'system:access_denied' });
      assert.deepEqual(await shy('chooseImage'), { err_msg: 'system:access_denied' });
      assert.match((await shy('uploadImage')).err_msg, /^uploadImage:fail_/);
      const listed = wechat.calls.findLast(({ path }) => path === 'chooseImage')!;
      assert.deepEqual([listed.verdict, listed.message], ['refused', 'permission denied: chooseImage']);
    });
  });

  describe('chooseImage', () => {
    it('gives at most as many as asked for, nine by default', async () => {
      const invoke = await openPage();
      wechat.control.album = Array.from({ length: 12 }, (_, index) => ({ name: `${index}.jpg`, bytes: turned }));
      assert.equal((await invoke('chooseImage', { count: 4 })).localIds.length, 4);
      assert.equal((await invoke('chooseImage')).localIds.length, 9);
    });

    it('names pictures as iOS does, in a list', async () => {
      const { err_msg, localIds, sourceType } = await (await openPage('ios'))('chooseImage', { count: 2 });
      assert.deepEqual([err_msg, sourceType, localIds.length], ['chooseImage:ok', 'album', 2]);
      for (const id of localIds) assert.match(id, /^wxLocalResource:\/\/imageid\d{18}$/);
    });

    it('names pictures as Android does, in a list that is text', async () => {
      const { localIds } = await (await openPage('android'))('chooseImage', { count: 2 });
      assert.equal(typeof localIds, 'string');
      const ids = JSON.parse(localIds);
      assert.equal(new Set(ids).size, 2);
      for (const id of ids) assert.match(id, /^weixin:\/\/resourceid\/[\da-f]{32}$/);
    });

    for (const args of [
      { count: 0 },
      { count: 10 },
      { count: 1.5 },
      { count: '3' },
      { sizeType: [] },
      { sizeType: 'compressed' },
      { sizeType: ['small'] },
      { sourceType: [] },
      { sourceType: ['album', 'cloud'] },
    ]) {
      it(`refuses ${JSON.stringify(args)}`, async () => {
        assert.deepEqual(await (await openPage())('chooseImage', args), {
          err_msg: 'chooseImage:fail_invalid arguments',
        });
      });
    }

    it('is cancelled by its user, and where there is nothing to choose', async () => {
      const invoke = await openPage();
      wechat.control.set({ picker: 'cancel' });
      assert.deepEqual(await invoke('chooseImage'), { err_msg: 'chooseImage:cancel' });
      wechat.control.set({ picker: 'choose', albumEmpty: true });
      assert.deepEqual(await invoke('chooseImage'), { err_msg: 'chooseImage:cancel' });
      wechat.control.reset();
      wechat.control.album = [];
      assert.deepEqual(await invoke('chooseImage'), { err_msg: 'chooseImage:cancel' });
    });

    it('gives the file itself in original, with all that EXIF says', async () => {
      assert.deepEqual(await uploaded(['original'], turned), turned);
    });

    it('shrinks and re-encodes where it is not in original: upright, a JPEG, nothing left of EXIF', async () => {
      for (const sizeType of [['compressed'], ['original', 'compressed']]) {
        const { format, width, height, orientation, exif } = await sharp(await uploaded(sizeType, turned)).metadata();
        assert.deepEqual([format, width, height, orientation, exif], ['jpeg', 960, 1280, undefined, undefined]);
      }
      const transparent = await sharp({ create: { width: 90, height: 60, channels: 4, background: '#0000' } })
        .png()
        .toBuffer();
      const { format, width } = await sharp(await uploaded(['compressed'], transparent)).metadata();
      assert.deepEqual([format, width], ['jpeg', 90]);
    });

    it('takes a photograph where only the camera is asked for: turned, and with its place', async () => {
      const invoke = await openPage();
      const { localIds, sourceType } = await invoke('chooseImage', { sourceType: ['camera'], sizeType: ['original'] });
      assert.deepEqual([sourceType, localIds.length], ['camera', 1]);
      const { serverId } = await invoke('uploadImage', { localId: localIds[0] });
      const { bytes } = wechat.control.media(serverId)!;
      const exif = exifReader.load(bytes);
      assert.equal(exif.Orientation?.value, 6);
      assert.match(String(exif.GPSLatitude?.description), /^30\.22/);
      assert.match(exif.DateTimeOriginal?.description ?? '', /^\d{4}:/);
    });
  });

  describe('getLocalImgData', () => {
    it('gives a data url on iOS, with the type as iOS spells it', async () => {
      const invoke = await openPage('ios');
      wechat.control.album = [{ name: 'a.jpg', bytes: turned }];
      const { localIds } = await invoke('chooseImage');
      const { err_msg, localData } = await invoke('getLocalImgData', { localId: localIds[0] });
      assert.equal(err_msg, 'getLocalImgData:ok');
      assert.match(localData, /^data:image\/jgp;base64,[\w+/]+=*$/);
      const { format } = await sharp(Buffer.from(localData.split(',')[1], 'base64')).metadata();
      assert.equal(format, 'jpeg');
    });

    it('gives bare base64 on Android, in lines of 76 that are all ended', async () => {
      const invoke = await openPage('android');
      const { localIds } = await invoke('chooseImage', { count: 1 });
      const { localData } = await invoke('getLocalImgData', { localId: JSON.parse(localIds)[0] });
      assert.match(localData, /^([\w+/]{76}\n)+[\w+/]{0,75}=*\n$/);
      assert.equal((await sharp(Buffer.from(localData, 'base64')).metadata()).format, 'jpeg');
    });

    it('answers two at once, and knows an id whose scheme a browser wrote in lower case', async () => {
      const invoke = await openPage('ios');
      const { localIds } = await invoke('chooseImage', { count: 2 });
      const [one, other] = localIds as [string, string];
      const answers = await Promise.all([
        invoke('getLocalImgData', { localId: one }),
        invoke('getLocalImgData', { localId: other.replace('wxLocalResource', 'wxlocalresource') }),
      ]);
      assert.deepEqual(
        answers.map(({ err_msg }) => err_msg),
        ['getLocalImgData:ok', 'getLocalImgData:ok'],
      );
      assert.notEqual(answers[0]!.localData, answers[1]!.localData);
      const listed = wechat.calls.at(-1)!;
      assert.match(listed.responseBody, /"data:image\/jgp;base64,.{26}… \(\d+ characters\)"/);
    });

    it('fails without an id, for one that is not known, on another phone, and where the knob says so', async () => {
      const invoke = await openPage();
      const { localIds } = await invoke('chooseImage', { count: 1 });
      const read = (localId?: string) => invoke('getLocalImgData', { localId });
      assert.deepEqual(await read(), { err_msg: 'getLocalImgData:fail_invaild_localid' });
      assert.deepEqual(await read('wxLocalResource://imageid1'), { err_msg: 'getLocalImgData:fail' });
      wechat.control.set({ localImagesReadable: false });
      assert.deepEqual(await read(localIds[0]), { err_msg: 'getLocalImgData:fail' });
      assert.match((await invoke('uploadImage', { localId: localIds[0] })).err_msg, /:ok$/);
    });

    it('fails for what is no picture', async () => {
      wechat.control.album = [{ name: 'a.jpg', bytes: Buffer.from('no picture') }];
      const invoke = await openPage();
      const { localIds } = await invoke('chooseImage');
      assert.deepEqual(await invoke('getLocalImgData', { localId: localIds[0] }), { err_msg: 'getLocalImgData:fail' });
    });
  });

  describe('uploadImage', () => {
    async function pageWithTwo() {
      const invoke = await openPage();
      const { localIds } = await invoke('chooseImage', { count: 2, sizeType: ['original'] });
      const upload = (index: number, signal?: AbortSignal) =>
        invoke('uploadImage', { localId: localIds[index], isShowProgressTips: 1 }, signal);
      return { invoke, upload };
    }

    it('gives a serverId that the merchant’s server gets the bytes with', async () => {
      const { upload } = await pageWithTwo();
      const { err_msg, serverId } = await upload(0);
      assert.equal(err_msg, 'uploadImage:ok');
      const query = new URLSearchParams({ access_token: await apiToken(wechat), media_id: serverId });
      const answer = await fetch(`${wechat.url}/cgi-bin/media/get?${query}`);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), await wechat.control.album[0]!.bytes);
    });

    it('takes one at a time in a page: another one fails while it runs, and works afterwards', async () => {
      const { upload } = await pageWithTwo();
      const elsewhere = await pageWithTwo();
      wechat.control.set({ imageUploadTime: 1_000 });
      const first = upload(0);
      await sleep(100);
      assert.deepEqual(await upload(1), { err_msg: 'uploadImage:fail' });
      wechat.control.set({ imageUploadTime: 0 });
      assert.match((await elsewhere.upload(0)).err_msg, /:ok$/);
      assert.match((await first).err_msg, /:ok$/);
      assert.match((await upload(1)).err_msg, /:ok$/);
    });

    it('fails as often as control says', async () => {
      const { upload } = await pageWithTwo();
      wechat.control.failUploads(2);
      assert.deepEqual(await upload(0), { err_msg: 'uploadImage:fail' });
      assert.deepEqual(await upload(0), { err_msg: 'uploadImage:fail' });
      assert.match((await upload(0)).err_msg, /:ok$/);
    });

    it('never answers where the knob says so, until the page has gone', async () => {
      const { upload } = await pageWithTwo();
      wechat.control.set({ imageUploadTime: null });
      const leaving = new AbortController();
      const stuck = upload(0, leaving.signal);
      assert.equal(await Promise.race([stuck, sleep(80, 'silence')]), 'silence');
      assert.deepEqual(await upload(1), { err_msg: 'uploadImage:fail' });
      leaving.abort();
      await assert.rejects(stuck);
      wechat.control.set({ imageUploadTime: 0 });
      await eventually(async () => /:ok$/.test((await upload(1)).err_msg), 'it has seen the page go');
    });

    it('fails without an id, and for one that is not known', async () => {
      const { invoke } = await pageWithTwo();
      assert.deepEqual(await invoke('uploadImage'), { err_msg: 'uploadImage:fail_missing arguments' });
      assert.deepEqual(await invoke('uploadImage', { localId: 'wxLocalResource://imageid1' }), {
        err_msg: 'uploadImage:fail',
      });
    });
  });

  it('downloadImage makes a local picture of what was uploaded, while WeChat has it', async () => {
    const invoke = await openPage('android');
    const serverId = wechat.control.addMedia(turned);
    const { err_msg, localId } = await invoke('downloadImage', { serverId });
    assert.equal(err_msg, 'downloadImage:ok');
    assert.match((await invoke('getLocalImgData', { localId })).err_msg, /:ok$/);
    wechat.control.expireMedia();
    assert.deepEqual(await invoke('downloadImage', { serverId }), { err_msg: 'downloadImage:fail' });
    assert.deepEqual(await invoke('downloadImage'), { err_msg: 'downloadImage:fail_missing arguments' });
  });

  it('previewImage is done at once, and wants addresses', async () => {
    const invoke = await openPage();
    assert.deepEqual(await invoke('imagePreview', { urls: ['https://shop.example.com/a.jpg'] }), {
      err_msg: 'imagePreview:ok',
    });
    assert.match((await invoke('imagePreview', { urls: [] })).err_msg, /:fail_/);
    assert.match((await invoke('imagePreview', { urls: 'a.jpg' })).err_msg, /:fail_/);
  });

  it('has an album of a dozen pictures and more, as people have them', async () => {
    const found = await Promise.all(
      wechat.control.album.map(async ({ name, bytes }) => ({ name, ...(await sharp(await bytes).metadata()) })),
    );
    assert.ok(found.length >= 12);
    assert.ok(found.some(({ format, orientation }) => format === 'jpeg' && orientation === 6));
    assert.ok(found.some(({ format, hasAlpha }) => format === 'png' && hasAlpha));
    assert.ok(found.some(({ format, pages }) => format === 'gif' && Number(pages) > 1));
    assert.ok(found.some(({ width, height }) => width * height > 12_000_000));
    assert.equal(new Set(found.map(({ name }) => name)).size, found.length);
  });
});
