import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import type { z } from 'zod';
import * as api from '../../proxy/api.ts';
import { ERRORS } from '../../proxy/errors.ts';
import { createApp } from '../../proxy/http/app.ts';
import { createAuthenticate } from '../../proxy/http/authentication.ts';
import { widgetRoutes } from '../../proxy/http/widgets.ts';
import { createMetrics } from '../../proxy/metrics.ts';
import { Sessions } from '../../proxy/sessions.ts';
import {
  API_KEY,
  eventually,
  type Harness,
  type Reply,
  SESSION_SECRET,
  SHOP,
  startHarness,
  startReceiver,
  WEBHOOK_SECRET,
} from './harness.ts';

const ORDER = { outTradeNo: 'T-order-1', description: 'Tea', amount: { total: 3980, currency: 'CNY' } };
const UNKNOWN = `ord_${'0'.repeat(32)}`;
const MERCHANT = { authorization: `Bearer ${API_KEY}` };
const MEGABYTE = 1024 * 1024;

interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Without `content-length`. */
  chunked?: boolean;
}

/** Sends exactly this: `fetch` would put things right. */
async function send(
  proxy: { url: string },
  { method = 'GET', path, headers = {}, body, chunked }: Sent,
): Promise<Reply> {
  const length = body === undefined || chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const request = httpRequest(new URL(proxy.url), { method, path, headers: { ...length, ...headers }, agent: false });
  // The proxy may answer, and hang up, before a large body has gone out.
  request.on('error', () => {});
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const answered = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  const isJson = /json/.test(answered.get('content-type') ?? '') && text !== '';
  return { status: response.statusCode!, headers: answered, text, json: isJson ? JSON.parse(text) : undefined };
}

