/** Who may call what: every route that `/openapi.json` names, tried by every kind of caller; and that no answer tells a secret. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { Sessions } from '../../proxy/sessions.ts';
import { paidOrder, start } from './at-wechat.ts';
import {
  API_KEY,
  type Harness,
  type Reply,
  SESSION_SECRET,
  SHOP,
  startHarness,
  times,
  WEBHOOK_SECRET,
} from './harness.ts';
import { AMOUNT, create, outTradeNo } from './merchant.ts';
import { photo, upload } from './uploads.ts';

const FOREIGN = 'https://evil.example.com';
const UNKNOWN = '0'.repeat(32);
const SECOND_KEY = 'another-api-key-of-the-tests-9876543210';

type Headers = Record<string, string>;
interface Call {
  path: string;
  body?: () => unknown;
  /** What who may call it gets. */
  merchant?: number;
  payer?: number;
  anyone?: number;
}
interface Operation {
  name: string;
  method: string;
  isMerchantsAlone: boolean;
  isPages: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the document is looked into.
  document: any;
}

let proxy: Harness;
let finish: () => Promise<void>;
let operations: Operation[];
let callers: Record<'nobody' | 'foreign' | 'page' | 'payer' | 'forged' | 'merchant', Headers>;
let calls: Record<string, Call>;
const replies: { about: string; reply: Reply }[] = [];

before(async () => {
  const cleaning: (() => unknown)[] = [];
  finish = async () => {
    for (const work of cleaning) await work();
  };
  proxy = await startHarness(
    { after: (work) => cleaning.push(work) },
    {
      environment: (wechat) => ({
        API_KEYS: `${API_KEY},${SECOND_KEY}`,
        WECHAT_PAY_V2_KEY: wechat.environmentV2.WECHAT_PAY_V2_KEY!,
        WEBHOOK_URL: 'http://127.0.0.1:9/',
        WEBHOOK_SECRET,
        DOMAIN_VERIFICATION: 'MP_verify_abc123.txt=abc123',
      }),
    },
  );
  const { openid } = proxy.wechat.control.users[0]!;
  const appId = proxy.environment.WECHAT_APP_ID!;
  const forging = { secrets: [`${SESSION_SECRET}-of-others`], lifetime: 3600, appId, now: Date.now };
  const forged = (await new Sessions(forging).issue(openid)).token;
  callers = {
    nobody: {},
    foreign: { origin: FOREIGN },
    page: { origin: SHOP },
    payer: { origin: SHOP, authorization: `Bearer ${await proxy.session(openid)}` },
    forged: { origin: SHOP, authorization: `Bearer ${forged}` },
    merchant: { authorization: `Bearer ${API_KEY}` },
  };
  calls = await prepareCalls(openid);
  const document = (await proxy.page('GET', '/openapi.json')).json;
  operations = Object.entries<Record<string, Operation['document']>>(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      const security: object[] = operation.security;
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        isMerchantsAlone: security.every((one) => 'apiKey' in one),
        isPages: security.some((one) => 'session' in one),
        document: operation,
      };
    }),
  );
});
after(() => finish());

