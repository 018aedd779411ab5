/** What is believed of what WeChat Pay says: notifications, answers and certificates. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext, test } from 'node:test';
import type { Wechat } from '../../demo/wechat/start.ts';
import {
  API_KEY,
  eventually,
  freePort,
  type Harness,
  type HarnessOptions,
  SESSION_SECRET,
  sharedClock,
  startHarness,
  WEBHOOK_SECRET,
} from './harness.ts';

// Its own types do not resolve under NodeNext.
const { Aes, Formatter, Rsa } = createRequire(import.meta.url)('wechatpay-axios-plugin');

const NOTIFY = '/wechat/pay/v3/notify';
const CERTIFICATES = '/v3/certificates';
const nobody = generateKeyPairSync('rsa', { modulusLength: 2048 });

type Json = Record<string, unknown>;
type Headers = Record<string, string>;

/** What differs from the genuine notification. */
interface Change {
  transaction?: (transaction: Json) => Json;
  /** In place of the encrypted transaction. */
  plain?: string;
  resource?: (resource: Json) => unknown;
  envelope?: (envelope: Json) => unknown;
  /** The body as it is signed and sent. */
  body?: (text: string) => string;
  /** Seconds, serial: as WeChat signs it. */
  signed?: { serial?: string; timestamp?: number };
  /** After signing. */
  headers?: (headers: Headers, body: Buffer) => Record<string, string | undefined>;
  sent?: (body: Buffer) => Buffer;
}

interface Sent {
  status: number;
  text: string;
  type: string;
}

function transactionOf(proxy: Harness, order: Json): Json {
  return {
    appid: proxy.environment.WECHAT_APP_ID,
    mchid: proxy.environment.WECHAT_PAY_MCH_ID,
    out_trade_no: order.outTradeNo,
    transaction_id: `4200001234202611221${String(order.id).replace(/\D/g, '').slice(0, 9)}`,
    trade_type: 'JSAPI',
    trade_state: 'SUCCESS',
    trade_state_desc: '支付成功',
    bank_type: 'OTHERS',
    attach: '',
    success_time: '2026-11-22T10:34:56+08:00',
    payer: { openid: proxy.wechat.control.users[0]!.openid },
    amount: { total: 3980, payer_total: 3980, currency: 'CNY', payer_currency: 'CNY' },
  };
}

/** Sends the notification that the order is paid, or something like it. */
async function notify(proxy: Harness, order: Json, change: Change = {}): Promise<Sent> {
  const same = <T>(value: T) => value;
  const { control } = proxy.wechat;
  const transaction = (change.transaction ?? same)(transactionOf(proxy, order));
  const resource = (change.resource ?? same)({
    original_type: 'transaction',
    ...control.encrypt(change.plain ?? JSON.stringify(transaction)),
  });
  const envelope = (change.envelope ?? same)({
    id: 'EV-2018022511223320873',
    create_time: '2026-11-22T10:34:57+08:00',
    resource_type: 'encrypt-resource',
    event_type: 'TRANSACTION.SUCCESS',
    summary: '支付成功',
    resource,
  });
  const body = Buffer.from((change.body ?? same)(JSON.stringify(envelope)));
  const signed: Headers = { 'content-type': 'application/json', ...control.sign(body, change.signed) };
  return send(proxy, change.sent?.(body) ?? body, change.headers?.(signed, body) ?? signed);
}

async function send(proxy: Harness, body: Buffer, headers: Record<string, string | undefined>): Promise<Sent> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const answer = await fetch(proxy.url + NOTIFY, { method: 'POST', headers: given, body: new Uint8Array(body) });
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') ?? '' };
}

async function payingOrder(proxy: Harness): Promise<Json> {
  const order = await proxy.order();
  assert.equal((await proxy.prepay(order.id)).status, 200);
  return order;
}

/** Everything that a notification may change; asks nobody. */
async function stateOf(proxy: Harness, order: Json) {
  const orders = await proxy.merchant('GET', `/v1/orders?outTradeNo=${encodeURIComponent(String(order.outTradeNo))}`);
  const events = await proxy.merchant('GET', '/v1/events');
  const own = events.json.data.filter((event: { data: Json }) => event.data.id === order.id);
  return { order: orders.json.data[0], events: own.map(({ type }: Json) => type) };
}

