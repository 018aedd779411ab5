/** Codes with a scene: made for the merchant, shown to anyone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import jsqr from 'jsqr';
import sharp from 'sharp';
import { QrCode } from '../../proxy/api.ts';
import { API_KEY, eventually, type Harness, sharedClock, shareHarness, startHarness, times } from './harness.ts';
import { assertRefused } from './merchant.ts';

const CREATE = '/cgi-bin/qrcode/create';
const SHOW = '/cgi-bin/showqrcode';
const TICKET = 'gQFB8TwAAAAAAAAAAS5odHRwOi8vd2VpeGluLnFxLmNvbS9xLzAy+/==';

const create = (proxy: Harness, body: unknown) => proxy.merchant('POST', '/v1/qrcodes', body);
const imagePath = (ticket: string) => `/v1/qrcodes/image?ticket=${encodeURIComponent(ticket)}`;
const callsTo = (proxy: Harness, path: string) => proxy.wechat.calls.filter((call) => call.path.startsWith(path));

/** What a picture of a QR code says. */
async function read(bytes: ArrayBuffer): Promise<string | undefined> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return jsqr.default(new Uint8ClampedArray(data), info.width, info.height)?.data;
}

/** A proxy whose mp.weixin.qq.com answers as the test pleases. */
async function withMp(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const WECHAT_MP_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { proxy: await startHarness(t, { environment: { WECHAT_MP_URL } }), url: WECHAT_MP_URL, asked };
}

