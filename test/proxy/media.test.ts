/** Pictures that payers have uploaded to WeChat, which keeps them for three days. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { type Reply, sharedClock, shareHarness, startHarness, times } from './harness.ts';
import { assertRefused } from './merchant.ts';
import { download, filesIn, photo } from './uploads.ts';

const DAY = 86_400_000;
const clock = sharedClock();
const shared = shareHarness({ ...clock.options, environment: { SESSION_TTL: '2000000' } });

async function fetchMedia(mediaId: unknown, proxy = shared.proxy): Promise<Reply> {
  const authorization = `Bearer ${await proxy.session()}`;
  return proxy.page('POST', '/v1/images', { mediaId }, { authorization });
}

const downloads = () => shared.proxy.wechat.calls.filter(({ path }) => path.startsWith('/cgi-bin/media/get'));

describe('a picture at WeChat', () => {
  test('is fetched, and kept as an uploaded one is', async () => {
    const { proxy } = shared;
    const bytes = await photo({ width: 60, height: 40 });
    const mediaId = proxy.wechat.control.addMedia(bytes);

    const { status, json } = await fetchMedia(mediaId);

    assert.equal(status, 201);
    assert.deepEqual([json.type, json.width, json.height], ['image/jpeg', 60, 40]);
    const shown = await download(json.url);
    assert.equal(shown.status, 200);
    assert.equal((await sharp(shown.bytes).metadata()).width, 60);
    assert.equal((await fetchMedia(mediaId)).text, (await fetchMedia(mediaId)).text, 'the same again');
    proxy.wechat.control.expireMedia();
    assert.equal((await download(json.url)).status, 200, 'and stays when WeChat has none any more');
  });

  for (const type of ['application/json', 'text/plain', 'image/jpeg'] as const) {
    test(`that WeChat has none of is not found, though WeChat says so with status 200 as ${type}`, async () => {
      const { proxy } = shared;
      proxy.wechat.control.set({ mediaErrorType: type });

      const refused = await fetchMedia('X'.repeat(64));

      assertRefused(refused, 'media_not_found', 404);
      assert.equal(refused.json.upstream.code, '40007');
      assert.doesNotMatch(refused.text + proxy.log(), /access_token|XXXX/);
      proxy.wechat.control.reset();
    });
  }

  test('is gone after three days', async () => {
    const { proxy } = shared;
    const mediaId = proxy.wechat.control.addMedia(await photo());
    clock.advance(3 * DAY + 1_000);

    assertRefused(await fetchMedia(mediaId), 'media_not_found', 404);
  });

  test('that is a video is refused', async () => {
    const { proxy } = shared;
    const mediaId = proxy.wechat.control.addMedia(Buffer.from('a film'), { type: 'video' });

    assertRefused(await fetchMedia(mediaId), 'image_type_not_allowed', 415);
  });

  test('that is too large is refused', async (t) => {
    const proxy = await startHarness(t, { environment: { UPLOAD_MAX_BYTES: '2000' } });
    const mediaId = proxy.wechat.control.addMedia(await photo({ width: 200, height: 200 }));

    assertRefused(await fetchMedia(mediaId, proxy), 'image_too_large', 413);
    assert.deepEqual(filesIn(proxy), []);
  });

  for (const mediaId of [undefined, 1, '', 'a b', '../token', 'x&access_token=y', 'x'.repeat(513), ['x'], null]) {
    test(`of the id ${JSON.stringify(mediaId)?.slice(0, 30)} is not asked for`, async () => {
      const before = downloads().length;

      assertRefused(await fetchMedia(mediaId), 'invalid_request', 400);
      assert.equal(downloads().length, before);
    });
  }
});

describe('an access token that has died', () => {
  for (const code of [40001, 40014, 42001] as const) {
    test(`(${code}) is renewed once for pictures that are asked for at once`, async () => {
      const { proxy } = shared;
      const ids = await Promise.all(times(5, async () => proxy.wechat.control.addMedia(await photo())));
      await fetchMedia(ids[0]);
      proxy.wechat.control.killToken(code);
      const tokens = () => proxy.wechat.calls.filter(({ path }) => path === '/cgi-bin/stable_token').length;
      const before = tokens();

      const replies = await Promise.all(ids.map((mediaId) => fetchMedia(mediaId)));

      assert.deepEqual([...new Set(replies.map(({ status }) => status))], [201]);
      assert.ok(tokens() - before <= 2, 'one fetch, forced where WeChat insists on the dead one');
    });
  }
});

describe('WeChat', () => {
  test('that is busy is asked again', async () => {
    const { proxy } = shared;
    const mediaId = proxy.wechat.control.addMedia(await photo());
    proxy.wechat.control.fail({ path: '/cgi-bin/media/get', kind: 'status', count: 2 });

    assert.equal((await fetchMedia(mediaId)).status, 201);
  });

  test('that hangs up is told to the page, and no half picture stays', async () => {
    const { proxy } = shared;
    const mediaId = proxy.wechat.control.addMedia(await photo());
    const before = filesIn(proxy).length;

    proxy.wechat.control.fail({ path: '/cgi-bin/media/get', kind: 'disconnect' });
    assertRefused(await fetchMedia(mediaId), 'wechat_unavailable', 502);
    assert.equal(filesIn(proxy).length, before);
    assert.equal((await fetchMedia(mediaId)).status, 201);
  });

  test('whose answer breaks off in the middle has sent no picture', async (t) => {
    const bytes = await photo({ width: 300, height: 300 });
    // The stand-in never does that: another server that says how long the picture is, and sends a half.
    const server = createServer((request, response) => {
      if (request.url!.startsWith('/cgi-bin/media/get')) {
        response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': bytes.length });
        response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
      } else response.end(JSON.stringify({ access_token: 'token', expires_in: 7200 }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const WECHAT_API_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = await startHarness(t, { environment: { WECHAT_API_URL } });

    assertRefused(await fetchMedia('M'.repeat(64), proxy), 'wechat_unavailable', 502);
    assert.deepEqual(filesIn(proxy), []);
  });
});