async function counted(proxy: Harness, result: string): Promise<number> {
  const { text } = await proxy.merchant('GET', '/metrics');
  return Number(new RegExp(`^weixin_notifications_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

function assertFail({ status, text, type }: Sent, name: string): void {
  assert.ok(status >= 400, `${name}: ${status}`);
  assert.match(type, /^application\/json/, name);
  const answer = JSON.parse(text);
  assert.deepEqual(Object.keys(answer).sort(), ['code', 'message'], name);
  assert.equal(answer.code, 'FAIL', name);
  assert.ok(answer.message, name);
}

function assertNothingSecret(proxy: Harness): void {
  const { environment, wechat } = proxy;
  const secrets = {
    API_KEY,
    SESSION_SECRET,
    WEBHOOK_SECRET,
    'APIv3 key': environment.WECHAT_PAY_V3_KEY!,
    'app secret': environment.WECHAT_APP_SECRET!,
    'private key': environment.WECHAT_PAY_PRIVATE_KEY!.split('\n')[3]!,
    openid: wechat.control.users[0]!.openid,
    signature: 'WECHATPAY2-SHA256-RSA2048',
    ciphertext: 'ciphertext',
  };
  for (const [name, secret] of Object.entries(secrets)) assert.ok(!proxy.log().includes(secret), `${name} is logged`);
}

function logLevels(log: string): number[] {
  return log
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).level);
}

const without = (name: string) => (headers: Headers) => ({ ...headers, [name]: undefined });
const withHeader = (name: string, value: string) => (headers: Headers) => ({ ...headers, [name]: value });
const unknownSerial = () => `7${randomBytes(20).toString('hex').toUpperCase().slice(1)}`;
const now = () => Math.floor(Date.now() / 1_000);

function signedByNobody(headers: Headers, body: Buffer): Headers {
  const { 'wechatpay-timestamp': timestamp, 'wechatpay-nonce': nonce } = headers;
  return { ...headers, 'wechatpay-signature': Rsa.sign(Formatter.response(timestamp, nonce, body), nobody.privateKey) };
}

const REFUSALS: Record<string, Change & { code: string }> = {
  'without a timestamp': { code: 'invalid_signature', headers: without('wechatpay-timestamp') },
  'without a nonce': { code: 'invalid_signature', headers: without('wechatpay-nonce') },
  'without a signature': { code: 'invalid_signature', headers: without('wechatpay-signature') },
  'without a serial': { code: 'invalid_signature', headers: without('wechatpay-serial') },
  'without any of them': { code: 'invalid_signature', headers: () => ({ 'content-type': 'application/json' }) },
  'with an empty signature': { code: 'invalid_signature', headers: withHeader('wechatpay-signature', '') },
  'with a signature that is no base64': {
    code: 'invalid_signature',
    headers: withHeader('wechatpay-signature', '%%% not base64 %%%'),
  },
  'signed by nobody, under the known serial': { code: 'invalid_signature', headers: signedByNobody },
  'with WeChat’s probing signature': {
    code: 'signature_probe',
    headers: withHeader('wechatpay-signature', `WECHATPAY/SIGNTEST/${randomBytes(192).toString('base64')}`),
  },
  'with another nonce than was signed': { code: 'invalid_signature', headers: withHeader('wechatpay-nonce', 'other') },
  'with another timestamp than was signed': {
    code: 'invalid_signature',
    headers: (headers) => ({ ...headers, 'wechatpay-timestamp': String(Number(headers['wechatpay-timestamp']) - 1) }),
  },
  'ten minutes old': { code: 'notification_expired', signed: { timestamp: now() - 600 } },
  'ten minutes ahead': { code: 'notification_expired', signed: { timestamp: now() + 600 } },
  'with a timestamp in milliseconds': { code: 'notification_expired', signed: { timestamp: Date.now() } },
  'with a timestamp of another form': {
    code: 'notification_expired',
    headers: withHeader('wechatpay-timestamp', '2026-11-22T10:34:56+08:00'),
  },
  'with a negative timestamp': { code: 'notification_expired', signed: { timestamp: -now() } },
  'signed with an unknown certificate': { code: 'unknown_serial', signed: { serial: unknownSerial() } },
  'signed with another’s public key': {
    code: 'unknown_serial',
    signed: { serial: `PUB_KEY_ID_01${'0'.repeat(31)}` },
  },
  'with one byte changed': {
    code: 'invalid_signature',
    sent: (body) => Buffer.from(body.toString().replace('EV-2018', 'EV-2019')),
  },
  'with a line end that was not signed': {
    code: 'invalid_signature',
    sent: (body) => Buffer.concat([body, Buffer.from('\n')]),
  },
  'the same JSON in other bytes': {
    code: 'invalid_signature',
    sent: (body) => Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1)),
  },
  'cut short': { code: 'invalid_signature', sent: (body) => body.subarray(0, -10) },
  'with no body but a signed one': { code: 'invalid_signature', sent: () => Buffer.alloc(0) },
  'signed, but empty': { code: 'malformed_notification', body: () => '' },
  'signed, but no JSON': {
    code: 'malformed_notification',
    body: () => '<xml><return_code>SUCCESS</return_code></xml>',
  },
  'signed, but null': { code: 'malformed_notification', body: () => 'null' },
  'signed, but a list': { code: 'malformed_notification', body: (text) => `[${text}]` },
  'without an event type': {
    code: 'malformed_notification',
    envelope: ({ event_type: _, ...envelope }) => envelope,
  },
  'without a resource': { code: 'malformed_notification', envelope: ({ resource: _, ...envelope }) => envelope },
  'of an unknown event type': {
    code: 'malformed_notification',
    envelope: (envelope) => ({ ...envelope, event_type: 'TRANSACTION.FAILED' }),
  },
  'of another product’s event type': {
    code: 'malformed_notification',
    envelope: (envelope) => ({ ...envelope, event_type: 'PAYSCORE.USER_PAID' }),
  },
  'of a refund of another merchant': {
    code: 'merchant_mismatch',
    plain: JSON.stringify({
      mchid: '1900000109',
      out_trade_no: 'T-1',
      out_refund_no: 'R1',
      refund_id: '50000000382019052709732678859',
      refund_status: 'SUCCESS',
      amount: { total: 1, refund: 1 },
    }),
    envelope: (envelope) => ({ ...envelope, event_type: 'REFUND.SUCCESS' }),
  },
  'of a refund, without its amount': {
    code: 'malformed_notification',
    plain: JSON.stringify({
      mchid: '1',
      out_trade_no: '1',
      out_refund_no: 'R1',
      refund_id: '5',
      refund_status: 'ABNORMAL',
    }),
    envelope: (envelope) => ({ ...envelope, event_type: 'REFUND.ABNORMAL' }),
  },
  'of a refund, but with a transaction in it': {
    code: 'malformed_notification',
    envelope: (envelope) => ({ ...envelope, event_type: 'REFUND.CLOSED' }),
  },
  'encrypted with another key': {
    code: 'decryption_failed',
    resource: (resource) => ({
      ...resource,
      ciphertext: Aes.AesGcm.encrypt('{}', 'another-key-of-exactly-32-bytes!', resource.nonce, 'transaction'),
    }),
  },
  'with another nonce than it was encrypted with': {
    code: 'decryption_failed',
    resource: (resource) => ({ ...resource, nonce: 'abcdefghijkl' }),
  },
  'with other associated data': {
    code: 'decryption_failed',
    resource: (resource) => ({ ...resource, associated_data: 'refund' }),
  },
  'without the associated data that it was encrypted with': {
    code: 'decryption_failed',
    resource: ({ associated_data: _, ...resource }) => resource,
  },
  'with a truncated ciphertext': {
    code: 'decryption_failed',
    resource: (resource) => ({ ...resource, ciphertext: String(resource.ciphertext).slice(0, -24) }),
  },
  'with a ciphertext shorter than its tag': {
    code: 'malformed_notification',
    resource: (resource) => ({ ...resource, ciphertext: 'AAAA' }),
  },
  'with a ciphertext that is no base64': {
    code: 'malformed_notification',
    resource: (resource) => ({ ...resource, ciphertext: '不是base64' }),
  },
  'of another algorithm': {
    code: 'malformed_notification',
    resource: (resource) => ({ ...resource, algorithm: 'AEAD_AES_128_GCM' }),
  },
  'with something other than JSON inside': { code: 'malformed_notification', plain: 'message' },
  'for another app': {
    code: 'merchant_mismatch',
    transaction: (transaction) => ({ ...transaction, appid: 'wx0000000000000000' }),
  },
  'for another merchant': {
    code: 'merchant_mismatch',
    transaction: (transaction) => ({ ...transaction, mchid: '1900000109' }),
  },
  'of one fen less': {
    code: 'amount_mismatch',
    transaction: (transaction) => ({ ...transaction, amount: { total: 3979, currency: 'CNY' } }),
  },
  'of one fen more': {
    code: 'amount_mismatch',
    transaction: (transaction) => ({ ...transaction, amount: { total: 3981, currency: 'CNY' } }),
  },
  'of what the payer paid instead of the whole': {
    code: 'amount_mismatch',
    transaction: (transaction) => ({ ...transaction, amount: { payer_total: 3980, currency: 'CNY' } }),
  },
  'in another currency': {
    code: 'amount_mismatch',
    transaction: (transaction) => ({ ...transaction, amount: { total: 3980, currency: 'HKD' } }),
  },
  'without an amount': {
    code: 'amount_mismatch',
    transaction: ({ amount: _, ...transaction }) => transaction,
  },
  'with an amount that is text': {
    code: 'malformed_notification',
    transaction: (transaction) => ({ ...transaction, amount: { total: '3980', currency: 'CNY' } }),
  },
  'with an amount that is no integer': {
    code: 'malformed_notification',
    transaction: (transaction) => ({ ...transaction, amount: { total: 3980.5, currency: 'CNY' } }),
  },
  'of an unknown order': {
    code: 'order_not_found',
    transaction: (transaction) => ({ ...transaction, out_trade_no: 'unknown-order-1' }),
  },
  'with an order number that is a number': {
    code: 'malformed_notification',
    transaction: (transaction) => ({ ...transaction, out_trade_no: 12345678 }),
  },
  'without a transaction id': {
    code: 'malformed_notification',
    transaction: ({ transaction_id: _, ...transaction }) => transaction,
  },
  ...Object.fromEntries(
    ['NOTPAY', 'CLOSED', 'REFUND', 'USERPAYING', 'REVOKED', 'PAYERROR', 'ACCEPT', 'success', 'UNHEARD_OF'].map(
      (state) => [
        `of the state ${state}`,
        {
          code: 'malformed_notification',
          transaction: (transaction: Json) => ({ ...transaction, trade_state: state }),
        },
      ],
    ),
  ),
  compressed: {
    code: 'unsupported_media_type',
    headers: withHeader('content-encoding', 'gzip'),
  },
  'of a megabyte': {
    code: 'body_too_large',
    envelope: (envelope) => ({ ...envelope, summary: 'x'.repeat(1024 * 1024) }),
  },
};

test('a notification that cannot be believed changes nothing', async (t) => {
  const proxy = await startHarness(t);
  const order = await payingOrder(proxy);
  const before = await stateOf(proxy, order);
  assert.deepEqual([before.order.status, before.events], ['paying', []]);

  for (const [name, { code, ...change }] of Object.entries(REFUSALS)) {
    await t.test(name, async () => {
      const [refused, accepted] = [await counted(proxy, code), await counted(proxy, 'accepted')];
      const answer = await notify(proxy, order, change);
      assertFail(answer, name);
      assert.ok(answer.text.includes(code), answer.text);
      assert.deepEqual(await stateOf(proxy, order), before);
      assert.equal(await counted(proxy, code), refused + 1, 'counted');
      assert.equal(await counted(proxy, 'accepted'), accepted);
    });
  }

  await t.test('and raises no alarm: whoever reaches the proxy can send one', () => {
    assertNothingSecret(proxy);
    assert.deepEqual(
      logLevels(proxy.log()).filter((level) => level >= 50),
      [],
    );
  });

  await t.test('while the genuine one for the same order is believed', async () => {
    assert.equal((await notify(proxy, order)).status, 204);
    assert.deepEqual((await stateOf(proxy, order)).events, ['order.paid']);
  });

  await t.test(
    'and so is one by the stand-in itself, when it has been probed, forged and mistaken before',
    async () => {
      const another = await payingOrder(proxy);
      const number = String(another.outTradeNo);
      proxy.wechat.control.pay(number, { notify: false });
      for (const fault of [
        'sign-test',
        'bad-signature',
        'unknown-serial',
        'tampered-amount',
        'foreign-mchid',
      ] as const) {
        const { status, body } = await proxy.wechat.control.notify(number, { fault });
        assertFail({ status, text: body, type: 'application/json' }, fault);
      }
      assert.equal((await proxy.wechat.control.notify(number)).status, 204);
    },
  );
});

describe('a genuine notification', () => {
  test('is answered with 204 and an empty body, when everything is on the disk', async (t) => {
    const webhook = { WEBHOOK_URL: `http://127.0.0.1:${await freePort()}/`, WEBHOOK_SECRET };
    const proxy = await startHarness(t, { environment: webhook });
    const order = await payingOrder(proxy);
    const { status, text } = await notify(proxy, order);
    assert.deepEqual([status, text], [204, '']);
    const db = new DatabaseSync(proxy.environment.DATABASE_URL!.slice('file:'.length), { readOnly: true });
    t.after(() => db.close());
    const { status: stored } = db.prepare('select status from orders where id = ?').get(String(order.id))!;
    assert.equal(stored, 'paid');
    const { events } = db
      .prepare(
        `select count(*) as events from events join outbox on outbox.eventId = events.id where type = 'order.paid'`,
      )
      .get()!;
    assert.equal(events, 1);
    assert.equal(await counted(proxy, 'accepted'), 1);
  });

  const bodies: Record<string, Change> = {
    'with other white space': { body: (text) => `\n ${JSON.stringify(JSON.parse(text), null, '\t')}\r\n\r\n` },
    'with escapes': {
      body: (text) => text.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
    },
    'with escaped slashes': { body: (text) => text.replaceAll('/', '\\/') },
    'with characters beyond the basic plane': { envelope: (envelope) => ({ ...envelope, summary: '支付成功 😀🧧𠮷' }) },
    'with its fields in another order': {
      envelope: (envelope) => Object.fromEntries(Object.entries(envelope).reverse()),
    },
    'with fields that are new': {
      envelope: (envelope) => ({ ...envelope, new_field: { a: [1] } }),
      transaction: (transaction) => ({ ...transaction, new_field: [null] }),
    },
    'with a discount': {
      transaction: (transaction) => ({
        ...transaction,
        amount: { total: 3980, payer_total: 1, currency: 'CNY', payer_currency: 'CNY' },
        promotion_detail: [{ coupon_id: '109519', amount: 3979 }],
      }),
    },
    'without a payer': { transaction: ({ payer: _, ...transaction }) => transaction },
    'of another content type': { headers: withHeader('content-type', 'text/plain') },
  };
  test('is believed whatever its bytes look like', async (t) => {
    const proxy = await startHarness(t);
    for (const [name, change] of Object.entries(bodies)) {
      const order = await payingOrder(proxy);
      const { status, text } = await notify(proxy, order, change);
      assert.equal(status, 204, `${name}: ${text}`);
      const state = await stateOf(proxy, order);
      assert.deepEqual([state.order.status, state.events], ['paid', ['order.paid']], name);
      assert.equal(state.order.paidAt, '2026-11-22T02:34:56.000Z', name);
    }
  });

  test('may be 300 seconds old or ahead, and no more', async (t) => {
    const second = now();
    const frozen = () => second * 1_000;
    const proxy = await startHarness(t, { now: frozen, wechat: { now: frozen } });
    for (const [difference, status] of [
      [-300, 204],
      [300, 204],
      [-301, 401],
      [301, 401],
    ] as const) {
      const order = await payingOrder(proxy);
      const answer = await notify(proxy, order, { signed: { timestamp: second + difference } });
      assert.equal(answer.status, status, `${difference} s: ${answer.text}`);
    }
  });

  test('counts once, however often it comes', async (t) => {
    const proxy = await startHarness(t);
    const order = await payingOrder(proxy);
    const answers = await Promise.all(Array.from({ length: 50 }, () => notify(proxy, order)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]));
    const paid = await stateOf(proxy, order);
    assert.deepEqual(paid.events, ['order.paid']);
    await proxy.restart();
    assert.equal((await notify(proxy, order)).status, 204);
    assert.deepEqual(await stateOf(proxy, order), paid);
    assert.equal(await counted(proxy, 'accepted'), 1, 'after the restart');
  });

  test('of another transaction for a paid order is refused: both must be seen by somebody', async (t) => {
    const proxy = await startHarness(t);
    const order = await payingOrder(proxy);
    await notify(proxy, order);
    const paid = await stateOf(proxy, order);
    const answer = await notify(proxy, order, {
      transaction: (transaction) => ({ ...transaction, transaction_id: '4200009999202611229999999999' }),
    });
    assertFail(answer, 'another transaction');
    assert.deepEqual(await stateOf(proxy, order), paid);
  });

  test('and answers to questions may come at once: the order is paid once', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    const orders = await Promise.all(Array.from({ length: 5 }, () => payingOrder(proxy)));
    for (const { outTradeNo } of orders) proxy.wechat.control.pay(String(outTradeNo), { notify: false });
    clock.advance(3_000);
    await Promise.all(
      orders.flatMap(({ id, outTradeNo }) => [
        proxy.page('GET', `/v1/orders/${id}`),
        proxy.wechat.control.notify(String(outTradeNo)),
        proxy.page('GET', `/v1/orders/${id}`),
        proxy.wechat.control.notify(String(outTradeNo)),
      ]),
    );
    for (const order of orders) {
      const { order: paid, events } = await stateOf(proxy, order);
      assert.deepEqual([paid.status, events], ['paid', ['order.paid']]);
      assert.equal(paid.transactionId, proxy.wechat.control.order(String(order.outTradeNo))!.transactionId);
    }
  });
});

