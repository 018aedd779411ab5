import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../widgets/core/failure.ts';
import { ProxyClient } from '../../widgets/core/proxy-client.ts';
import { explainAnswer, jssdkError } from '../../widgets/core/wechat/jssdk-errors.ts';
import type { JssdkResult } from '../../widgets/core/wechat/weixin-js-sdk.ts';
import type { WidgetError } from '../../widgets/core/widget-error.ts';
import { chooseInWechat, isWithoutChooser, readyToChoose } from '../../widgets/image-uploader/choose-in-wechat.ts';
import { decodeLocalData, readLocalPicture } from '../../widgets/image-uploader/local-picture.ts';
import type { Uploaded } from '../../widgets/image-uploader/queue.ts';
import { uploadFromWechat } from '../../widgets/image-uploader/upload-from-wechat.ts';
import { settled } from './fake-clock.ts';

interface Call {
  name: string;
  parameters: Record<string, unknown>;
  answer(result: JssdkResult): Promise<void>;
  refuse(error: unknown): Promise<void>;
}

/** A client of WeChat that answers when the test says so. */
function aClient() {
  const calls: Call[] = [];
  const configured: ProxyClient[] = [];
  return {
    calls,
    configured,
    configureJssdk: async (proxy: ProxyClient) => {
      configured.push(proxy);
    },
    callJssdk: (name: string, parameters: Record<string, unknown> = {}) =>
      new Promise<JssdkResult>((resolve, reject) => {
        calls.push({
          name,
          parameters,
          answer: (result) => {
            resolve(result);
            return settled();
          },
          refuse: (error) => {
            reject(error);
            return settled();
          },
        });
      }),
  };
}

const proxy = new ProxyClient('https://pay.test');
const CHOICE = { count: 20, sizeType: 'compressed', source: 'album camera', opens: () => {} };

describe('choosing in WeChat', () => {
  async function choose(result: JssdkResult): Promise<string[]> {
    const client = aClient();
    const choosing = chooseInWechat(client, proxy, CHOICE);
    await settled();
    await client.calls[0]!.answer(result);
    return choosing;
  }

  it('asks for no more than WeChat gives', async () => {
    const client = aClient();
    chooseInWechat(client, proxy, CHOICE);
    await settled();
    assert.deepEqual(client.calls[0]!.name, 'chooseImage');
    const asked = { count: 9, sizeType: ['compressed'], sourceType: ['album', 'camera'] };
    assert.deepEqual(client.calls[0]!.parameters, asked);
    assert.deepEqual(client.configured, [proxy]);
  });

  for (const [sizeType, source, sizes, sources] of [
    ['Original,compressed', 'CAMERA', ['original', 'compressed'], ['camera']],
    [' original  huge ', 'camera,, album', ['original'], ['album', 'camera']],
    ['', 'disk', ['compressed'], ['album', 'camera']],
  ] as const) {
    it(`hands WeChat only words that it knows: "${sizeType}", "${source}"`, async () => {
      const client = aClient();
      chooseInWechat(client, proxy, { ...CHOICE, sizeType, source });
      await settled();
      assert.deepEqual(client.calls[0]!.parameters, { count: 9, sizeType: sizes, sourceType: sources });
    });
  }

  it('tells when the chooser opens, which is once the JS-SDK is ready', async () => {
    const client = aClient();
    const order: string[] = [];
    const configureJssdk = async () => void order.push('configured');
    chooseInWechat({ ...client, configureJssdk }, proxy, { ...CHOICE, opens: () => order.push('opens') });
    await settled();
    assert.deepEqual(order, ['configured', 'opens']);
  });

  it('takes a list, a list as text, one id, and nothing', async () => {
    const ids = ['wxLocalResource://1', 'wxLocalResource://2'];
    assert.deepEqual(await choose({ localIds: ids }), ids);
    assert.deepEqual(await choose({ localIds: JSON.stringify(ids) }), ids);
    assert.deepEqual(await choose({ localIds: ids[0] }), [ids[0]]);
    assert.deepEqual(await choose({ localIds: '' }), []);
    assert.deepEqual(await choose({}), []);
  });

  it('takes it for no error that the user chose none, or never came back', async () => {
    for (const error of [explainAnswer('chooseImage:cancel'), jssdkError('jssdk_timeout')]) {
      const client = aClient();
      const choosing = chooseInWechat(client, proxy, CHOICE);
      await settled();
      await client.calls[0]!.refuse(error);
      assert.deepEqual(await choosing, []);
    }
  });

  it('passes on what else goes wrong', async () => {
    const client = aClient();
    const choosing = chooseInWechat(client, proxy, CHOICE);
    const ended = assert.rejects(choosing, { code: 'jssdk_permission_denied' });
    await settled();
    await client.calls[0]!.refuse(explainAnswer('chooseImage:permission denied'));
    await ended;
  });

  it('tells a client without a chooser from one that had bad luck', () => {
    assert.ok(isWithoutChooser(jssdkError('jssdk_function_not_exist')));
    assert.ok(isWithoutChooser(jssdkError('jssdk_permission_denied')));
    assert.ok(isWithoutChooser(jssdkError('jssdk_invalid_signature')));
    assert.ok(!isWithoutChooser(jssdkError('jssdk_failed')));
    assert.ok(!isWithoutChooser(failure('proxy_unreachable')));
  });
});