/** A request for each route that succeeds where its caller may make it. */
async function prepareCalls(openid: string): Promise<Record<string, Call>> {
  const order = (await create(proxy)).json;
  const closing = (await create(proxy)).json;
  const paid = await paidOrder(proxy);
  const refund = { outRefundNo: 'R-callers-1', amount: { total: 1, currency: 'CNY' } };
  await proxy.merchant('POST', `/v1/orders/${paid.id}/refunds`, refund);
  const session = await proxy.session(openid);
  const images = await Promise.all(times(2, async () => (await upload(proxy, await photo(), { token: session })).json));
  const { ticket } = (await proxy.merchant('POST', '/v1/qrcodes', { scene: 'shelf', expiresIn: 60 })).json;
  const [event] = (await proxy.merchant('GET', '/v1/events')).json.data;
  await proxy.page('GET', `/v1/jssdk/config?url=${SHOP}/`);
  const picture = await photo();
  const form = () => {
    const body = new FormData();
    body.append('file', new Blob([new Uint8Array(picture)]), 'a.jpg');
    return body;
  };
  const message = { openid, templateId: proxy.wechat.control.templates[0]!.id, data: { first: 'x' } };
  const product = { productId: 'tea', description: 'Tea', amount: AMOUNT };
  return {
    'GET /healthz': { path: '/healthz', anyone: 200 },
    'GET /readyz': { path: '/readyz', anyone: 200 },
    'GET /openapi.json': { path: '/openapi.json', anyone: 200 },
    'GET /MP_verify_{key}.txt': { path: '/MP_verify_abc123.txt', anyone: 200 },
    'GET /widgets.js': { path: '/widgets.js' },
    'GET /widgets.iife.js': { path: '/widgets.iife.js' },
    'GET /widgets/{file}': { path: '/widgets/widgets.js' },
    'GET /v1/images/{id}': { path: `/v1/images/${images[0].id}`, anyone: 200 },
    'GET /v1/qrcodes/image': { path: `/v1/qrcodes/image?ticket=${encodeURIComponent(ticket)}`, anyone: 200 },
    'GET /v1/oauth/authorize': {
      path: `/v1/oauth/authorize?return_to=${SHOP}/&challenge=${'a'.repeat(43)}`,
      anyone: 302,
    },
    'GET /v1/oauth/callback': { path: '/v1/oauth/callback?state=x&code=y' },
    'GET /wechat/messages': { path: '/wechat/messages?signature=a&timestamp=1&nonce=b&echostr=planted' },
    'POST /wechat/messages': { path: '/wechat/messages?signature=a&timestamp=1&nonce=b', body: () => '<xml></xml>' },
    'POST /wechat/pay/v3/notify': { path: '/wechat/pay/v3/notify', body: () => ({ id: '1' }) },
    'POST /wechat/pay/v2/notify': { path: '/wechat/pay/v2/notify', body: () => '<xml><a>1</a></xml>' },
    'POST /wechat/pay/v2/refund-notify': { path: '/wechat/pay/v2/refund-notify', body: () => '<xml><a>1</a></xml>' },
    'POST /wechat/pay/v2/native': { path: '/wechat/pay/v2/native', body: () => '<xml><a>1</a></xml>' },

    'GET /v1/jssdk/config': { path: `/v1/jssdk/config?url=${SHOP}/`, payer: 200 },
    'GET /v1/orders/{id}': { path: `/v1/orders/${order.id}`, payer: 200, merchant: 200 },
    'POST /v1/orders/{id}/payments': {
      path: `/v1/orders/${order.id}/payments`,
      body: () => ({ channel: 'jsapi' }),
      payer: 200,
    },
    'POST /v1/sessions': { path: '/v1/sessions', body: () => ({ openid }), payer: 401, merchant: 200 },
    'POST /v1/images': { path: '/v1/images', body: form, payer: 201 },

    'GET /metrics': { path: '/metrics', merchant: 200 },
    'GET /v1/access-token': { path: '/v1/access-token', merchant: 200 },
    'GET /v1/events': { path: '/v1/events', merchant: 200 },
    'POST /v1/events/{id}/redeliver': { path: `/v1/events/${event.id}/redeliver`, merchant: 202 },
    'GET /v1/orders': { path: '/v1/orders', merchant: 200 },
    'POST /v1/orders': {
      path: '/v1/orders',
      body: () => ({ outTradeNo: outTradeNo(), description: 'Tea', amount: AMOUNT }),
      merchant: 201,
    },
    'POST /v1/orders/{id}/close': { path: `/v1/orders/${closing.id}/close`, merchant: 200 },
    'GET /v1/orders/{id}/refunds': { path: `/v1/orders/${paid.id}/refunds`, merchant: 200 },
    'POST /v1/orders/{id}/refunds': {
      path: `/v1/orders/${paid.id}/refunds`,
      body: () => ({ ...refund, outRefundNo: 'R-callers-2' }),
      merchant: 201,
    },
    'GET /v1/orders/{id}/refunds/{outRefundNo}': {
      path: `/v1/orders/${paid.id}/refunds/${refund.outRefundNo}`,
      merchant: 200,
    },
    // It sells by version 2 only, which this proxy does not pay by.
    'POST /v1/products': { path: '/v1/products', body: () => product, merchant: 409 },
    'POST /v1/images/{id}/keep': { path: `/v1/images/${images[0].id}/keep`, merchant: 200 },
    'DELETE /v1/images/{id}': { path: `/v1/images/${images[1].id}`, merchant: 204 },
    'POST /v1/qrcodes': { path: '/v1/qrcodes', body: () => ({ scene: 'door' }), merchant: 201 },
    'POST /v1/template-messages': { path: '/v1/template-messages', body: () => message, merchant: 202 },
    'POST /v1/subscription-messages': { path: '/v1/subscription-messages', body: () => message, merchant: 202 },
    'GET /v1/wechat/{path}': { path: `/v1/wechat/cgi-bin/user/info?openid=${openid}`, merchant: 200 },
    'POST /v1/wechat/{path}': {
      path: '/v1/wechat/cgi-bin/message/custom/send',
      body: () => ({ touser: openid, msgtype: 'text', text: { content: 'x' } }),
      merchant: 200,
    },
  };
}