const CERTIFICATES_ONLY = { WECHAT_PAY_PUBLIC_KEY: '', WECHAT_PAY_PUBLIC_KEY_ID: '' };

function downloads({ calls }: Wechat): number {
  return calls.filter(({ path }) => path === CERTIFICATES).length;
}

/** A WeChat that signs with its platform certificates, from the proxy’s first request on. */
async function startWithCertificates(t: TestContext, options: HarnessOptions = {}) {
  const proxy = await startHarness(t, {
    ...options,
    environment: CERTIFICATES_ONLY,
    prepare: (wechat) => wechat.control.set({ payMode: 'certificate' }),
  });
  await eventually(() => downloads(proxy.wechat) === 1, 'the first download');
  return proxy;
}

describe('platform certificates', () => {
  it('are downloaded once, and kept over a restart', async (t) => {
    const proxy = await startWithCertificates(t);
    assert.equal((await notify(proxy, await payingOrder(proxy))).status, 204);
    await proxy.restart();
    assert.equal((await notify(proxy, await payingOrder(proxy))).status, 204);
    assert.equal(downloads(proxy.wechat), 1);
    assertNothingSecret(proxy);
  });

  it('may change: notifications with the new serial cause one download', async (t) => {
    const proxy = await startWithCertificates(t);
    const [old] = proxy.wechat.control.serials().certificates;
    const orders = await Promise.all(Array.from({ length: 10 }, () => payingOrder(proxy)));
    proxy.wechat.control.rotateCertificate();
    const answers = await Promise.all(orders.map((order) => notify(proxy, order)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]));
    assert.equal(downloads(proxy.wechat), 2);
    const byTheOldOne = await notify(proxy, await payingOrder(proxy), { signed: { serial: old! } });
    assert.equal(byTheOldOne.status, 204, 'the old one is still listed');
    assert.equal(downloads(proxy.wechat), 2);
  });

  it('may change: an answer with the new serial is believed after one download', async (t) => {
    const proxy = await startWithCertificates(t);
    proxy.wechat.control.rotateCertificate();
    await payingOrder(proxy);
    assert.equal(downloads(proxy.wechat), 2);
  });

  it('are looked at anew every twelve hours at least, though nothing comes', async (t) => {
    const clock = sharedClock();
    const proxy = await startWithCertificates(t, clock.options);
    // WeChat’s answer is signed: by now the proxy has what it has downloaded.
    await payingOrder(proxy);
    assert.equal(downloads(proxy.wechat), 1);
    clock.advance(12 * 3_600_000);
    await proxy.restart();
    await eventually(() => downloads(proxy.wechat) === 2, 'the second download');
  });

  it('are not downloaded for every forged serial', async (t) => {
    const proxy = await startWithCertificates(t);
    const order = await payingOrder(proxy);
    const forged = () => notify(proxy, order, { signed: { serial: unknownSerial() } });
    for (const answer of await Promise.all(Array.from({ length: 50 }, forged))) assertFail(answer, 'forged');
    for (let count = 0; count < 50; count += 1) assertFail(await forged(), 'forged');
    assert.ok(downloads(proxy.wechat) <= 3, `${downloads(proxy.wechat)} downloads`);
    assert.equal((await notify(proxy, order)).status, 204);
  });

  it('that are forged under a known serial are not asked for at all', async (t) => {
    const proxy = await startWithCertificates(t);
    const order = await payingOrder(proxy);
    assertFail(await notify(proxy, order, { headers: signedByNobody }), 'forged');
    assert.equal(downloads(proxy.wechat), 1);
  });

  it('and the public key are both believed in the week of the switch', async (t) => {
    const proxy = await startHarness(t);
    proxy.wechat.control.set({ payMode: 'switching' });
    const { publicKey, certificates } = proxy.wechat.control.serials();
    for (const serial of [publicKey, certificates[0]!, publicKey, certificates[0]!]) {
      const { status, text } = await notify(proxy, await payingOrder(proxy), { signed: { serial } });
      assert.equal(status, 204, `${serial}: ${text}`);
    }
    assert.equal(downloads(proxy.wechat), 1);
  });

  it('are none of a merchant that has the public key only: a forged serial is refused, and seldom asked about', async (t) => {
    const proxy = await startHarness(t);
    const order = await payingOrder(proxy);
    for (let count = 0; count < 20; count += 1) {
      assertFail(await notify(proxy, order, { signed: { serial: unknownSerial() } }), 'forged');
    }
    assert.ok(downloads(proxy.wechat) <= 2, `${downloads(proxy.wechat)} downloads`);
    assert.equal((await notify(proxy, order)).status, 204);
  });
});