describe('whether one can choose in WeChat', () => {
  async function ready(checkResult: unknown): Promise<void> {
    const client = aClient();
    const asking = readyToChoose(client, proxy);
    await settled();
    assert.equal(client.calls[0]!.name, 'checkJsApi');
    await client.calls[0]!.answer({ checkResult });
    return asking;
  }

  it('is what the client says', async () => {
    await ready({ chooseImage: true, uploadImage: true });
    await assert.rejects(ready({ chooseImage: false, uploadImage: true }), { code: 'jssdk_function_not_exist' });
    await assert.rejects(ready({ chooseImage: true, uploadImage: false }), { code: 'jssdk_function_not_exist' });
  });

  it('is tried where the client does not say', async () => {
    await ready(undefined);
    const client = aClient();
    const asking = readyToChoose(client, proxy);
    await settled();
    await client.calls[0]!.refuse(jssdkError('jssdk_timeout'));
    await asking;
  });

  it('is not so where the JS-SDK cannot be configured', async () => {
    const configureJssdk = async () => {
      throw jssdkError('jssdk_invalid_url_domain');
    };
    await assert.rejects(readyToChoose({ ...aClient(), configureJssdk }, proxy), { code: 'jssdk_invalid_url_domain' });
  });
});

describe('the bytes of a picture in WeChat', () => {
  const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, ...Array.from({ length: 90 }, (_, at) => at)]);
  const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  const bytesOf = async (blob: Blob | undefined) => Buffer.from(await blob!.arrayBuffer());

  it('are read from what iOS and what Android gives, by what they are', async () => {
    const base64 = JPEG.toString('base64');
    const withBreaks = base64.replace(/.{20}/g, '$&\r\n');
    for (const localData of [`data:image/jgp;base64,${base64}`, withBreaks, `data:image/jpeg;base64,${withBreaks}`]) {
      const blob = decodeLocalData(localData);
      assert.equal(blob?.type, 'image/jpeg');
      assert.deepEqual(await bytesOf(blob), JPEG);
    }
    assert.equal(decodeLocalData(`data:image/jgp;base64,${PNG.toString('base64')}`)?.type, 'image/png');
  });

  it('are none where the client gives none, or something else', async () => {
    for (const localData of [undefined, '', '%%%', Buffer.from('hello').toString('base64')]) {
      const client = aClient();
      const reading = readLocalPicture(client, 'a');
      await client.calls[0]!.answer({ localData });
      assert.equal(await reading, undefined);
    }
    const client = aClient();
    const reading = readLocalPicture(client, 'a');
    await client.calls[0]!.refuse(jssdkError('jssdk_failed'));
    assert.equal(await reading, undefined);
  });
});

const IMAGE: Uploaded = { id: 'img_1', url: 'https://pay.test/1', type: 'image/jpeg', size: 9, width: 3, height: 2 };

