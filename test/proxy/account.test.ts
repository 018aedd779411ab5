/** What the merchant's other programs need of the official account: its token, and calls without one. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { API_KEY, SHOP, shareHarness, times } from './harness.ts';
import { assertRefused } from './merchant.ts';
import { photo } from './uploads.ts';

const shared = shareHarness();

const callWechat = (path: string, init: RequestInit = {}) =>
  fetch(`${shared.proxy.url}/v1/wechat${path}`, {
    ...init,
    headers: { authorization: `Bearer ${API_KEY}`, ...init.headers },
  });

async function uploadMedia(bytes: Buffer, query = 'type=image') {
  const body = new FormData();
  body.append('media', new Blob([new Uint8Array(bytes)]), 'photo.jpg');
  return callWechat(`/cgi-bin/media/upload?${query}`, { method: 'POST', body });
}

describe('the access token', () => {
  test('is the one that the proxy itself uses, and says when it ends', async () => {
    const { proxy } = shared;

    const { status, json } = await proxy.merchant('GET', '/v1/access-token');

    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['token', 'expiresAt']);
    assert.ok(Date.parse(json.expiresAt) > Date.now());
    const mediaId = proxy.wechat.control.addMedia(await photo());
    const asked = `${proxy.wechat.url}/cgi-bin/media/get?access_token=${json.token}&media_id=${mediaId}`;
    assert.equal((await fetch(asked)).headers.get('content-type'), 'image/jpeg');
    assert.deepEqual((await proxy.merchant('GET', '/v1/access-token')).json, json);
  });

  test('is the merchant’s alone', async () => {
    const { proxy } = shared;
    const authorization = `Bearer ${await proxy.session()}`;

    assertRefused(await proxy.page('GET', '/v1/access-token'), 'unauthorized', 401);
    assertRefused(await proxy.page('GET', '/v1/access-token', undefined, { authorization }), 'unauthorized', 401);
  });
});

describe('a call that is passed through', () => {
  test('goes both ways as it is, with the token added', async () => {
    const { proxy } = shared;
    const bytes = await photo({ width: 300, height: 200 });

    const uploaded = (await (await uploadMedia(bytes)).json()) as { type: string; media_id: string };
    const downloaded = await callWechat(`/cgi-bin/media/get?media_id=${uploaded.media_id}`);

    assert.equal(uploaded.type, 'image');
    assert.deepEqual(Buffer.from(await downloaded.arrayBuffer()), bytes);
    assert.equal(downloaded.headers.get('content-type'), 'image/jpeg');
    assert.match(downloaded.headers.get('content-disposition') ?? '', /^attachment; filename="/);
    const { token } = (await proxy.merchant('GET', '/v1/access-token')).json;
    assert.ok(!proxy.log().includes(token));
  });

  test('brings WeChat’s own refusals', async () => {
    const reply = await callWechat('/cgi-bin/media/get?media_id=unknown');

    assert.equal(reply.status, 200);
    assert.equal(((await reply.json()) as { errcode: number }).errcode, 40007);
  });

  test('needs no token, and heeds none', async () => {
    const bytes = await photo();

    const { errcode, type } = (await (await uploadMedia(bytes, 'access_token=mine&type=image')).json()) as Record<
      string,
      unknown
    >;

    assert.deepEqual([errcode, type], [undefined, 'image']);
  });

  for (const code of [40001, 40014, 42001] as const) {
    test(`is made once more where the token is stale (${code}), its body too`, async () => {
      const { proxy } = shared;
      await uploadMedia(await photo());
      proxy.wechat.control.killToken(code);

      const replies = await Promise.all(times(4, async () => (await uploadMedia(await photo())).json()));

      for (const reply of replies) assert.equal((reply as { type: string }).type, 'image', JSON.stringify(reply));
    });
  }

  test('says what WeChat says where the newer token is stale, too', async () => {
    const { proxy } = shared;
    proxy.wechat.control.at({ path: '/cgi-bin/media/get', when: 'before', count: 2 }, () =>
      proxy.wechat.control.killToken(),
    );

    const reply = await callWechat('/cgi-bin/media/get?media_id=unknown');

    assert.equal(((await reply.json()) as { errcode: number }).errcode, 40001);
  });

  for (const path of [
    '/cgi-bin/token',
    '/cgi-bin/stable_token',
    '/cgi-bin/ticket/getticket',
    '/sns/oauth2/access_token',
    '/cgi-bin/clear_quota',
    '/cgi-bin/component/api_component_token',
    '/control/state',
    '/v3/pay/transactions/jsapi',
    '/cgi-bin',
    '/cgi-bin/',
    '/cgi-bin//token',
    '/cgi-bin/%74oken',
    '/cgi-bin/user%2f..%2ftoken',
    '/cgi-bin/x/..%2f..%2fcontrol',
    '/CGI-BIN/token',
  ]) {
    test(`of ${path} is not let through`, async () => {
      const { proxy } = shared;
      const before = proxy.wechat.calls.length;

      for (const method of ['GET', 'POST']) {
        const reply = await callWechat(path, { method, ...(method === 'POST' && { body: '{}' }) });
        assert.ok([403, 404].includes(reply.status), String(reply.status));
        assert.match(((await reply.json()) as { code: string }).code, /^(wechat_path_not_allowed|not_found)$/);
      }
      assert.equal(proxy.wechat.calls.length, before);
    });
  }

  test('is the merchant’s alone', async () => {
    const { proxy } = shared;
    const before = proxy.wechat.calls.length;
    const headers = { origin: SHOP, authorization: `Bearer ${await proxy.session()}` };

    const reply = await fetch(`${proxy.url}/v1/wechat/cgi-bin/media/get?media_id=a`, { headers });

    assert.deepEqual([reply.status, ((await reply.json()) as { code: string }).code], [401, 'unauthorized']);
    assert.equal(proxy.wechat.calls.length, before);
  });

  test('may be as large as WeChat takes, and no larger', async () => {
    const reply = await uploadMedia(randomBytes(33 * 1_048_576));

    assert.deepEqual([reply.status, ((await reply.json()) as { code: string }).code], [413, 'body_too_large']);
  });

  test('that WeChat does not answer is told', async () => {
    shared.proxy.wechat.control.fail({ path: '/cgi-bin/media/get', kind: 'disconnect' });

    const reply = await callWechat('/cgi-bin/media/get?media_id=a');

    assert.deepEqual([reply.status, ((await reply.json()) as { code: string }).code], [502, 'wechat_unavailable']);
  });
});