describe('a code', () => {
  const shared = shareHarness();

  for (const [what, scene, expiresIn, body] of [
    [
      'temporary, by number',
      4_294_967_295,
      2_592_000,
      {
        expire_seconds: 2_592_000,
        action_name: 'QR_SCENE',
        action_info: { scene: { scene_id: 4_294_967_295 } },
      },
    ],
    [
      'temporary, by text',
      '茶'.repeat(64),
      60,
      { expire_seconds: 60, action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: '茶'.repeat(64) } } },
    ],
    [
      'permanent, by number',
      100_000,
      undefined,
      { action_name: 'QR_LIMIT_SCENE', action_info: { scene: { scene_id: 100_000 } } },
    ],
    [
      'permanent, by text',
      'window',
      undefined,
      { action_name: 'QR_LIMIT_STR_SCENE', action_info: { scene: { scene_str: 'window' } } },
    ],
  ] as const) {
    test(`is made: ${what}`, async () => {
      const { proxy } = shared;
      const before = Date.now();

      const { status, json } = await create(proxy, { scene, expiresIn });

      assert.equal(status, 201, JSON.stringify(json));
      assert.deepEqual(QrCode.strict().parse(json), json);
      assert.deepEqual(JSON.parse(callsTo(proxy, CREATE).at(-1)!.requestBody), body);
      assert.match(json.url, /^http:\/\/weixin\.qq\.com\/q\//);
      assert.equal(json.imageUrl, `${proxy.wechat.url}${SHOW}?ticket=${encodeURIComponent(json.ticket)}`);
      if (expiresIn === undefined) return assert.ok(!('expiresAt' in json));
      const late = Date.parse(json.expiresAt) - before - expiresIn * 1_000;
      assert.ok(late >= 0 && late < 5_000, String(late));
    });
  }

  test('of a number is another than that of text that looks like it', async () => {
    const [number, text] = [await create(shared.proxy, { scene: 42 }), await create(shared.proxy, { scene: '42' })];

    assert.notEqual(number.json.url, text.json.url);
    assert.deepEqual(
      (await create(shared.proxy, { scene: 42 })).json,
      number.json,
      'permanent ones are the same again',
    );
  });

  test('is what both of its pictures say: WeChat’s own, and that through the proxy', async () => {
    const { proxy } = shared;
    const { json } = await create(proxy, { scene: 'table-3', expiresIn: 3_600 });
    assert.match(json.ticket, /[+/]/, 'it has something to encode');

    const own = await fetch(json.imageUrl);
    const through = await fetch(proxy.url + imagePath(json.ticket));

    const bytes = await through.arrayBuffer();
    assert.equal(await read(bytes), json.url);
    assert.deepEqual(Buffer.from(await own.arrayBuffer()), Buffer.from(bytes));
  });

  for (const [field, body, remedy] of [
    ['scene', {}, /^is an integer from 1 to 4294967295 .* or text of 1 to 64 characters/],
    ['scene', { scene: null }, /1 to 64 characters/],
    ['scene', { scene: 0 }, /from 1 to 4294967295/],
    ['scene', { scene: -1, expiresIn: 60 }, /from 1 to 4294967295/],
    ['scene', { scene: 2 ** 32, expiresIn: 60 }, /from 1 to 4294967295/],
    ['scene', { scene: 1.5, expiresIn: 60 }, /1 to 64 characters/],
    ['scene', { scene: 100_001 }, /from 1 to 100000 where the code is permanent: give text, or expiresIn/],
    ['scene', { scene: '' }, /1 to 64 characters/],
    ['scene', { scene: 'a'.repeat(65) }, /1 to 64 characters/],
    ['scene', { scene: 'a'.repeat(65), expiresIn: 60 }, /1 to 64 characters/],
    ['scene', { scene: 'a\0b' }, /without NUL/],
    ['scene', { scene: ['a'] }, /1 to 64 characters/],
    ['expiresIn', { scene: 1, expiresIn: 0 }, /from 1 to 2592000 .* leave it out/],
    ['expiresIn', { scene: 1, expiresIn: 2_592_001 }, /from 1 to 2592000/],
    ['expiresIn', { scene: 1, expiresIn: 1.5 }, /whole seconds/],
    ['expiresIn', { scene: 1, expiresIn: '60' }, /whole seconds/],
    ['expiresIn', { scene: 1, expiresIn: null }, /whole seconds/],
    ['name', { scene: 1, name: 'x' }, /is not a field/],
  ] as const) {
    test(`is refused here, with the reason, for ${JSON.stringify(body).slice(0, 60)}`, async () => {
      const { proxy } = shared;
      const before = proxy.wechat.calls.length;

      const reply = await create(proxy, body);

      assertRefused(reply, 'invalid_request', 400);
      assert.match(reply.json.detail, new RegExp(`: ${field}\\.$`));
      const errors: { field: string; message: string }[] = reply.json.errors;
      for (const error of errors) assert.equal(error.field, field);
      assert.match(errors.map(({ message }) => message).join(), remedy);
      assert.equal(proxy.wechat.calls.length, before, 'WeChat was not asked');
    });
  }

  test('is the merchant’s alone to make', async () => {
    const { proxy } = shared;
    const before = callsTo(proxy, CREATE).length;
    const authorization = `Bearer ${await proxy.session()}`;

    assertRefused(await proxy.page('POST', '/v1/qrcodes', { scene: 1 }), 'unauthorized', 401);
    assertRefused(await proxy.page('POST', '/v1/qrcodes', { scene: 1 }, { authorization }), 'unauthorized', 401);
    assert.equal(callsTo(proxy, CREATE).length, before);
  });

  for (const code of [40001, 40014, 42001] as const) {
    test(`is asked for once more where the token is stale (${code})`, async () => {
      const { proxy } = shared;
      await create(proxy, { scene: 1 });
      proxy.wechat.control.killToken(code);
      const before = callsTo(proxy, CREATE).length;

      const { status } = await create(proxy, { scene: 1 });

      assert.equal(status, 201);
      assert.deepEqual(
        callsTo(proxy, CREATE)
          .slice(before)
          .map((call) => call.code),
        [String(code), undefined],
      );
    });
  }

  test('that WeChat refuses is told with WeChat’s reason, without the token', async (t) => {
    const { proxy } = shared;
    t.after(() => proxy.wechat.control.reset());
    proxy.wechat.control.set({ permanentCodes: 0 });

    const reply = await create(proxy, { scene: 'one too many' });

    assertRefused(reply, 'wechat_refused', 502);
    assert.equal(reply.json.upstream.code, '45029');
    assert.match(reply.json.upstream.message, /^qrcode count out of limit/);
    const { token } = (await proxy.merchant('GET', '/v1/access-token')).json;
    assert.ok(!proxy.log().includes(token) && !reply.text.includes(token) && !reply.text.includes(API_KEY));
  });

  test('is waited for where WeChat is busy, and told where it does not answer', async (t) => {
    const answers = [
      '{"errcode":-1,"errmsg":"system error"}',
      `{"ticket":"${TICKET}","url":"http://weixin.qq.com/q/a"}`,
      '{}',
    ];
    const server = createServer((request, response) => {
      const isToken = request.url!.startsWith('/cgi-bin/stable_token');
      response.end(isToken ? '{"access_token":"token","expires_in":7200}' : answers.shift());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const WECHAT_API_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = await startHarness(t, { environment: { WECHAT_API_URL } });

    const made = await create(proxy, { scene: 'a', expiresIn: 60 });

    assert.deepEqual([made.status, made.json.ticket], [201, TICKET]);
    assert.ok(made.json.expiresAt, 'by what was asked for, where WeChat does not say');
    assertRefused(await create(proxy, { scene: 'a' }), 'wechat_unavailable', 502);
  });
});

describe('the picture through the proxy', () => {
  const shared = shareHarness();

  test('may be kept and shown by any page, and is nothing but a picture', async () => {
    const { proxy } = shared;
    const { ticket } = (await create(proxy, { scene: 'poster' })).json;

    const { status, headers } = await fetch(proxy.url + imagePath(ticket), {
      headers: { origin: 'https://a.example' },
    });

    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'image/jpeg');
    assert.equal(headers.get('cache-control'), 'public, max-age=86400');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin');
    assert.match(headers.get('content-security-policy')!, /default-src 'none'.*sandbox/);
  });

  test('of an unknown ticket is not there, and its absence is not kept', async () => {
    const reply = await shared.proxy.page('GET', imagePath(TICKET));

    assertRefused(reply, 'qrcode_not_found', 404);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
  });

  test('is gone when the code has come to its end', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    const { ticket } = (await create(proxy, { scene: 1, expiresIn: 600 })).json;
    assert.equal((await proxy.page('GET', imagePath(ticket))).status, 200);

    clock.advance(601_000);

    assertRefused(await proxy.page('GET', imagePath(ticket)), 'qrcode_not_found', 404);
  });

  for (const query of [
    '',
    '?ticket=',
    '?ticket=short',
    `?ticket=${'a'.repeat(513)}`,
    `?ticket=${'a'.repeat(20)}%26x=1`,
    `?ticket=${'a'.repeat(20)}%23`,
    `?ticket=${'a'.repeat(20)}%0d%0a`,
    `?ticket=..%2f..%2f${'a'.repeat(20)}`,
    `?ticket=https:%2f%2fa.example%2f${'a'.repeat(20)}`,
    `?ticket=${'a'.repeat(20)}&ticket=${'b'.repeat(20)}`,
    `?ticket[]=${'a'.repeat(20)}`,
  ]) {
    test(`is not asked for by ${query.slice(0, 50) || 'nothing'}`, async () => {
      const { proxy } = shared;
      const before = proxy.wechat.calls.length;

      const reply = await proxy.page('GET', `/v1/qrcodes/image${query}`);

      assertRefused(reply, 'invalid_request', 400);
      assert.match(reply.json.detail, /ticket/);
      assert.equal(proxy.wechat.calls.length, before);
    });
  }

  for (const [what, status, headers, body] of [
    ['a page', 200, { 'content-type': 'image/jpeg' }, '<html><script>alert(1)</script></html>'],
    ['SVG', 200, { 'content-type': 'image/svg+xml' }, '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['nothing', 200, { 'content-type': 'image/jpeg' }, ''],
    ['another address', 302, { location: 'http://127.0.0.1:1/inside' }, ''],
    ['an error', 500, {}, 'oops'],
    ['too much', 200, { 'content-type': 'image/png' }, Buffer.alloc(1_048_577, '\x89PNG\r\n\x1a\n', 'latin1')],
  ] as const) {
    test(`is refused where ${what} comes instead`, async (t) => {
      const { proxy, asked } = await withMp(t, (_, response) => response.writeHead(status, headers).end(body));

      const reply = await proxy.page('GET', imagePath(TICKET));

      assertRefused(reply, 'wechat_unavailable', 502);
      assert.deepEqual(asked, [`${SHOW}?ticket=${encodeURIComponent(TICKET)}`]);
    });
  }

  test('is a PNG where its bytes are, whatever it is called', async (t) => {
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const { proxy, url } = await withMp(t, (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'a=b' }).end(png),
    );

    const shown = await fetch(proxy.url + imagePath(TICKET));

    assert.equal(shown.headers.get('content-type'), 'image/png');
    assert.equal(shown.headers.get('set-cookie'), null);
    assert.deepEqual(Buffer.from(await shown.arrayBuffer()), png);
    const { json } = await create(proxy, { scene: 1 });
    assert.ok(json.imageUrl.startsWith(`${url}${SHOW}?ticket=`));
  });

  test('is got once for all who ask at once, and of so many codes at once and no more', async (t) => {
    const waiting: ServerResponse[] = [];
    const { proxy, asked } = await withMp(t, (_, response) => waiting.push(response));
    const ticket = (index: number) => `${'a'.repeat(20)}${index}`;

    const alike = times(20, () => proxy.page('GET', imagePath(ticket(0))));
    const others = times(31, (index) => proxy.page('GET', imagePath(ticket(index + 1))));
    await eventually(() => asked.length === 32, 'all are asked for');
    const refused = await proxy.page('GET', imagePath(ticket(32)));
    for (const response of waiting) response.end(Buffer.from('ffd8ffe000104a464946', 'hex'));

    assertRefused(refused, 'rate_limited', 429);
    assert.equal(refused.headers.get('retry-after'), '1');
    for (const { status } of await Promise.all([...alike, ...others])) assert.equal(status, 200);
    assert.equal(new Set(asked).size, asked.length);
  });
});