describe('uploading from WeChat', () => {
  let ids = 0;

  function arrange() {
    const client = aClient();
    const fetched: string[] = [];
    const outcomes: (Uploaded | WidgetError)[] = [];
    const world = {
      wechat: async () => client,
      fetchMedia: async (mediaId: string) => {
        fetched.push(mediaId);
        const outcome = outcomes.shift() ?? IMAGE;
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    };
    const steps: number[] = [];
    const upload = (localId: string, abort = new AbortController()) =>
      uploadFromWechat(world, localId, () => steps.push(1), abort.signal);
    return { client, fetched, outcomes, steps, upload, localId: () => `wxLocalResource://${++ids}` };
  }

  it('gives the picture to WeChat, and the proxy its id', async () => {
    const { client, fetched, upload, localId, steps } = arrange();
    const id = localId();
    const uploading = upload(id);
    await settled();
    assert.deepEqual(client.calls[0]!.parameters, { localId: id, isShowProgressTips: 0 });
    await client.calls[0]!.answer({ serverId: 'media_1' });
    assert.equal(await uploading, IMAGE);
    assert.deepEqual(fetched, ['media_1']);
    assert.equal(steps.length, 2, 'when its turn came, and when WeChat had it');
  });

  it('gives WeChat one at a time in the whole page', async () => {
    const [one, other] = [arrange(), arrange()];
    const first = one.upload(one.localId());
    const second = other.upload(other.localId());
    await settled();
    assert.equal(other.client.calls.length, 0);
    await one.client.calls[0]!.answer({ serverId: 'media_1' });
    await first;
    assert.equal(other.client.calls.length, 1);
    await other.client.calls[0]!.answer({ serverId: 'media_2' });
    await second;
  });

  it('does not wait for the proxy before it gives WeChat the next', async () => {
    const { client, upload, localId } = arrange();
    const slow = uploadFromWechat(
      { wechat: async () => client, fetchMedia: () => new Promise(() => {}) },
      localId(),
      () => {},
      new AbortController().signal,
    );
    slow.catch(() => {});
    upload(localId());
    await settled();
    await client.calls[0]!.answer({ serverId: 'media_1' });
    assert.equal(client.calls.length, 2);
    await client.calls[1]!.answer({ serverId: 'media_2' });
  });

  it('does not give WeChat again what the proxy could not fetch', async () => {
    const { client, fetched, outcomes, upload, localId } = arrange();
    const id = localId();
    outcomes.push(failure('proxy_failed', { status: 502 }));
    const failing = assert.rejects(upload(id), { code: 'proxy_failed' });
    await settled();
    await client.calls[0]!.answer({ serverId: 'media_1' });
    await failing;
    assert.equal(await upload(id), IMAGE);
    assert.deepEqual(fetched, ['media_1', 'media_1']);
    assert.equal(client.calls.length, 1);
  });

  it('gives WeChat again what it has forgotten meanwhile', async () => {
    const { client, fetched, outcomes, upload, localId } = arrange();
    const id = localId();
    outcomes.push(failure('proxy_failed', { status: 502 }), failure('media_not_found', { status: 404 }));
    const failing = assert.rejects(upload(id));
    await settled();
    await client.calls[0]!.answer({ serverId: 'media_1' });
    await failing;
    const again = upload(id);
    await settled();
    await client.calls[1]!.answer({ serverId: 'media_2' });
    assert.equal(await again, IMAGE);
    assert.deepEqual(fetched, ['media_1', 'media_1', 'media_2']);
  });

  it('uses what came of an upload that nobody waited for any more', async () => {
    const { client, fetched, upload, localId } = arrange();
    const id = localId();
    const abort = new AbortController();
    const aborted = assert.rejects(upload(id, abort), { name: 'AbortError' });
    await settled();
    abort.abort();
    await aborted;
    const again = upload(id);
    await settled();
    assert.equal(client.calls.length, 1, 'WeChat still has the first in hand');
    await client.calls[0]!.answer({ serverId: 'media_1' });
    assert.equal(await again, IMAGE);
    assert.equal(client.calls.length, 1);
    assert.deepEqual(fetched, ['media_1']);
  });

  it('does not begin what is no longer wanted when its turn comes', async () => {
    const { client, upload, localId } = arrange();
    const first = upload(localId());
    const abort = new AbortController();
    const second = assert.rejects(upload(localId(), abort), { name: 'AbortError' });
    await settled();
    abort.abort();
    await second;
    await client.calls[0]!.answer({ serverId: 'media_1' });
    await first;
    await settled();
    assert.equal(client.calls.length, 1);
  });

  it('goes on with the next where one failed, or WeChat gave no id', async () => {
    const { client, upload, localId } = arrange();
    const first = assert.rejects(upload(localId()), { code: 'jssdk_failed' });
    const second = assert.rejects(upload(localId()), { code: 'jssdk_failed' });
    const third = upload(localId());
    await settled();
    await client.calls[0]!.refuse(explainAnswer('uploadImage:fail'));
    await client.calls[1]!.answer({ serverId: '' });
    await client.calls[2]!.answer({ serverId: 'media_3' });
    await Promise.all([first, second, third]);
  });
});
