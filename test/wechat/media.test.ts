import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import sharp from 'sharp';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { apiToken } from './api-token.ts';

const DAY = 86_400;
const JPEG = await sharp({ create: { width: 8, height: 6, channels: 3, background: '#2f9e63' } })
  .jpeg()
  .toBuffer();
const PNG = await sharp(JPEG).png().toBuffer();
const MP4 = Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom');
const AMR = Buffer.from('#!AMR\n\x3c');

describe('temporary media', () => {
  let wechat: Wechat;
  let token: string;

  before(async () => {
    wechat = await startWechat();
  });
  after(() => wechat.stop());
  beforeEach(async () => {
    wechat.control.reset();
    token = await apiToken(wechat);
  });

  function get(query: Record<string, string>, method = 'GET'): Promise<Response> {
    return fetch(`${wechat.url}/cgi-bin/media/get?${new URLSearchParams(query)}`, { method });
  }

  async function refusal(query: Record<string, string>, method = 'GET') {
    const answer = await get(query, method);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-disposition'), null);
    const { errcode, errmsg } = (await answer.json()) as { errcode: number; errmsg: string };
    assert.match(errmsg, / rid: [\da-f]{8}-[\da-f]{8}-[\da-f]{8}$/);
    return { errcode, errmsg };
  }

  function upload(type: string, file: Uint8Array | undefined, { name = 'media', filename = 'a.jpg' } = {}) {
    const form = new FormData();
    if (file) form.append(name, new Blob([Buffer.from(file)]), filename);
    else form.append(name, 'no file');
    return fetch(`${wechat.url}/cgi-bin/media/upload?access_token=${token}&type=${type}`, {
      method: 'POST',
      body: form,
    }).then((answer) => answer.json() as Promise<Record<string, unknown>>);
  }

  it('gives the bytes of an image as a file named after its id', async () => {
    for (const [bytes, type, extension] of [
      [JPEG, 'image/jpeg', 'jpg'],
      [PNG, 'image/png', 'png'],
    ] as const) {
      const mediaId = wechat.control.addMedia(bytes);
      assert.match(mediaId, /^[\w-]{64,}$/);
      const answer = await get({ access_token: token, media_id: mediaId });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), type);
      assert.equal(answer.headers.get('content-disposition'), `attachment; filename="${mediaId}.${extension}"`);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
    }
  });

  it('lists a file by its type and size', async () => {
    const mediaId = wechat.control.addMedia(JPEG);
    await get({ access_token: token, media_id: mediaId }).then((answer) => answer.arrayBuffer());
    assert.equal(wechat.calls.at(-1)!.responseBody, `(image/jpeg, ${JPEG.length} bytes)`);
    await upload('image', JPEG);
    assert.match(wechat.calls.at(-1)!.requestBody, /^\(multipart\/form-data, \d+ bytes\)$/);
  });

  it('keeps an image three days', async () => {
    const mediaId = wechat.control.addMedia(JPEG);
    wechat.control.advance(3 * DAY - 5);
    token = await apiToken(wechat);
    assert.equal((await get({ access_token: token, media_id: mediaId })).headers.get('content-type'), 'image/jpeg');
    wechat.control.advance(5);
    const { errcode, errmsg } = await refusal({ access_token: token, media_id: mediaId });
    assert.equal(errcode, 40007);
    assert.match(errmsg, /^invalid media_id hint: \[.+\] rid: /);
    assert.ok(wechat.control.media(mediaId), 'control still knows it');
  });

  it('forgets everything at once where control says so', async () => {
    const mediaId = wechat.control.addMedia(JPEG);
    wechat.control.expireMedia();
    assert.equal((await refusal({ access_token: token, media_id: mediaId })).errcode, 40007);
  });

  it('gives the address of a video, not its bytes', async () => {
    const mediaId = wechat.control.addMedia(MP4, { type: 'video' });
    const answer = await get({ access_token: token, media_id: mediaId });
    const { video_url: url } = (await answer.json()) as { video_url: string };
    assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), MP4);
  });

  it('refuses what it refuses everywhere', async () => {
    const media_id = wechat.control.addMedia(JPEG);
    const code = async (query: Record<string, string>, method?: string) => (await refusal(query, method)).errcode;
    assert.equal(await code({ media_id }), 41001);
    assert.equal(await code({ access_token: 'nonsense', media_id }), 40014);
    assert.equal(await code({ access_token: token }), 40007);
    assert.equal(await code({ access_token: token, media_id: 'unknown' }), 40007);
    assert.equal(await code({ access_token: token, media_id }, 'POST'), 43001);
    wechat.control.killToken(40001);
    assert.equal(await code({ access_token: token, media_id }), 40001);
    const fresh = await apiToken(wechat);
    wechat.control.advance(7200);
    assert.equal(await code({ access_token: fresh, media_id }), 42001);
  });

  for (const type of ['text/plain', 'image/jpeg'] as const) {
    it(`sends its errors as ${type} where the knob says so, and only those`, async () => {
      wechat.control.set({ mediaErrorType: type });
      const missing = await get({ access_token: token, media_id: 'unknown' });
      assert.deepEqual([missing.status, missing.headers.get('content-type')], [200, type]);
      assert.equal(((await missing.json()) as { errcode: number }).errcode, 40007);
      const found = await get({ access_token: token, media_id: wechat.control.addMedia(PNG) });
      assert.equal(found.headers.get('content-type'), 'image/png');
    });
  }

  it('is late, broken or cut as control says', async () => {
    const query = { access_token: token, media_id: wechat.control.addMedia(JPEG) };
    wechat.control.fail({ path: '/cgi-bin/media/get', kind: 'status', status: 502, when: 'after' });
    const broken = await get(query);
    assert.deepEqual([broken.status, broken.headers.get('content-disposition')], [502, null]);
    wechat.control.fail({ path: '/cgi-bin/media/get', kind: 'disconnect' });
    await assert.rejects(get(query));
    const startedAt = Date.now();
    wechat.control.fail({ path: '/cgi-bin/media/get', kind: 'latency', ms: 60 });
    assert.equal((await get(query)).headers.get('content-type'), 'image/jpeg');
    assert.ok(Date.now() - startedAt >= 55);
  });

  it('takes uploads of merchants’ servers', async () => {
    const { type, media_id: mediaId, created_at: createdAt } = await upload('image', PNG);
    assert.equal(type, 'image');
    assert.ok(Math.abs(Number(createdAt) - wechat.control.now() / 1000) < 5);
    assert.deepEqual(wechat.control.media(String(mediaId))?.bytes, PNG);
    assert.match(String((await upload('thumb', JPEG)).thumb_media_id), /^[\w-]{64}$/);
    assert.match(String((await upload('voice', AMR)).media_id), /^[\w-]{64}$/);
    assert.match(String((await upload('video', MP4)).media_id), /^[\w-]{64}$/);
  });

  it('refuses uploads that are too large, empty, of another kind, or none', async () => {
    const large = (size: number) => Buffer.concat([JPEG, Buffer.alloc(size)]);
    const MB = 1024 * 1024;
    assert.ok((await upload('image', large(10 * MB - JPEG.length))).media_id);
    assert.equal((await upload('image', large(10 * MB))).errcode, 45001);
    assert.equal((await upload('thumb', large(64 * 1024))).errcode, 45001);
    assert.equal((await upload('image', Buffer.alloc(0))).errcode, 40006);
    assert.equal((await upload('image', Buffer.from('<svg/>'))).errcode, 40005);
    assert.equal((await upload('voice', JPEG)).errcode, 40005);
    assert.equal((await upload('picture', JPEG)).errcode, 40004);
    assert.equal((await upload('image', JPEG, { name: 'file' })).errcode, 41005);
    assert.equal((await upload('image', undefined)).errcode, 41005);
    for (const broken of [
      '--x\r\nContent-Disposition: form-data; name="media"; filename="a.jpg"\r\n\r\nabc',
      'abc',
      '',
    ]) {
      const answer = await fetch(`${wechat.url}/cgi-bin/media/upload?access_token=${token}&type=image`, {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
        body: broken,
      });
      assert.equal(((await answer.json()) as { errcode: number }).errcode, 41005);
    }
    const wrong = await fetch(`${wechat.url}/cgi-bin/media/upload?access_token=${token}&type=image`);
    assert.equal(((await wrong.json()) as { errcode: number }).errcode, 43002);
  });

  it('can be controlled over HTTP', async () => {
    const post = async (deed: string, body: unknown) => {
      const answer = await fetch(`${wechat.url}/control/${deed}`, { method: 'POST', body: JSON.stringify(body) });
      return [answer.status, (await answer.json()) as Record<string, string>] as const;
    };
    const [, { mediaId }] = await post('add-media', { base64: JPEG.toString('base64') });
    const media = await (await fetch(`${wechat.url}/control/media/${mediaId}`)).json();
    assert.deepEqual(media, {
      mediaId,
      type: 'image',
      contentType: 'image/jpeg',
      extension: 'jpg',
      createdAt: wechat.control.media(mediaId!)!.createdAt,
      expiresAt: wechat.control.media(mediaId!)!.createdAt + 3 * DAY,
      base64: JPEG.toString('base64'),
    });
    assert.equal((await post('add-media', { base64: '', type: 'film' }))[0], 400);
    assert.equal((await fetch(`${wechat.url}/control/media/unknown`)).status, 404);
    await post('set-album', { pictures: [{ name: 'a.png', base64: PNG.toString('base64') }] });
    assert.deepEqual(await Promise.all(wechat.control.album.map(async ({ name, bytes }) => [name, await bytes])), [
      ['a.png', PNG],
    ]);
    assert.equal((await post('set-album', { pictures: 'none' }))[0], 400);
    await post('set-album', { pictures: null });
    assert.ok(wechat.control.album.length >= 12);
  });
});