/** Every answer is kept, to be searched for secrets. */
async function send(
  { method, name }: Pick<Operation, 'method' | 'name'>,
  { path, body }: { path: string; body?: unknown },
  headers: Headers,
): Promise<Reply> {
  const isForm = body instanceof FormData;
  const text = isForm || typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const response = await fetch(proxy.url + path, {
    method,
    redirect: 'manual',
    headers: { ...(text !== undefined && !isForm && { 'content-type': 'application/json' }), ...headers },
    ...(text !== undefined && { body: text as string }),
  });
  const answer = Buffer.from(await response.arrayBuffer()).toString('latin1');
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const json = isJson && answer ? JSON.parse(Buffer.from(answer, 'latin1').toString()) : undefined;
  const reply = { status: response.status, headers: response.headers, text: answer, json };
  replies.push({ about: name, reply });
  return reply;
}

const call = (operation: Operation, headers: Headers) => {
  const { path, body } = calls[operation.name]!;
  return send(operation, { path, body: body?.() }, headers);
};

/** What is known to nobody but the merchant's server may change. */
function snapshot(): unknown {
  const db = new DatabaseSync(proxy.environment.DATABASE_URL!.slice('file:'.length), { readOnly: true });
  try {
    return [
      'select id, status from orders order by id',
      'select outRefundNo, status from refunds order by outRefundNo',
      'select productId from products',
      'select id from sent_messages order by id',
      'select id, keptAt from images order by id',
      'select id from events order by id',
    ].map((sql) => db.prepare(sql).all());
  } finally {
    db.close();
  }
}

function assertRefused({ status, json, text, headers }: Reply, code: string, expected: number, about: string): void {
  assert.equal(json?.code, code, `${about}: ${text.slice(0, 300)}`);
  assert.equal(status, expected, about);
  assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8', about);
}

const keyFrom = (origin: string, key = API_KEY) => ({ origin, authorization: `Bearer ${key}` });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('every route is known here', () => {
  assert.deepEqual(operations.map(({ name }) => name).sort(), Object.keys(calls).sort());
});