interface Exchanged {
  status: number;
  headers: Headers;
  body: Buffer;
}
type Tamper = (path: string, answer: Exchanged) => Exchanged;

/** Somebody between the proxy and WeChat Pay, who hands WeChat’s answers on as he likes. */
async function startMiddleman(t: TestContext): Promise<{ url: string; aim(target: string): void; tamper: Tamper }> {
  let target = '';
  const middleman = {
    url: '',
    tamper: ((_path, answer) => answer) as Tamper,
    aim: (url: string) => {
      target = url;
    },
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers as Headers;
    const answer = await fetch(target + request.url, {
      method: request.method!,
      headers,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const {
      connection: ____,
      'transfer-encoding': _____,
      'content-length': ______,
      ...kept
    } = Object.fromEntries(answer.headers);
    const body = Buffer.from(await answer.arrayBuffer());
    const handed = middleman.tamper(request.url!, { status: answer.status, headers: kept, body });
    response.writeHead(handed.status, handed.headers).end(handed.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  middleman.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return middleman;
}

type Middleman = Awaited<ReturnType<typeof startMiddleman>>;

function startBehind(t: TestContext, middleman: Middleman, options: HarnessOptions = {}): Promise<Harness> {
  return startHarness(t, {
    ...options,
    environment: { WECHAT_PAY_URL: middleman.url, ...options.environment },
    prepare: (wechat) => {
      middleman.aim(wechat.url);
      options.prepare?.(wechat);
    },
  });
}

const UNTRUSTED: Record<string, (answer: Exchanged, wechat: Wechat) => Exchanged> = {
  'without a signature': ({ headers, ...answer }) => ({ ...answer, headers: omit(headers, 'wechatpay-signature') }),
  'without a timestamp': ({ headers, ...answer }) => ({ ...answer, headers: omit(headers, 'wechatpay-timestamp') }),
  'without a nonce': ({ headers, ...answer }) => ({ ...answer, headers: omit(headers, 'wechatpay-nonce') }),
  'without a serial': ({ headers, ...answer }) => ({ ...answer, headers: omit(headers, 'wechatpay-serial') }),
  'signed by nobody': ({ headers, ...answer }) => ({ ...answer, headers: signedByNobody(headers, answer.body) }),
  'with another body': (answer) => ({ ...answer, body: Buffer.concat([answer.body, Buffer.from(' ')]) }),
  'of ten minutes ago': (answer, { control }) => ({
    ...answer,
    headers: { ...answer.headers, ...control.sign(answer.body, { timestamp: now() - 600 }) },
  }),
  'with an unknown serial': (answer, { control }) => ({
    ...answer,
    headers: { ...answer.headers, ...control.sign(answer.body, { serial: unknownSerial() }) },
  }),
};

function omit(headers: Headers, name: string): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

test('an answer that WeChat has not signed is not believed', async (t) => {
  const middleman = await startMiddleman(t);
  const proxy = await startBehind(t, middleman);
  const { wechat } = proxy;
  for (const [name, change] of Object.entries(UNTRUSTED)) {
    await t.test(`${name}: no payment`, async () => {
      const order = await proxy.order();
      middleman.tamper = (_path, answer) => change(answer, wechat);
      const { status, json } = await proxy.prepay(order.id);
      middleman.tamper = (_path, answer) => answer;
      assert.deepEqual([status, json.code], [502, 'wechat_untrusted']);
      assert.equal((await stateOf(proxy, order)).order.status, 'created');
      assert.equal((await proxy.prepay(order.id)).status, 200, 'and it can be paid when WeChat answers again');
    });
  }

  await t.test('that an order is paid', async () => {
    const order = await payingOrder(proxy);
    wechat.control.pay(String(order.outTradeNo), { notify: false });
    middleman.tamper = (_path, answer) => UNTRUSTED['signed by nobody']!(answer, wechat);
    assert.equal((await proxy.merchant('GET', `/v1/orders/${order.id}`)).json.status, 'paying');
    middleman.tamper = (_path, answer) => answer;
    assert.deepEqual((await stateOf(proxy, order)).events, []);
  });

  await t.test('that an order is closed', async () => {
    const order = await payingOrder(proxy);
    middleman.tamper = (path, answer) =>
      path.endsWith('/close') ? UNTRUSTED['without a signature']!(answer, wechat) : answer;
    const { status, json } = await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
    middleman.tamper = (_path, answer) => answer;
    assert.deepEqual([status, json.code], [502, 'wechat_untrusted']);
    assert.equal((await stateOf(proxy, order)).order.status, 'paying');
  });
  assertNothingSecret(proxy);
});

describe('a list of certificates', () => {
  async function startInCertificateMode(t: TestContext, change: Tamper) {
    const clock = sharedClock();
    const middleman = await startMiddleman(t);
    middleman.tamper = ofCertificates(change);
    const proxy = await startBehind(t, middleman, {
      ...clock.options,
      environment: CERTIFICATES_ONLY,
      prepare: (wechat) => wechat.control.set({ payMode: 'certificate' }),
    });
    return { middleman, proxy, advance: clock.advance };
  }
  const ofCertificates = (change: Tamper): Tamper => {
    return (path, answer) => (path === CERTIFICATES ? change(path, answer) : answer);
  };

  const firstLists: Record<string, Tamper> = {
    'that is encrypted with another key': (_path, answer) => {
      const { data } = JSON.parse(answer.body.toString());
      for (const { encrypt_certificate: resource } of data) {
        const { nonce, associated_data: associatedData } = resource;
        resource.ciphertext = Aes.AesGcm.encrypt('PEM', 'another-key-of-exactly-32-bytes!', nonce, associatedData);
      }
      return { ...answer, body: Buffer.from(JSON.stringify({ data })) };
    },
    'that has certificates as they are': (_path, answer) => ({
      ...answer,
      body: Buffer.from('{"data":[{"serial_no":"1","encrypt_certificate":"PEM"}]}'),
    }),
    'that is empty': (_path, answer) => ({ ...answer, body: Buffer.from('{"data":[]}') }),
    'that is no JSON': (_path, answer) => ({ ...answer, body: Buffer.from('<html>') }),
  };
  it('that is not encrypted for this merchant is refused, the first one too: nothing is believed', async (t) => {
    const { middleman, proxy, advance } = await startInCertificateMode(t, firstLists['that is no JSON']!);
    const order = await proxy.order();
    for (const [name, change] of Object.entries(firstLists)) {
      middleman.tamper = ofCertificates(change);
      advance(61_000);
      const { status, json } = await proxy.prepay(order.id);
      assert.deepEqual([status, json.code], [502, 'wechat_untrusted'], name);
      assertFail(await notify(proxy, order), name);
      assert.equal((await stateOf(proxy, order)).order.status, 'created', name);
    }
    middleman.tamper = (_path, answer) => answer;
    advance(61_000);
    assert.equal((await notify(proxy, order)).status, 204, 'the genuine list');
  });

  it('need not be signed the first time: it proves itself by being encrypted for this merchant', async (t) => {
    const { proxy } = await startInCertificateMode(t, (_path, { headers, ...answer }) => ({
      ...answer,
      headers: omit(headers, 'wechatpay-signature'),
    }));
    await eventually(() => downloads(proxy.wechat) === 1, 'the first download');
    assert.equal((await notify(proxy, await payingOrder(proxy))).status, 204);
  });

  it('must be signed later on: else only what is known is believed', async (t) => {
    const { middleman, proxy, advance } = await startInCertificateMode(t, (_path, answer) => answer);
    const order = await payingOrder(proxy);
    const later = Object.entries(UNTRUSTED).filter(([name]) => name !== 'with another body');
    for (const [name, change] of later) {
      middleman.tamper = ofCertificates((_path, answer) => change(answer, proxy.wechat));
      proxy.wechat.control.rotateCertificate();
      advance(61_000);
      const before = downloads(proxy.wechat);
      assertFail(await notify(proxy, order), name);
      assert.equal(downloads(proxy.wechat), before + 1, name);
      assert.deepEqual((await stateOf(proxy, order)).events, [], name);
    }
    middleman.tamper = (_path, answer) => answer;
    advance(61_000);
    assert.equal((await notify(proxy, order)).status, 204, 'the genuine list');
  });
});

describe('the second pay domain', () => {
  it('serves where the first refuses connections', async (t) => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    const proxy = await startHarness(t, {
      environment: ({ url }) => ({ WECHAT_PAY_URL: `${dead},${url}` }),
    });
    const order = await payingOrder(proxy);
    proxy.wechat.control.pay(String(order.outTradeNo), { notify: false });
    assert.equal((await proxy.merchant('GET', `/v1/orders/${order.id}`)).json.status, 'paid');
  });

  it('serves where the first drops the connection or answers 502, and the order is made once', async (t) => {
    for (const fault of [{ kind: 'disconnect' }, { kind: 'status', status: 502 }] as const) {
      const proxy = await startHarness(t, {
        environment: ({ url }) => ({ WECHAT_PAY_URL: `${url},${url.replace('127.0.0.1', 'localhost')}` }),
      });
      proxy.wechat.control.fail({ path: '/v3/pay/transactions/jsapi', ...fault, when: 'after' });
      const order = await payingOrder(proxy);
      const made = proxy.wechat.calls.filter(({ path }) => path === '/v3/pay/transactions/jsapi');
      assert.equal(made.length, 2);
      assert.deepEqual(new Set(made.map(({ requestBody }) => JSON.parse(requestBody).out_trade_no)).size, 1);
      assert.equal(new Set(made.map(({ requestHeaders }) => requestHeaders.host)).size, 2);
      assert.equal((await stateOf(proxy, order)).order.status, 'paying');
    }
  });
});