/** The bytes of the answer to these bytes. */
async function sendRaw(proxy: { url: string }, text: string): Promise<string> {
  const { port } = new URL(proxy.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(text);
  return readAll(socket);
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('error', () => {});
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A refusal in the form that all refusals have. */
function assertProblem(reply: Reply, code: keyof typeof ERRORS, about = ''): void {
  const [status, title, remedy] = ERRORS[code];
  assert.equal(reply.json?.code, code, `${about} ${reply.text}`);
  assert.equal(reply.status, status, about);
  assert.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.equal(reply.headers.get('cache-control'), 'no-store');
  assert.deepEqual(api.Problem.parse(reply.json), reply.json, 'nothing beyond the documented members');
  assert.deepEqual(
    { status: reply.json.status, title: reply.json.title, remedy: reply.json.remedy },
    { status, title, remedy },
  );
  assert.equal(reply.json.requestId, reply.headers.get('x-request-id'));
  assert.match(reply.json.requestId, /^[0-9a-f-]{36}$/);
}

describe('what a stranger or a mistake can send', () => {
  let proxy: Harness;
  let order: Reply['json'];
  let session: string;
  let finish: () => Promise<void>;

  before(async () => {
    const cleaning: (() => unknown)[] = [];
    proxy = await startHarness(
      { after: (work) => cleaning.push(work) },
      {
        environment: { DOMAIN_VERIFICATION: 'MP_verify_abc123.txt=abc123' },
      },
    );
    finish = async () => {
      for (const work of cleaning) await work();
    };
    order = await proxy.order({ openid: proxy.wechat.control.users[0]!.openid });
    session = await proxy.session();
  });
  after(async () => {
    const { data } = (await proxy.merchant('GET', '/v1/orders')).json;
    const unchanged = await proxy.merchant('GET', `/v1/orders/${order.id}`);
    const calls = proxy.wechat.calls.map(({ path }) => path);
    await finish();
    assert.deepEqual(data, [order], 'nothing was created or changed');
    assert.deepEqual(unchanged.json, order);
    assert.deepEqual(calls, [], 'WeChat was not asked for anything');
  });

  const create = (fields: Omit<Sent, 'path'>) =>
    send(proxy, {
      method: 'POST',
      path: '/v1/orders',
      ...fields,
      headers: { ...MERCHANT, 'content-type': 'application/json', ...fields.headers },
    });

  const BODIES: Record<string, [keyof typeof ERRORS, Omit<Sent, 'path'>]> = {
    'is empty': ['malformed_json', { body: '' }],
    'is missing': ['malformed_json', {}],
    'is cut off': ['malformed_json', { body: JSON.stringify(ORDER).slice(0, -1) }],
    'is followed by something': ['malformed_json', { body: `${JSON.stringify(ORDER)}{}` }],
    'is not UTF-8': [
      'malformed_json',
      { body: Buffer.from(JSON.stringify({ ...ORDER, description: 'caf\xe9' }), 'latin1') },
    ],
    'is UTF-16': ['malformed_json', { body: Buffer.from(JSON.stringify(ORDER), 'utf16le') }],
    'is a list': ['invalid_request', { body: JSON.stringify([ORDER]) }],
    'is null': ['invalid_request', { body: 'null' }],
    'is a text': ['invalid_request', { body: '"order"' }],
    'is an empty object': ['invalid_request', { body: '{}' }],
    'is nested endlessly': ['invalid_request', { body: `${'['.repeat(60_000)}${']'.repeat(60_000)}` }],
    'has a megabyte': ['body_too_large', { body: JSON.stringify({ ...ORDER, attach: 'a'.repeat(MEGABYTE) }) }],
    'has a megabyte and does not say so': [
      'body_too_large',
      { body: JSON.stringify({ ...ORDER, attach: 'a'.repeat(MEGABYTE) }), chunked: true },
    ],
    'is announced as text': [
      'unsupported_media_type',
      { body: JSON.stringify(ORDER), headers: { 'content-type': 'text/plain' } },
    ],
    'is announced as a form': [
      'unsupported_media_type',
      { body: 'outTradeNo=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    'is announced as a relative of JSON': [
      'unsupported_media_type',
      { body: JSON.stringify(ORDER), headers: { 'content-type': 'application/json-patch+json' } },
    ],
    'is not announced': ['unsupported_media_type', { body: JSON.stringify(ORDER), headers: { 'content-type': '' } }],
    'is compressed': [
      'unsupported_media_type',
      { body: gzipSync(JSON.stringify(ORDER)), headers: { 'content-encoding': 'gzip' } },
    ],
    'is a compressed bomb': [
      'unsupported_media_type',
      { body: gzipSync(Buffer.alloc(10 * MEGABYTE, ' ')), headers: { 'content-encoding': 'gzip' } },
    ],
  };
  for (const [what, [code, sent]] of Object.entries(BODIES)) {
    test(`a body that ${what}: ${code}`, async () => {
      assertProblem(await create(sent), code);
    });
  }

  for (const [field, body] of Object.entries({
    extra: `{"extra":1,${JSON.stringify(ORDER).slice(1)}`,
    status: JSON.stringify({ ...ORDER, status: 'paid' }),
    id: JSON.stringify({ ...ORDER, id: UNKNOWN }),
    'amount.extra': JSON.stringify({ ...ORDER, amount: { total: 1, extra: 1 } }),
    'items.0.extra': JSON.stringify({ ...ORDER, items: [{ name: 'Tea', quantity: 1, unitPrice: 1, extra: 1 }] }),
    __proto__: `{"__proto__":{"total":1},${JSON.stringify(ORDER).slice(1)}`,
    'amount.__proto__': JSON.stringify(ORDER).replace('"total"', '"__proto__":{"total":1},"total"'),
    constructor: `{"constructor":{"prototype":{"polluted":1}},${JSON.stringify(ORDER).slice(1)}`,
    prototype: JSON.stringify({ ...ORDER, prototype: {} }),
    toString: JSON.stringify({ ...ORDER, toString: 'x' }),
  })) {
    test(`a body with the unknown field ${field} is refused by its name`, async () => {
      const reply = await create({ body });

      assertProblem(reply, 'invalid_request');
      assert.deepEqual(
        reply.json.errors.map((error: { field: string }) => error.field),
        [field],
      );
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });
  }

  test('an order cannot come from the prototype of its body', async () => {
    assertProblem(await create({ body: `{"__proto__":${JSON.stringify(ORDER)}}` }), 'invalid_request');
  });

  test('a refusal does not repeat what was sent', async () => {
    const reply = await create({ body: JSON.stringify({ ...ORDER, openid: '<planted openid>', attach: 1 }) });

    assertProblem(reply, 'invalid_request');
    assert.deepEqual(
      reply.json.errors.map(({ field }: { field: string }) => field),
      ['openid', 'attach'],
    );
    assert.doesNotMatch(reply.text, /planted/);
  });

  test('who pays, how much, is nothing that a page can say', async () => {
    const headers = { authorization: `Bearer ${session}` };
    for (const field of ['amount', 'total', 'openid', 'description', 'outTradeNo', 'expiresAt']) {
      const reply = await proxy.page(
        'POST',
        `/v1/orders/${order.id}/payments`,
        { channel: 'jsapi', [field]: { total: 1 } },
        headers,
      );

      assertProblem(reply, 'invalid_request', field);
      assert.deepEqual(
        reply.json.errors.map((error: { field: string }) => error.field),
        [field],
      );
    }
  });

  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    API_KEY,
    `Basic ${Buffer.from(`merchant:${API_KEY}`).toString('base64')}`,
    `Bearer ${API_KEY.slice(0, -1)}`,
    `Bearer ${API_KEY}x`,
    `Bearer ${API_KEY.toUpperCase()}`,
    `Bearer ${API_KEY} ${API_KEY}`,
    `Bearer ${API_KEY},${API_KEY}`,
    `Token ${API_KEY}`,
    'Bearer undefined',
  ]) {
    test(`a merchant's route is closed to ${authorization?.replace(API_KEY, '<key>') ?? 'nobody'}`, async () => {
      const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
      for (const [method, path] of [
        ['GET', '/v1/orders'],
        ['POST', '/v1/orders'],
        ['POST', `/v1/orders/${order.id}/close`],
        ['GET', '/v1/events'],
        ['POST', `/v1/events/evt_${'0'.repeat(32)}/redeliver`],
        ['GET', '/metrics'],
      ] as const) {
        const reply = await send(proxy, {
          method,
          path,
          headers,
          ...(method === 'POST' && { body: JSON.stringify(ORDER) }),
        });

        assertProblem(reply, 'unauthorized', path);
        assert.equal(reply.headers.get('www-authenticate'), 'Bearer');
      }
    });
  }

  test('a stranger’s body is not looked at', async () => {
    const sent = { method: 'POST', path: '/v1/orders', headers: { 'content-type': 'text/plain' } };

    assertProblem(await send(proxy, { ...sent, body: '{' }), 'unauthorized');
    assertProblem(await send(proxy, { ...sent, body: 'a'.repeat(MEGABYTE) }), 'unauthorized');
  });

  test('who needs no credentials is not asked for good ones', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/MP_verify_abc123.txt']) {
      assert.equal(
        (await send(proxy, { path, headers: { authorization: 'Basic cHJvYmU6cHJvYmU=' } })).status,
        200,
        path,
      );
    }
  });

  test('a page with a wrong session is told so, even where it needs none', async () => {
    for (const authorization of [`Bearer ${session}x`, 'Bearer x', 'Basic eDp4', 'Bearer ']) {
      assertProblem(await proxy.page('GET', `/v1/orders/${order.id}`, undefined, { authorization }), 'session_invalid');
    }
  });

  for (const [method, path] of [
    ['GET', `/v1/orders/${UNKNOWN}`],
    ['GET', '/v1/orders/ord_'],
    ['GET', '/v1/orders/%E0%A4%A'],
    ['GET', '/v1/orders/__proto__'],
    ['POST', `/v1/orders/${UNKNOWN}/payments`],
    ['POST', `/v1/orders/${UNKNOWN}/close`],
  ] as const) {
    test(`${method} ${path} finds no order`, async () => {
      const merchants = path.endsWith('/close');
      const headers: Record<string, string> = merchants
        ? MERCHANT
        : { origin: SHOP, authorization: `Bearer ${session}` };
      const body = method === 'POST' ? { body: '{"channel":"jsapi"}' } : {};

      assertProblem(
        await send(proxy, { method, path, headers: { 'content-type': 'application/json', ...headers }, ...body }),
        'order_not_found',
      );
    });
  }

  for (const path of [
    '/',
    '/v1',
    '/v1/',
    '/v1/orders/',
    '/V1/orders',
    '//v1/orders',
    '/v1/order',
    `/v1/orders/${UNKNOWN}/refund`,
    '/v2/orders',
    '/__proto__',
    '/MP_verify_other.txt',
    '/MP_verify_.txt',
    '/MP_verify_abc123.txt/',
    '/abc123.txt',
    '/favicon.ico',
    '/../proxy/config.ts',
    '/%2e%2e/proxy/config.ts',
    '/widgets/..%2f..%2fpackage.json',
  ]) {
    test(`there is nothing at ${path}`, async () => {
      const reply = await send(proxy, { path, headers: MERCHANT });

      if (path.startsWith('/widgets/') && reply.status === 503) assertProblem(reply, 'widgets_not_built');
      else assertProblem(reply, 'not_found');
    });
  }

  for (const [method, path, allow] of [
    ['DELETE', '/v1/orders', 'GET, HEAD, POST'],
    ['PUT', `/v1/orders/${UNKNOWN}`, 'GET, HEAD'],
    ['GET', `/v1/orders/${UNKNOWN}/payments`, 'POST'],
    ['GET', '/v1/sessions', 'POST'],
    ['GET', '/wechat/pay/v3/notify', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['PATCH', '/openapi.json', 'GET, HEAD'],
    ['TRACE', '/metrics', 'GET, HEAD'],
    ['OPTIONS', '/v1/orders', 'GET, HEAD, POST'],
  ] as const) {
    test(`${method} ${path} names the methods that there are`, async () => {
      const reply = await send(proxy, { method, path, headers: MERCHANT });

      assertProblem(reply, 'method_not_allowed');
      assert.equal(reply.headers.get('allow')?.split(', ').sort().join(', '), allow);
    });
  }

  test('HEAD answers as GET does, without the body', async () => {
    const reply = await send(proxy, { method: 'HEAD', path: '/healthz' });

    assert.equal(reply.status, 200);
    assert.equal(reply.text, '');
    assert.ok(reply.headers.get('x-request-id'));
  });

  for (const path of [
    '/v1/orders?status=paid&status=created',
    '/v1/orders?status=unknown',
    '/v1/orders?limit=1000',
    '/v1/orders?__proto__=1',
    '/v1/orders?cursor=x',
    '/v1/orders?outTradeNo=',
    `/v1/orders?cursor=${Buffer.from('1:a;drop').toString('base64url')}`,
    `/v1/orders?cursor=${'a'.repeat(1_000)}`,
    '/v1/events?type=order.paid&type=order.closed',
    '/v1/events?type=order.unknown',
    '/v1/jssdk/config',
    '/v1/jssdk/config?url=https://shop.example.com/&url=https://shop.example.com/',
    '/v1/jssdk/config?url=shop',
    '/v1/jssdk/config?url=javascript:alert(1)',
    `/v1/jssdk/config?url=https://shop.example.com/${'a'.repeat(5_000)}`,
    '/v1/oauth/authorize',
    '/v1/oauth/authorize?return_to=https://shop.example.com/',
    '/v1/oauth/callback?state=a&state=b',
  ]) {
    test(`the query of ${path.slice(0, 80)} is refused`, async () => {
      assertProblem(
        await send(proxy, { path, headers: path.startsWith('/v1/jssdk') ? {} : MERCHANT }),
        'invalid_request',
      );
    });
  }

  test('an empty cursor asks for the first page', async () => {
    assert.deepEqual(
      (await proxy.merchant('GET', '/v1/orders?cursor=')).json,
      (await proxy.merchant('GET', '/v1/orders')).json,
    );
  });

  const FOREIGN = [
    'https://evil.example.com',
    'http://shop.example.com',
    'https://shop.example.com:444',
    'https://shop.example.com:443',
    'https://shop.example.com.evil.com',
    'https://evilshop.example.com',
    'https://SHOP.example.com',
    'https://shop.example.com/',
    'https://shop.example.com.',
    `${SHOP}, https://evil.example.com`,
    'null',
    '*',
  ];
  for (const origin of FOREIGN) {
    test(`a page of ${origin} may not call`, async () => {
      const authorization = `Bearer ${session}`;
      for (const sent of [
        { path: `/v1/orders/${order.id}` },
        { path: '/v1/jssdk/config?url=https://shop.example.com/' },
        { path: `/v1/orders/${order.id}/payments`, method: 'POST', body: '{"channel":"jsapi"}' },
        { path: '/v1/sessions', method: 'POST', body: JSON.stringify({ code: 'a', verifier: 'v'.repeat(43) }) },
      ]) {
        const headers = { origin, ...('body' in sent && { 'content-type': 'application/json', authorization }) };
        const reply = await send(proxy, { ...sent, headers });

        assertProblem(reply, 'origin_not_allowed', sent.path);
        assert.equal(reply.headers.get('access-control-allow-origin'), null);
      }
    });

    test(`a page of ${origin} gets no leave by a preflight`, async () => {
      const headers = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      };
      const reply = await send(proxy, { method: 'OPTIONS', path: `/v1/orders/${order.id}/payments`, headers });

      assertProblem(reply, 'origin_not_allowed');
      for (const name of reply.headers.keys()) assert.doesNotMatch(name, /^access-control-allow/);
    });
  }

  test('a page of an allowed origin gets exactly the leave that it needs', async () => {
    const headers = {
      origin: SHOP,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    };
    const preflight = await send(proxy, { method: 'OPTIONS', path: `/v1/orders/${order.id}/payments`, headers });

    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), SHOP);
    assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET,POST,DELETE');
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization,content-type');
    assert.equal(preflight.headers.get('access-control-allow-credentials'), null);
    assert.match(preflight.headers.get('vary') ?? '', /Origin/);
    assert.ok(preflight.headers.get('x-request-id'));

    const read = await proxy.page('GET', `/v1/orders/${order.id}`);
    assert.equal(read.headers.get('access-control-allow-origin'), SHOP);
    assert.match(read.headers.get('access-control-expose-headers') ?? '', /x-request-id/);
    assert.match(read.headers.get('vary') ?? '', /Origin/);
    const refused = await proxy.page('GET', `/v1/orders/${UNKNOWN}`);
    assert.equal(refused.status, 404);
    assert.equal(refused.headers.get('access-control-allow-origin'), SHOP, 'the page can read why it was refused');
  });

  test('OPTIONS without the marks of a preflight is a method like another', async () => {
    const reply = await send(proxy, { method: 'OPTIONS', path: '/v1/sessions', headers: { origin: SHOP } });

    assertProblem(reply, 'method_not_allowed');
  });

  test('an answer to nobody’s page still varies with the origin', async () => {
    const reply = await send(proxy, { path: `/v1/orders/${order.id}` });

    assert.equal(reply.headers.get('access-control-allow-origin'), null);
    assert.match(reply.headers.get('vary') ?? '', /Origin/);
  });

  test('no cookie is ever set', async () => {
    for (const path of [`/v1/orders/${order.id}`, '/healthz', '/v1/none']) {
      assert.equal((await proxy.page('GET', path)).headers.get('set-cookie'), null);
    }
  });

  test('headers that are too large are refused, with an id and in the usual form', async () => {
    const answer = await sendRaw(proxy, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`);

    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.match(answer, /\r\nx-request-id: [0-9a-f-]{36}\r\n/i);
    const problem = api.Problem.parse(JSON.parse(answer.split('\r\n\r\n')[1]!));
    assert.equal(problem.code, 'headers_too_large');
    assert.equal(problem.status, 431);
  });

  test('what is not HTTP is refused, with an id and in the usual form', async () => {
    for (const text of [
      'nonsense\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ]) {
      const answer = await sendRaw(proxy, text);

      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.match(answer, /\r\nx-request-id: [0-9a-f-]{36}\r\n/i);
      assert.equal(api.Problem.parse(JSON.parse(answer.split('\r\n\r\n')[1]!)).code, 'malformed_http');
    }
  });

  test('what Node would answer by itself is answered as everything is', async () => {
    for (const text of [
      'GET /v1/none HTTP/1.1\r\nConnection: close\r\n\r\n',
      'GET /v1/none HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
    ]) {
      const answer = await sendRaw(proxy, text);

      assert.match(answer, /^HTTP\/1\.1 404 /);
      assert.match(answer, /\r\nx-request-id: [0-9a-f-]{36}\r\n/i);
    }
  });

  test('every answer has an id of its own', async () => {
    const replies = await Promise.all([
      proxy.page('GET', '/healthz'),
      proxy.page('GET', '/healthz', undefined, { 'x-request-id': 'mine' }),
      proxy.page('GET', '/v1/none'),
      proxy.page('DELETE', '/v1/orders'),
      proxy.page('GET', '/v1/orders'),
      proxy.page('GET', '/widgets.js'),
      proxy.merchant('GET', '/v1/orders'),
      create({ body: 'a'.repeat(MEGABYTE) }),
      create({ body: '{' }),
      send(proxy, { method: 'POST', path: '/wechat/pay/v3/notify', body: '{}' }),
      send(proxy, { method: 'POST', path: '/wechat/pay/v3/notify', body: 'a'.repeat(MEGABYTE) }),
      send(proxy, { path: `/v1/oauth/authorize?return_to=${SHOP}/&challenge=${'a'.repeat(43)}` }),
    ]);

    const ids = replies.map(({ headers }) => headers.get('x-request-id'));
    for (const id of ids) assert.match(id ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(new Set(ids).size, replies.length);
    assert.equal(replies.at(-1)!.status, 302);
  });

  test('an answer can be found in the log by its id, and the log names the route, not the address', async () => {
    const { headers } = await proxy.page('GET', `/v1/orders/${UNKNOWN}?token=planted`);

    const line = await eventually(
      () =>
        proxy
          .log()
          .split('\n')
          .find((text) => text.includes(headers.get('x-request-id')!)),
      'a line in the log',
    );
    const { route, status, code } = JSON.parse(line);
    assert.deepEqual({ route, status, code }, { route: '/v1/orders/:id', status: 404, code: 'order_not_found' });
    assert.doesNotMatch(proxy.log(), /planted|ord_0000/);
  });

  test('the file that proves the domain is there for WeChat to fetch', async () => {
    const reply = await send(proxy, { path: '/MP_verify_abc123.txt' });

    assert.equal(reply.status, 200);
    assert.equal(reply.text, 'abc123');
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/);
  });

  test('metrics are the merchant’s, and their labels name neither payers nor orders', async () => {
    await proxy.page('GET', `/v1/orders/${order.id}`);
    await proxy.page('GET', `/v1/orders/${UNKNOWN}`);
    await proxy.page('GET', '/planted-path');

    const { status, text, headers } = await proxy.merchant('GET', '/metrics');

    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
    assert.match(
      text,
      /weixin_http_request_seconds_count\{method="GET",route="\/v1\/orders\/:id",status="200"\} [1-9]/,
    );
    assert.match(text, /route="none",status="404"/);
    for (const name of [
      order.id,
      UNKNOWN,
      order.outTradeNo,
      proxy.wechat.control.users[0]!.openid,
      'planted',
      API_KEY,
    ]) {
      assert.ok(!text.includes(name), name);
    }
  });
});

test('nothing secret gets into the log, whatever happens', async (t) => {
  const receiver = await startReceiver(t, (count) => (count === 1 ? 500 : 200));
  const proxy = await startHarness(t, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET } });
  const { control, environment } = proxy.wechat;
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');

  const authorize = await proxy.page(
    'GET',
    `/v1/oauth/authorize?return_to=${encodeURIComponent(`${SHOP}/pay?secret=planted`)}&challenge=${challenge}`,
  );
  const consent = await fetch(authorize.headers.get('location')!, { redirect: 'manual' });
  const callback = new URL(consent.headers.get('location')!);
  const back = await fetch(callback, { redirect: 'manual' });
  const wxCode = new URL(back.headers.get('location')!).hash.slice('#wx_code='.length);
  assert.ok(wxCode);
  const session = await proxy.page('POST', '/v1/sessions', { code: wxCode, verifier });
  assert.equal(session.status, 200);
  const second = await proxy.page('POST', '/v1/sessions', { code: wxCode, verifier });
  assert.equal(second.status, 400);
  const headers = { authorization: `Bearer ${session.json.token}` };
  const order = await proxy.order({ attach: 'planted' });
  const pay = () => proxy.page('POST', `/v1/orders/${order.id}/payments`, { channel: 'jsapi' }, headers);
  for (const fault of [
    { path: '/v3/*', kind: 'disconnect', count: 2 },
    { path: '/v3/*', kind: 'status', count: 2, status: 500 },
    { path: '/v3/*', kind: 'status', status: 200, when: 'after' },
  ] as const) {
    control.fail(fault);
    assert.ok([502, 503].includes((await pay()).status));
  }
  const payment = await pay();
  assert.equal(payment.status, 200);
  control.fail({ path: '/cgi-bin/*', kind: 'disconnect', count: 9 });
  assert.equal((await proxy.page('GET', `/v1/jssdk/config?url=${SHOP}/`)).status, 502);
  control.fail({ path: '/sns/*', kind: 'disconnect', count: 9 });
  await fetch(`${callback.href}x`, { redirect: 'manual' });
  for (const fault of ['bad-signature', 'tampered-amount', 'foreign-mchid'] as const) {
    await control.notify(order.outTradeNo, { fault });
  }
  control.pay(order.outTradeNo);
  await eventually(() => receiver.received[0], 'an event');
  await send(proxy, { path: '/v1/orders', headers: { authorization: `Bearer ${API_KEY}x` } });
  await send(proxy, { path: `/v1/orders?key=${API_KEY}` });
  await send(proxy, { path: `/${API_KEY}` });
  await proxy.stop();

  const log = proxy.log();
  assert.match(log, /"code":"wechat_unavailable"/);
  const secrets = {
    'API key': API_KEY,
    'session secret': SESSION_SECRET,
    'webhook secret': WEBHOOK_SECRET,
    'webhook secret, bare': WEBHOOK_SECRET.slice('whsec_'.length),
    session: session.json.token,
    'app secret': environment.WECHAT_APP_SECRET!,
    'APIv3 key': environment.WECHAT_PAY_V3_KEY!,
    'private key': environment.WECHAT_PAY_PRIVATE_KEY!.split('\n')[1]!,
    wx_code: wxCode,
    'WeChat’s code': callback.searchParams.get('code')!,
    state: callback.searchParams.get('state')!,
    verifier,
    'prepay id': payment.json.params.package.slice('prepay_id='.length),
    paySign: payment.json.params.paySign,
    openid: control.users[0]!.openid,
    'order id': order.id,
    'what the merchant attached': 'planted',
    'an Authorization header': 'WECHATPAY2-SHA256-RSA2048 ',
  };
  for (const [name, secret] of Object.entries(secrets)) assert.ok(!log.includes(secret), `${name} is in the log`);
});

describe('rates', () => {
  const read = (proxy: Harness, forwarded?: string) =>
    proxy.page(
      'GET',
      `/v1/orders/${UNKNOWN}`,
      undefined,
      forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    );

  async function statuses(count: number, ask: (index: number) => Promise<Reply>): Promise<number[]> {
    const found: number[] = [];
    for (let index = 0; index < count; index++) found.push((await ask(index)).status);
    return found;
  }

  test('a page that asks too often is told to wait, and for how long', async (t) => {
    const proxy = await startHarness(t, { environment: { RATE_LIMIT: '3' } });

    assert.deepEqual(await statuses(3, () => read(proxy)), [404, 404, 404]);

    const reply = await read(proxy);
    assertProblem(reply, 'rate_limited');
    const seconds = Number(reply.headers.get('retry-after'));
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `retry-after: ${seconds}`);
    assert.equal(reply.headers.get('access-control-allow-origin'), SHOP);
    assert.match(reply.headers.get('access-control-expose-headers') ?? '', /retry-after/);
    assertProblem(
      await proxy.page('GET', `/v1/oauth/authorize?return_to=${SHOP}/&challenge=${'a'.repeat(43)}`),
      'rate_limited',
    );
    assertProblem(await proxy.page('POST', '/v1/sessions', { code: 'a', verifier: 'v'.repeat(43) }), 'rate_limited');
  });

  test('the merchant’s server, WeChat and the operator are not held up', async (t) => {
    const proxy = await startHarness(t, { environment: { RATE_LIMIT: '1' } });
    const order = await proxy.order();
    assert.deepEqual(await statuses(2, () => read(proxy)), [404, 429]);

    assert.deepEqual(await statuses(3, () => proxy.merchant('GET', `/v1/orders/${order.id}`)), [200, 200, 200]);
    assert.deepEqual(
      await statuses(3, () => proxy.merchant('POST', '/v1/sessions', { openid: 'payer' })),
      [200, 200, 200],
    );
    assert.deepEqual(await statuses(3, () => send(proxy, { path: '/readyz' })), [200, 200, 200]);
    const notify = { method: 'POST', path: '/wechat/pay/v3/notify', body: '{}' };
    assert.deepEqual(await statuses(3, () => send(proxy, notify)), [401, 401, 401]);
  });

  test('guessing keys and sessions counts', async (t) => {
    const proxy = await startHarness(t, { environment: { RATE_LIMIT: '2' } });
    const guess = (index: number) =>
      proxy.page('GET', `/v1/orders/${UNKNOWN}`, undefined, { authorization: `Bearer guess-${index}` });

    assert.deepEqual(await statuses(3, guess), [401, 401, 429]);
  });

  test('without a reverse proxy, nobody can choose an address', async (t) => {
    const proxy = await startHarness(t, { environment: { RATE_LIMIT: '2' } });

    assert.deepEqual(await statuses(3, (index) => read(proxy, `192.0.2.${index}`)), [404, 404, 429]);
  });

  test('behind one reverse proxy, the address is the one that it has seen', async (t) => {
    const proxy = await startHarness(t, { environment: { RATE_LIMIT: '2', TRUST_PROXY: '1' } });

    assert.deepEqual(await statuses(3, (index) => read(proxy, `192.0.2.${index}, 198.51.100.1`)), [404, 404, 429]);
    assert.deepEqual(await statuses(3, () => read(proxy, '198.51.100.2')), [404, 404, 429]);
  });

  test('behind two reverse proxies, the address is the last but one', async (t) => {
    const proxy = await startHarness(t, { environment: { RATE_LIMIT: '2', TRUST_PROXY: '2' } });
    const via = (client: string, index: number) => `192.0.2.${index}, ${client}, 203.0.113.1`;

    assert.deepEqual(await statuses(3, (index) => read(proxy, via('198.51.100.1', index))), [404, 404, 429]);
    assert.deepEqual(await statuses(3, (index) => read(proxy, via('198.51.100.2', index))), [404, 404, 429]);
  });
});

describe('the description at /openapi.json', () => {
  let proxy: Harness;
  let finish: () => Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: the document is looked into.
  let document: any;

  before(async () => {
    const cleaning: (() => unknown)[] = [];
    proxy = await startHarness(
      { after: (work) => cleaning.push(work) },
      { environment: { DOMAIN_VERIFICATION: 'MP_verify_abc123.txt=abc123' } },
    );
    finish = async () => {
      for (const work of cleaning) await work();
    };
    const reply = await send(proxy, { path: '/openapi.json' });
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
    document = reply.json;
  });
  after(() => finish());

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  function operations(): { method: string; path: string; operation: any }[] {
    return Object.entries(document.paths as Record<string, Record<string, object>>).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  }

  const probe = (path: string) =>
    path
      .replace('{id}', UNKNOWN)
      .replace('{file}', 'widgets.js')
      .replace('{key}', 'abc123')
      .replaceAll(/\{\w+\}/g, 'x');

  test('lists the routes that there are', () => {
    assert.deepEqual(
      operations()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
      [
        'DELETE /v1/images/{id}',
        'GET /MP_verify_{key}.txt',
        'GET /healthz',
        'GET /metrics',
        'GET /openapi.json',
        'GET /readyz',
        'GET /v1/access-token',
        'GET /v1/events',
        'GET /v1/images/{id}',
        'GET /v1/jssdk/config',
        'GET /v1/oauth/authorize',
        'GET /v1/oauth/callback',
        'GET /v1/orders',
        'GET /v1/orders/{id}',
        'GET /v1/orders/{id}/refunds',
        'GET /v1/orders/{id}/refunds/{outRefundNo}',
        'GET /v1/qrcodes/image',
        'GET /v1/wechat/{path}',
        'GET /wechat/messages',
        'GET /widgets.iife.js',
        'GET /widgets.js',
        'GET /widgets/{file}',
        'POST /v1/events/{id}/redeliver',
        'POST /v1/images',
        'POST /v1/images/{id}/keep',
        'POST /v1/orders',
        'POST /v1/orders/{id}/close',
        'POST /v1/orders/{id}/payments',
        'POST /v1/orders/{id}/refunds',
        'POST /v1/products',
        'POST /v1/qrcodes',
        'POST /v1/sessions',
        'POST /v1/subscription-messages',
        'POST /v1/template-messages',
        'POST /v1/wechat/{path}',
        'POST /wechat/messages',
        'POST /wechat/pay/v2/native',
        'POST /wechat/pay/v2/notify',
        'POST /wechat/pay/v2/refund-notify',
        'POST /wechat/pay/v3/notify',
      ],
    );
  });

  test('every route in it answers, and no other method does', async () => {
    for (const { method, path } of operations()) {
      const reply = await send(proxy, { method, path: probe(path), headers: { origin: SHOP } });
      assert.notEqual(reply.json?.code, 'not_found', `${method} ${path}`);
      assert.notEqual(reply.status, 405, `${method} ${path}`);
    }
    for (const path of Object.keys(document.paths)) {
      const reply = await send(proxy, { method: 'PUT', path: probe(path) });
      assertProblem(reply, 'method_not_allowed', path);
      const listed = Object.keys(document.paths[path]).map((method) => method.toUpperCase());
      const allowed = reply.headers.get('allow')!.split(', ');
      assert.deepEqual(allowed.filter((method) => method !== 'HEAD').sort(), listed.sort(), path);
    }
  });

  test('is OpenAPI 3.1 in form', () => {
    assert.match(document.openapi, /^3\.1\.\d+$/);
    assert.equal(typeof document.info.title, 'string');
    assert.equal(typeof document.info.version, 'string');
    assert.deepEqual(document.servers, [{ url: proxy.url }]);
    const text = JSON.stringify(document);
    assert.doesNotMatch(text, /\$defs|"\$schema"/, 'schemas stand in the components');
    for (const [, ref] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
      let found = document;
      for (const name of ref!.split('/').slice(1)) found = found?.[name];
      assert.ok(found && !found.$ref, `${ref} leads nowhere`);
    }
    for (const { method, path, operation } of operations()) {
      const about = `${method} ${path}`;
      assert.match(path, /^\//, about);
      assert.equal(typeof operation.summary, 'string', about);
      assert.ok(Object.keys(operation.responses).length > 0, about);
      for (const [status, response] of Object.entries<Record<string, unknown>>(operation.responses)) {
        assert.match(status, /^([1-5]\d\d|default)$/, about);
        assert.ok(response.$ref ?? response.description, `${about}: ${status} is described`);
      }
      const parameters: { name: string; in: string; required: boolean; schema: object }[] = operation.parameters;
      const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      assert.equal(new Set(names).size, names.length, about);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `path ${name}`);
      assert.deepEqual(
        names.filter((name) => name.startsWith('path ')),
        inPath,
        about,
      );
      for (const parameter of parameters) {
        assert.ok(parameter.in === 'query' || (parameter.in === 'path' && parameter.required), about);
        assert.equal(typeof parameter.schema, 'object', about);
      }
      if (method === 'GET') assert.equal(operation.requestBody, undefined, about);
      for (const requirement of operation.security) {
        for (const name of Object.keys(requirement))
          assert.ok(document.components.securitySchemes[name], `${about}: ${name}`);
      }
    }
  });

  test('describes how each route refuses', () => {
    for (const { method, path, operation } of operations()) {
      const refusal = operation.responses.default;
      assert.ok(refusal, `${method} ${path}`);
      for (const code of operation['x-errors']) assert.ok(code in ERRORS, code);
    }
    const refusals = operations().filter(({ path }) => path.startsWith('/wechat/pay'));
    for (const { operation } of refusals) {
      assert.doesNotMatch(JSON.stringify(operation.responses), /Problem/, 'WeChat is refused in its own form');
    }
  });

  test('explains every error code', () => {
    assert.deepEqual(Object.keys(document['x-error-codes']), Object.keys(ERRORS));
  });

  test('real answers are of the forms that it describes', async () => {
    const exactly = (schema: z.ZodType, reply: Reply, status: number) => {
      assert.equal(reply.status, status, reply.text);
      assert.deepEqual(schema.parse(reply.json), reply.json, 'nothing is there that is not described');
    };
    const items = [{ name: 'Tea', quantity: 2, unitPrice: 1990, imageUrl: `${SHOP}/tea.jpg` }];
    const request = {
      ...ORDER,
      items,
      attach: 'a',
      returnUrl: `${SHOP}/done`,
      openid: proxy.wechat.control.users[0]!.openid,
    };
    const created = await proxy.merchant('POST', '/v1/orders', request);
    exactly(api.Order, created, 201);
    exactly(api.Order, await proxy.merchant('POST', '/v1/orders', request), 200);
    const { id } = created.json;
    exactly(api.PageOrder, await proxy.page('GET', `/v1/orders/${id}`), 200);
    exactly(api.Session, await proxy.merchant('POST', '/v1/sessions', { openid: 'payer' }), 200);
    exactly(api.Payment, await proxy.prepay(id), 200);
    exactly(api.JssdkConfig, await proxy.page('GET', `/v1/jssdk/config?url=${SHOP}/`), 200);
    proxy.wechat.control.pay(ORDER.outTradeNo);
    await proxy.wechat.control.notificationsSettled();
    exactly(api.Order, await proxy.merchant('GET', `/v1/orders/${id}`), 200);
    exactly(api.PageOrder, await proxy.page('GET', `/v1/orders/${id}`), 200);
    exactly(api.OrderList, await proxy.merchant('GET', '/v1/orders'), 200);
    exactly(api.EventList, await proxy.merchant('GET', '/v1/events'), 200);
    const other = await proxy.order();
    exactly(api.Order, await proxy.merchant('POST', `/v1/orders/${other.id}/close`), 200);
    const refused = await send(proxy, { method: 'POST', path: '/wechat/pay/v3/notify', body: '{}' });
    assert.deepEqual(Object.keys(refused.json), ['code', 'message']);
    assert.equal(refused.json.code, 'FAIL');
  });
});

test('a proxy that shuts down is not ready any more', async (t) => {
  const proxy = await startHarness(t);
  const { port } = new URL(proxy.url);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET /readyz HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n');
  // The proxy has seen the beginning of the request where it has answered another one since.
  assert.equal((await send(proxy, { path: '/readyz' })).status, 200);

  const stopping = proxy.stop();
  socket.write('\r\n');
  const answer = await readAll(socket);
  await stopping;

  assert.match(answer, /^HTTP\/1\.1 503 /);
  assert.match(answer, /"code":"draining"/);
});

describe('the built widgets', () => {
  const SCRIPT = `export const tea = '${'茶'.repeat(500)}';\n`;
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'weixin-widgets-built-'));
    mkdirSync(join(folder, 'chunks'));
    for (const name of [
      'widgets.js',
      'widgets.iife.js',
      'pay-button.js',
      'image-uploader.js',
      'qr.js',
      'qr-Ab3_x-9Z.js',
      'chunks/part.js',
      'chunks/part-00000000.js',
      'third-party-notices.txt',
    ]) {
      writeFileSync(join(folder, name), SCRIPT);
    }
    for (const name of ['widgets.js.map', 'index.d.ts', '.env', 'package.json'])
      writeFileSync(join(folder, name), 'secret');
  });
  after(() => rmSync(folder, { recursive: true }));

  async function serve(t: TestContext, path: string) {
    const now = Date.now;
    const sessions = new Sessions({ secrets: [SESSION_SECRET], lifetime: 60, appId: 'wx1', now });
    const listener = createApp({
      routes: await widgetRoutes(path),
      authenticate: createAuthenticate({ apiKeys: [API_KEY], allowedOrigins: [SHOP], sessions }),
      allowedOrigins: [SHOP],
      rateLimit: 1_000,
      trustProxy: 0,
      logger: pino({ level: 'silent' }),
      metrics: createMetrics(),
    });
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  test('are served to any page that may embed them', async (t) => {
    const site = await serve(t, folder);
    for (const path of [
      '/widgets.js',
      '/widgets.iife.js',
      '/widgets/pay-button.js',
      '/widgets/qr-Ab3_x-9Z.js',
      '/widgets/widgets.js',
    ]) {
      const reply = await send(site, { path, headers: { origin: SHOP } });

      assert.equal(reply.status, 200, path);
      assert.equal(reply.text, SCRIPT);
      assert.equal(reply.headers.get('content-type'), 'text/javascript; charset=utf-8');
      assert.equal(reply.headers.get('access-control-allow-origin'), SHOP);
      assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
      assert.match(reply.headers.get('vary') ?? '', /Origin.*Accept-Encoding/);
    }
    const notices = await send(site, { path: '/widgets/third-party-notices.txt' });
    assert.equal(notices.headers.get('content-type'), 'text/plain; charset=utf-8');
  });

  test('are compressed as the browser can read it', async (t) => {
    const site = await serve(t, folder);
    const get = async (encoding?: string) => {
      const headers = encoding === undefined ? {} : { 'accept-encoding': encoding };
      const request = httpRequest(new URL(`${site.url}/widgets.js`), { headers, agent: false }).end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      return { encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) };
    };

    const brotli = await get('gzip, deflate, br');
    const gzip = await get('gzip');
    assert.equal(brotli.encoding, 'br');
    assert.equal(brotliDecompressSync(brotli.body).toString(), SCRIPT);
    assert.equal(gzip.encoding, 'gzip');
    assert.equal(gunzipSync(gzip.body).toString(), SCRIPT);
    for (const accepted of [undefined, 'identity', 'deflate', 'gzip;q=0, br;q=0.0', 'br; q=0']) {
      assert.equal((await get(accepted)).encoding, undefined);
    }
    assert.equal((await get('br;q=0, gzip;q=0.5')).encoding, 'gzip');
  });

  test('are kept for good where their name is a hash, and asked for again where it is not', async (t) => {
    const site = await serve(t, folder);
    for (const path of ['/widgets/qr-Ab3_x-9Z.js', '/widgets/chunks/part-00000000.js']) {
      assert.match((await send(site, { path })).headers.get('cache-control') ?? '', /max-age=31536000, immutable/);
    }
    for (const path of ['/widgets.js', '/widgets.iife.js', '/widgets/qr.js', '/widgets/image-uploader.js']) {
      const { headers } = await send(site, { path });
      assert.doesNotMatch(headers.get('cache-control') ?? 'immutable', /immutable/, path);

      const etag = headers.get('etag')!;
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
        const again = await send(site, { path, headers: { 'if-none-match': known } });
        assert.equal(again.status, 304, known);
        assert.equal(again.text, '');
      }
      assert.equal((await send(site, { path, headers: { 'if-none-match': '"other"' } })).status, 200);
    }
  });

  test('are all that is served', async (t) => {
    const site = await serve(t, folder);
    for (const path of [
      '/widgets/unknown.js',
      '/widgets/widgets.js.map',
      '/widgets/index.d.ts',
      '/widgets/.env',
      '/widgets/package.json',
      '/widgets/../widgets.test.ts',
      '/widgets/%2e%2e/package.json',
      '/widgets/..%2f..%2f..%2f..%2fetc%2fpasswd',
      '/widgets/__proto__',
      '/widgets/%00',
      '/widgets/chunks',
    ]) {
      assertProblem(await send(site, { path }), 'not_found', path);
    }
  });

  test('are missing with a reason where they were not built', async (t) => {
    const site = await serve(t, join(folder, 'none'));
    for (const path of ['/widgets.js', '/widgets.iife.js', '/widgets/pay-button.js']) {
      assertProblem(await send(site, { path }), 'widgets_not_built', path);
    }
  });
});