describe('a route of the merchant’s', () => {
  const strangers = (): Record<string, Headers> => {
    const { merchant: _, ...others } = callers;
    return {
      ...others,
      'foreign with a session': { ...callers.payer, origin: FOREIGN },
      'a server with a session': { authorization: callers.payer.authorization! },
      'a server with half a key': bearer(API_KEY.slice(0, -1)),
      'a server with both keys': bearer(`${API_KEY},${SECOND_KEY}`),
      'a server with the secret of sessions': bearer(SESSION_SECRET),
      'a server with the AppSecret': bearer(proxy.environment.WECHAT_APP_SECRET!),
    };
  };

  test('is closed to everybody else, and nothing happens', async () => {
    const before = snapshot();
    const asked = proxy.wechat.calls.length;
    for (const operation of operations.filter(({ isMerchantsAlone }) => isMerchantsAlone)) {
      for (const [who, headers] of Object.entries(strangers())) {
        const reply = await call(operation, headers);
        assertRefused(reply, 'unauthorized', 401, `${operation.name}, ${who}`);
        assert.equal(reply.headers.get('www-authenticate'), 'Bearer');
        if (headers.origin === FOREIGN) assert.equal(reply.headers.get('access-control-allow-origin'), null);
      }
    }
    assert.deepEqual(snapshot(), before);
    assert.deepEqual(
      proxy.wechat.calls.slice(asked).filter(({ path }) => /user\/info|custom|qrcode|refund|close/.test(path)),
      [],
    );
  });
});

describe('a route of pages’', () => {
  const pages = () => operations.filter(({ isPages }) => isPages);

  test('is closed to other origins, whatever they bring', async () => {
    const withSession = { ...callers.payer, origin: FOREIGN };
    for (const operation of pages()) {
      for (const headers of [callers.foreign, withSession, { ...callers.forged, origin: FOREIGN }]) {
        const reply = await call(operation, headers);
        assertRefused(reply, 'origin_not_allowed', 403, operation.name);
        assert.equal(reply.headers.get('access-control-allow-origin'), null);
      }
    }
  });

  test('takes no session that this proxy has not signed, and no API key for one', async () => {
    for (const operation of pages())
      assertRefused(await call(operation, callers.forged), 'session_invalid', 401, operation.name);
    for (const operation of pages().filter(({ document }) => document.security.length === 1))
      assertRefused(await call(operation, keyFrom(SHOP)), 'session_invalid', 401, operation.name);
  });

  test('lets no page without a session pay or upload', async () => {
    for (const operation of pages().filter(({ name }) => /payments|images/.test(name))) {
      for (const headers of [callers.page, callers.nobody])
        assertRefused(await call(operation, headers), 'session_required', 401, operation.name);
    }
  });

  test('tells a page less of an order than the merchant', async () => {
    const operation = operations.find(({ name }) => name === 'GET /v1/orders/{id}')!;
    for (const headers of [callers.nobody, callers.page, callers.payer]) {
      const { status, json } = await call(operation, headers);
      assert.equal(status, 200);
      for (const field of ['openid', 'outTradeNo', 'attach', 'transactionId', 'tradeNo', 'refunded'])
        assert.ok(!(field in json), field);
    }
  });
});

test('what WeChat calls is closed to whoever cannot sign', async () => {
  const before = snapshot();
  for (const operation of operations.filter(({ name }) => / \/wechat\//.test(name))) {
    for (const [who, headers] of Object.entries(callers)) {
      const { status, text } = await call(operation, headers);
      assert.ok(status >= 400 && status < 500, `${operation.name}, ${who}: ${status}`);
      assert.doesNotMatch(text, /planted|SUCCESS/);
    }
  }
  assert.deepEqual(snapshot(), before);
});

describe('a body of the wrong type is refused', () => {
  const withBody = (type: string) =>
    operations.filter(({ document }) => document.requestBody?.content[type] && !document.requestBody.content['*/*']);
  const authorized = ({ isMerchantsAlone }: Operation) => (isMerchantsAlone ? callers.merchant : callers.payer);

  const WRONG: [what: string, body: string, headers: Headers, code: string, status: number][] = [
    ['text', '{}', { 'content-type': 'text/plain' }, 'unsupported_media_type', 415],
    ['XML', '<xml/>', { 'content-type': 'text/xml' }, 'unsupported_media_type', 415],
    ['a form', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 'unsupported_media_type', 415],
    ['compressed', '{}', { 'content-encoding': 'gzip' }, 'unsupported_media_type', 415],
    ['half of JSON', '{"', {}, 'malformed_json', 400],
    ['nothing', '', {}, 'malformed_json', 400],
    ['a list', '[]', {}, 'invalid_request', 400],
    ['null', 'null', {}, 'invalid_request', 400],
    ['a number', '1', {}, 'invalid_request', 400],
    ['an unknown field', '{"unheardOf":1}', {}, 'invalid_request', 400],
  ];

  test('by every route that takes JSON, as it is documented', async () => {
    const before = snapshot();
    assert.ok(withBody('application/json').length >= 9);
    for (const operation of withBody('application/json')) {
      const { path } = calls[operation.name]!;
      for (const [what, body, headers, code, status] of WRONG) {
        const reply = await send(operation, { path, body }, { ...authorized(operation), ...headers });
        assertRefused(reply, code, status, `${operation.name}: ${what}`);
      }
    }
    assert.deepEqual(snapshot(), before);
  });

  test('by those that WeChat calls, in the form that WeChat reads', async () => {
    for (const operation of operations.filter(({ name }) => name.startsWith('POST /wechat/'))) {
      for (const body of ['', '{', '[]', 'null', '<xml>', '<!DOCTYPE a []><xml/>', '\0', 'x'.repeat(200_000)]) {
        const { status, text, headers } = await send(operation, { path: calls[operation.name]!.path, body }, {});
        assert.ok(status >= 400 && status < 500, `${operation.name}: ${status} ${body.slice(0, 20)}`);
        const type = headers.get('content-type')!;
        if (operation.name.includes('/pay/v2/')) assert.match(`${type} ${text}`, /^text\/xml.*<!\[CDATA\[FAIL\]\]>/);
        else if (operation.name.includes('/pay/v3/'))
          assert.match(`${type} ${text}`, /^application\/json.*"code":"FAIL"/);
        else assert.match(type, /^application\/problem\+json/);
      }
    }
  });
});

describe('who may', () => {
  test('payers can', async () => {
    for (const operation of operations.filter(({ name }) => calls[name]!.payer !== undefined)) {
      const { status, text } = await call(operation, callers.payer);
      assert.equal(status, calls[operation.name]!.payer, `${operation.name}: ${text.slice(0, 300)}`);
    }
  });

  test('anyone can', async () => {
    for (const operation of operations.filter(({ name }) => calls[name]!.anyone !== undefined)) {
      for (const headers of [callers.nobody, callers.foreign, callers.forged]) {
        const { status, text } = await call(operation, headers);
        assert.equal(status, calls[operation.name]!.anyone, `${operation.name}: ${text.slice(0, 300)}`);
      }
    }
  });

  test('the merchant’s server can, and gets what is documented', async () => {
    for (const operation of operations.filter(({ name }) => calls[name]!.merchant !== undefined)) {
      const { status, text } = await call(operation, bearer(SECOND_KEY));
      assert.equal(status, calls[operation.name]!.merchant, `${operation.name}: ${text.slice(0, 300)}`);
      if (status < 400) assert.ok(String(status) in operation.document.responses, operation.name);
    }
  });
});

describe('a secret', () => {
  const given = () => replies.filter(({ about, reply }) => about === 'GET /v1/access-token' && reply.status === 200);

  /** By name; the session stands for all sessions. */
  function secrets(): Record<string, string> {
    const { environment } = proxy;
    const names = [
      'WECHAT_APP_SECRET',
      'SESSION_SECRET',
      'WEBHOOK_SECRET',
      'WECHAT_MESSAGE_TOKEN',
      'WECHAT_MESSAGE_AES_KEY',
      'WECHAT_PAY_V3_KEY',
      'WECHAT_PAY_V2_KEY',
    ];
    const db = new DatabaseSync(environment.DATABASE_URL!.slice('file:'.length), { readOnly: true });
    const credentials = db.prepare(`select name, value from credentials where name not like '%certificate%'`).all();
    db.close();
    const [, line] = environment.WECHAT_PAY_PRIVATE_KEY!.split('\n');
    const found = {
      ...Object.fromEntries(names.map((name) => [name, environment[name]!])),
      ...Object.fromEntries(credentials.map(({ name, value }) => [String(name), String(value)])),
      API_KEY,
      SECOND_KEY,
      WECHAT_PAY_PRIVATE_KEY: line!,
      session: callers.payer.authorization!.split(' ')[1]!,
      ...Object.fromEntries(given().map(({ reply }, index) => [`access_token given ${index}`, reply.json.token])),
    };
    for (const [name, value] of Object.entries(found)) assert.ok(value?.length >= 16, name);
    assert.ok(
      Object.keys(found).some((name) => name.startsWith('access_token')),
      'there is an access token',
    );
    assert.ok(
      Object.keys(found).some((name) => /ticket/.test(name)),
      'there is a ticket',
    );
    return found;
  }
  const forms = (secret: string) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
  ];

  /** What goes wrong at WeChat goes through more hands than what goes well. */
  before(async () => {
    const { control } = proxy.wechat;
    const troubled = ['GET /v1/wechat/{path}', 'POST /v1/wechat/{path}', 'POST /v1/qrcodes', 'POST /v1/images'];
    const make = async (name: string, call: Omit<Call, 'path'> & { path?: string } = {}) => {
      const operation = operations.find((one) => one.name === name)!;
      const { path, body } = { ...calls[name]!, ...call };
      return send(operation, { path, body: body?.() }, operation.isMerchantsAlone ? callers.merchant : callers.payer);
    };
    const media = { body: () => ({ mediaId: 'unheard-of' }) };
    for (const fault of [{ kind: 'disconnect' }, { kind: 'status', status: 500 }] as const) {
      for (const name of troubled) {
        control.fail({ path: '/cgi-bin/*', ...fault });
        await make(name, name === 'POST /v1/images' ? media : {});
      }
    }
    control.killToken(40001);
    for (const name of troubled) await make(name, name === 'POST /v1/images' ? media : {});
    await make('GET /v1/wechat/{path}', { path: '/v1/wechat/cgi-bin/token?secret=x' });
    await make('GET /v1/oauth/callback', { path: `/v1/oauth/callback?state=${UNKNOWN}&code=${UNKNOWN}` });
    const order = (await create(proxy)).json;
    control.fail({ path: '/v3/pay/*', kind: 'status', status: 401, code: 'SIGN_ERROR' });
    replies.push({ about: 'a refused payment', reply: await start(proxy, order, 'native') });
    replies.push({ about: 'events', reply: await proxy.merchant('GET', '/v1/events') });
    replies.push({ about: 'metrics', reply: await proxy.merchant('GET', '/metrics') });
  });

  test('stands in no answer, but what the merchant’s server has asked for', () => {
    assert.ok(replies.length > 400, `${replies.length} answers`);
    assert.ok(given().length > 0);
    for (const { reply } of given()) assert.deepEqual(Object.keys(reply.json), ['token', 'expiresAt']);
    for (const [name, secret] of Object.entries(secrets())) {
      for (const { about, reply } of replies) {
        if (about === 'GET /v1/access-token' && reply.status === 200 && name.startsWith('access_token')) continue;
        const answer = `${JSON.stringify([...reply.headers])} ${reply.text}`;
        for (const form of forms(secret)) assert.ok(!answer.includes(form), `${name} in ${about} ${reply.status}`);
      }
    }
  });

  test('stands nowhere in the log', () => {
    const log = proxy.log();
    assert.ok(log.includes('/v1/access-token'), 'there is a log');
    for (const [name, secret] of Object.entries(secrets())) {
      for (const form of forms(secret)) assert.ok(!log.includes(form), name);
    }
  });
});
