/** Comparing WeChat's bills with what is known here: by hand, as a command, and every day. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { loadConfig } from '../../proxy/config.ts';
import type { Report } from '../../proxy/orders/reconciliation.ts';
import { createServices } from '../../proxy/services.ts';
import { outRefundNo, paidOrder, payLate, refund, refundEventsOf, seenRefund, start } from './at-wechat.ts';
import { byV2, configured, signed, toXml } from './by-v2.ts';
import {
  eventually,
  type Harness,
  type HarnessOptions,
  type Reply,
  sharedClock,
  shareHarness,
  startHarness,
  startReceiver,
  WEBHOOK_SECRET,
} from './harness.ts';
import { create, seen, typesOf } from './merchant.ts';
import { INHERITED, startProcess } from './process.ts';
import { startSecond } from './second-proxy.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CLI = fileURLToPath(new URL('../../proxy/cli.ts', import.meta.url));

const clock = sharedClock();
const { now } = clock.options;

const fen = (total: number) => ({ total, currency: 'CNY' });
/** `2026-11-21`, in China. */
const dateOf = (time: number) => new Date(time + 8 * HOUR).toISOString().slice(0, 10);
/** A time of a day in China. */
const at = (date: string, time = '00:00') => Date.parse(`${date}T${time}:00+08:00`);
const advanceTo = (time: number) => clock.advance(time - now());

/** Noon of a day on which nothing has happened yet. */
function newDay(): string {
  const date = dateOf(now() + 2 * DAY);
  advanceTo(at(date, '12:00'));
  return date;
}

/** Compares as the command does, when the bill of the day lies there. The proxy is away meanwhile: it would ask too. */
async function reconcile(proxy: Harness, date: string, { expectErrors = false } = {}): Promise<Report> {
  await proxy.stop();
  try {
    advanceTo(Math.max(now(), at(date, '12:00') + DAY));
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const { store, reconciliation } = await createServices(loadConfig(proxy.environment), { now, onError });
    const report = await reconciliation.run(date).finally(() => store.close());
    assert.equal(errors.length > 0, expectErrors, String(errors));
    return report;
  } finally {
    await proxy.restart();
  }
}

/** An order that somebody has begun to pay. */
async function payingOrder(proxy: Harness, fields: object = {}): Promise<Reply['json']> {
  const order = (await create(proxy, fields)).json;
  const { status, text } = await start(proxy, order, 'native');
  assert.equal(status, 200, text);
  return order;
}

/** An order that is paid, of which nobody has heard here. */
async function unheardOf(proxy: Harness): Promise<Reply['json']> {
  const order = await payingOrder(proxy);
  const { transactionId } = proxy.wechat.control.pay(order.outTradeNo, { notify: false });
  return { ...order, transactionId };
}

/** A refund that WeChat still works at. */
async function underWay(proxy: Harness, fields: object = { amount: fen(1000) }) {
  const order = await paidOrder(proxy);
  proxy.wechat.control.set({ refunds: 'wait' });
  const { json } = await refund(proxy, order, fields);
  proxy.wechat.control.set({ refunds: 'succeed' });
  return { order, number: json.outRefundNo as string };
}

async function refunded(proxy: Harness, amount = 1000) {
  const order = await paidOrder(proxy);
  const { json } = await refund(proxy, order, { amount: fen(amount) });
  await eventually(
    async () => (await seenRefund(proxy, order, json.outRefundNo)).status === 'succeeded',
    'the refund succeeds',
  );
  return { order, number: json.outRefundNo as string };
}

const refundEventTypes = async (proxy: Harness, order: { id: string }) =>
  (await refundEventsOf(proxy, order)).map(({ type }) => type);

/** Lets the bill say something else than the truth; `change` gets its rows. */
function falsify({ wechat }: Harness, date: string, change: (rows: string[]) => string[]): void {
  const [header, ...rest] = wechat.control.billOf(date).trimEnd().split('\r\n');
  const [names, sums] = rest.slice(-2);
  const rows = change(rest.slice(0, -2));
  const announced = sums!.replace(/^`\d+/, `\`${rows.length}`);
  wechat.control.setBill(date, `${[header, ...rows, names, announced].join('\r\n')}\r\n`);
}

const without = (text: string) => (rows: string[]) => {
  const left = rows.filter((row) => !row.includes(text));
  assert.equal(left.length, rows.length - 1, `${text} was there`);
  return left;
};
/** In the one row that has all of them. */
const replaced = (marks: string[], from: string, to: string) => (rows: string[]) => {
  const index = rows.findIndex((row) => marks.every((mark) => row.includes(mark)));
  assert.ok(rows[index]?.includes(from), `${marks} and ${from} are there`);
  return rows.with(index, rows[index]!.replaceAll(from, to));
};

const VERSIONS = {
  v3: { options: clock.options, bill: '/v3/bill/tradebill', query: '/v3/pay/transactions/out-trade-no/*' },
  v2: { options: byV2(clock.options), bill: '/pay/downloadbill', query: '/pay/orderquery' },
};
const UNKNOWN = {
  v3: { kind: 'status', status: 404, code: 'ORDER_NOT_EXIST' },
  v2: { kind: 'status', code: 'ORDERNOTEXIST' },
} as const;

for (const [version, { options, bill, query }] of Object.entries(VERSIONS)) {
  describe(`a day’s bill, by ${version}`, () => {
    const shared = shareHarness(options);

    test('agrees where everything was heard of', async () => {
      const { proxy } = shared;
      const date = newDay();
      await paidOrder(proxy, { description: '茶, 一壶', attach: 'a,`b' });
      await refunded(proxy);
      await underWay(proxy);
      await payingOrder(proxy);
      await create(proxy);
      const closed = await payingOrder(proxy);
      await proxy.merchant('POST', `/v1/orders/${closed.id}/close`);

      assert.deepEqual(await reconcile(proxy, date), { date, payments: 3, refunds: 2, differences: [] });
    });

    test('has those days’ payments only that are China’s', async () => {
      const { proxy } = shared;
      const date = newDay();
      advanceTo(at(date, '23:59'));
      const late = await paidOrder(proxy);
      clock.advance(2 * MINUTE);
      const early = await paidOrder(proxy);

      const reports = [await reconcile(proxy, date), await reconcile(proxy, dateOf(at(date) + DAY))];

      assert.deepEqual(
        [late, early].map(({ status }) => status),
        ['paid', 'paid'],
      );
      assert.deepEqual(
        reports.map(({ payments, differences }) => [payments, differences]),
        [
          [1, []],
          [1, []],
        ],
      );
    });

    test('knows an order by each of the numbers that it had', async () => {
      const { proxy } = shared;
      const date = newDay();
      const order = await payingOrder(proxy);
      await start(proxy, order, 'h5');
      const { tradeNo } = await seen(proxy, order);
      assert.notEqual(tradeNo, order.outTradeNo);
      proxy.wechat.control.pay(tradeNo);
      await proxy.wechat.control.notificationsSettled();

      assert.deepEqual(await reconcile(proxy, date), { date, payments: 1, refunds: 0, differences: [] });
    });

    test('finds a payment that nobody has heard of: WeChat is asked, and it is mended, once', async () => {
      const { proxy } = shared;
      const date = newDay();
      const { id, outTradeNo, transactionId } = await unheardOf(proxy);

      const report = await reconcile(proxy, date);

      const found = { kind: 'status', tradeNo: outTradeNo, transactionId, orderId: id, amount: 3980 };
      assert.deepEqual(report.differences, [{ ...found, here: 'paying', there: 'SUCCESS', healed: true }]);
      assert.equal((await seen(proxy, { outTradeNo })).status, 'paid');
      assert.deepEqual(await typesOf(proxy, { id }), ['order.paid']);
      assert.deepEqual((await reconcile(proxy, date)).differences, []);
      assert.deepEqual(await typesOf(proxy, { id }), ['order.paid']);
    });

    test('finds what was paid when the order was over', async () => {
      const { proxy } = shared;
      const date = newDay();
      const order = await payingOrder(proxy);
      await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
      proxy.wechat.control.set({ notifications: 'hold' });
      payLate(proxy, order.outTradeNo);

      const [difference, ...others] = (await reconcile(proxy, date)).differences;

      const { kind, here, healed } = difference!;
      assert.deepEqual({ kind, here, healed }, { kind: 'status', here: 'closed', healed: true });
      assert.deepEqual(others, []);
      assert.deepEqual(await typesOf(proxy, order), ['payment.late', 'order.closed']);
      proxy.wechat.control.set({ notifications: 'send' });
      await proxy.wechat.control.notificationsSettled();
      assert.deepEqual(await typesOf(proxy, order), ['payment.late', 'order.closed']);
    });

    for (const [end, told, status, event] of [
      ['SUCCESS', 'SUCCESS', 'succeeded', 'refund.succeeded'],
      ['ABNORMAL', 'CHANGE', 'abnormal', 'refund.failed'],
      ['CLOSED', 'FAIL', 'closed', 'refund.failed'],
    ] as const) {
      test(`finds a refund whose end nobody has heard of: ${status}`, async () => {
        const { proxy } = shared;
        const date = newDay();
        const { order, number } = await underWay(proxy);
        proxy.wechat.control.finishRefund(number, end, { notify: false });

        const report = await reconcile(proxy, date);

        assert.deepEqual([report.payments, report.refunds], [1, 1]);
        assert.deepEqual(report.differences, [
          {
            kind: 'status',
            tradeNo: order.outTradeNo,
            outRefundNo: number,
            transactionId: order.transactionId,
            orderId: order.id,
            amount: 1000,
            here: 'processing',
            there: told,
            healed: true,
          },
        ]);
        assert.equal((await seenRefund(proxy, order, number)).status, status);
        assert.deepEqual(await refundEventTypes(proxy, order), [event]);
        assert.deepEqual((await reconcile(proxy, date)).differences, []);
      });
    }

    test('agrees with a refund that has ended since the bill was written', async () => {
      const { proxy } = shared;
      const date = newDay();
      const { number } = await underWay(proxy);
      const bill = proxy.wechat.control.billOf(date);
      assert.match(bill, /`PROCESSING/);
      proxy.wechat.control.finishRefund(number, 'SUCCESS');
      await proxy.wechat.control.notificationsSettled();
      proxy.wechat.control.setBill(date, bill);

      assert.deepEqual((await reconcile(proxy, date)).differences, []);
    });

    test('agrees with a refund that did arrive after the bill called it abnormal', async () => {
      const { proxy } = shared;
      const date = newDay();
      const { number } = await underWay(proxy);
      proxy.wechat.control.finishRefund(number, 'ABNORMAL');
      await proxy.wechat.control.notificationsSettled();
      const bill = proxy.wechat.control.billOf(date);
      assert.match(bill, /`CHANGE/);
      proxy.wechat.control.finishRefund(number, 'SUCCESS');
      await proxy.wechat.control.notificationsSettled();
      proxy.wechat.control.setBill(date, bill);

      assert.deepEqual((await reconcile(proxy, date)).differences, []);
    });

    test('agrees with a refund that was refused one day and asked for again on the next', async () => {
      const { proxy } = shared;
      const date = newDay();
      const order = await paidOrder(proxy);
      const fields = { outRefundNo: outRefundNo(), amount: fen(1000) };
      proxy.wechat.control.set({ merchantBalance: 0 });
      assert.equal((await refund(proxy, order, fields)).json.code, 'wechat_pay_balance_too_low');
      clock.advance(DAY);
      proxy.wechat.control.set({ merchantBalance: null });
      assert.equal((await refund(proxy, order, fields)).status, 201);
      await proxy.wechat.control.notificationsSettled();

      const next = dateOf(at(date) + DAY);
      const reports = [await reconcile(proxy, date), await reconcile(proxy, next)];

      assert.deepEqual(reports, [
        { date, payments: 1, refunds: 0, differences: [] },
        { date: next, payments: 0, refunds: 1, differences: [] },
      ]);
    });

    test('reports a payment that is of no order here', async () => {
      const { proxy } = shared;
      const date = newDay();
      const outTradeNo = `strange-${Date.now()}-${version}`;
      const { transactionId } = await paidByAnother(proxy, outTradeNo);

      const { differences } = await reconcile(proxy, date);

      assert.deepEqual(differences, [
        {
          ...{ kind: 'missing_here', tradeNo: outTradeNo, transactionId, amount: 100 },
          ...{ here: null, there: 'SUCCESS', healed: false },
        },
      ]);
    });

    test('is believed only where WeChat confirms it: an amount', async () => {
      const { proxy } = shared;
      const date = newDay();
      const [known, unknown] = [await paidOrder(proxy), await unheardOf(proxy)];
      for (const { outTradeNo } of [known, unknown]) {
        falsify(proxy, date, replaced([outTradeNo], '`39.80', '`39.79'));
      }

      const { differences } = await reconcile(proxy, date);

      assert.deepEqual(
        differences.map(({ kind, orderId, here, there, healed }) => [kind, orderId, here, there, healed]),
        [
          ['amount', known.id, 3980, 3979, false],
          ['amount', unknown.id, 3980, 3979, false],
        ],
      );
    });

    test('is believed only where WeChat confirms it: a currency', async () => {
      const { proxy } = shared;
      const date = newDay();
      const { outTradeNo } = await paidOrder(proxy);
      falsify(proxy, date, replaced([outTradeNo], '`CNY', '`HKD'));

      const kinds = (await reconcile(proxy, date)).differences.map(({ kind, healed }) => [kind, healed]);

      assert.deepEqual(kinds, [['amount', false]]);
    });

    test('is believed only where WeChat confirms it: another transaction', async () => {
      const { proxy } = shared;
      const date = newDay();
      const { id, outTradeNo, transactionId } = await paidOrder(proxy);
      const another = `4299${transactionId.slice(4)}`;
      falsify(proxy, date, replaced([outTradeNo], transactionId, another));

      const { differences } = await reconcile(proxy, date);

      const common = { tradeNo: outTradeNo, orderId: id, amount: 3980, healed: false };
      assert.deepEqual(differences, [
        { kind: 'missing_here', ...common, transactionId: another, here: null, there: 'SUCCESS' },
        { kind: 'missing_there', ...common, transactionId, here: 'paid', there: 'SUCCESS' },
      ]);
    });

    test('is believed only where WeChat confirms it: that an order is paid', async () => {
      const { proxy } = shared;
      const date = newDay();
      const paid = await paidOrder(proxy);
      const order = await payingOrder(proxy, { expiresAt: new Date(now() + 3 * DAY).toISOString() });
      const another = `4299${paid.transactionId.slice(4)}`;
      falsify(proxy, date, (rows) => [
        ...rows,
        rows[0]!.replaceAll(paid.outTradeNo, order.outTradeNo).replaceAll(paid.transactionId, another),
      ]);

      const [difference, ...others] = (await reconcile(proxy, date)).differences;

      const { kind, orderId, here, there, healed } = difference!;
      assert.deepEqual([kind, orderId, here, there, healed], ['status', order.id, 'paying', 'SUCCESS', false]);
      assert.deepEqual(others, []);
      assert.deepEqual(await typesOf(proxy, order), []);
    });

    test('is believed only where WeChat confirms it: that a refund has succeeded', async () => {
      const { proxy } = shared;
      const date = newDay();
      const { order, number } = await underWay(proxy);
      falsify(proxy, date, replaced([number], '`PROCESSING', '`SUCCESS'));

      const [difference, ...others] = (await reconcile(proxy, date)).differences;

      const { kind, outRefundNo, here, there, healed } = difference!;
      assert.deepEqual([kind, outRefundNo, here, there, healed], ['status', number, 'processing', 'SUCCESS', false]);
      assert.deepEqual(others, []);
      assert.equal((await seenRefund(proxy, order, number)).status, 'processing');
    });

    test('is believed only where WeChat confirms it: a refund’s amount, or number', async () => {
      const { proxy } = shared;
      const date = newDay();
      const [one, two] = [await refunded(proxy), await refunded(proxy)];
      falsify(proxy, date, replaced([one.number], '`10.00', '`10.01'));
      falsify(proxy, date, replaced([two.number], two.number, 'R-strange'));

      const { differences } = await reconcile(proxy, date);

      const of = ({ order }: typeof one) => ({ tradeNo: order.outTradeNo, healed: false });
      const id = ({ order }: typeof one) => ({ orderId: order.id });
      const transaction = ({ order }: typeof one) => ({ transactionId: order.transactionId });
      assert.deepEqual(differences, [
        {
          ...{ kind: 'amount', outRefundNo: one.number, amount: 1001, here: 1000, there: 1001 },
          ...{ ...of(one), ...id(one), ...transaction(one) },
        },
        {
          ...{ kind: 'missing_here', outRefundNo: 'R-strange', amount: 1000, here: null, there: 'SUCCESS' },
          ...{ ...of(two), ...transaction(two) },
        },
        {
          ...{ kind: 'missing_there', outRefundNo: two.number, amount: 1000, here: 'succeeded', there: 'SUCCESS' },
          ...{ ...of(two), ...id(two) },
        },
      ]);
    });

    test('that lacks a payment or refund is reported, with what WeChat says otherwise', async () => {
      const { proxy } = shared;
      const date = newDay();
      const paid = await paidOrder(proxy);
      const { order, number } = await refunded(proxy);
      falsify(proxy, date, without(paid.outTradeNo));
      falsify(proxy, date, without(number));

      const { differences } = await reconcile(proxy, date);

      const missing = { kind: 'missing_there', there: 'SUCCESS', healed: false };
      assert.deepEqual(differences, [
        {
          ...missing,
          ...{
            tradeNo: paid.outTradeNo,
            orderId: paid.id,
            transactionId: paid.transactionId,
            amount: 3980,
            here: 'paid',
          },
        },
        {
          ...missing,
          ...{ tradeNo: order.outTradeNo, outRefundNo: number, orderId: order.id, amount: 1000, here: 'succeeded' },
        },
      ]);
    });

    test('that lacks a payment of which WeChat knows nothing either is reported', async () => {
      const { proxy } = shared;
      const date = newDay();
      const [kept, paid] = [await paidOrder(proxy), await paidOrder(proxy)];
      falsify(proxy, date, without(paid.outTradeNo));
      proxy.wechat.control.fail({ path: query, ...UNKNOWN[version as 'v3' | 'v2'] });

      const { payments, differences } = await reconcile(proxy, date);

      assert.equal(payments, 1, kept.outTradeNo);
      assert.deepEqual(
        differences.map(({ kind, orderId, here, there }) => [kind, orderId, here, there]),
        [['missing_there', paid.id, 'paid', null]],
      );
    });

    test('goes on where WeChat does not answer to a question: what could not be mended stays', async () => {
      const { proxy } = shared;
      const date = newDay();
      const [paid, one, two] = [await paidOrder(proxy), await unheardOf(proxy), await unheardOf(proxy)];
      falsify(proxy, date, without(paid.outTradeNo));
      await proxy.stop();
      proxy.wechat.control.fail({ path: query, kind: 'disconnect', count: 2 });
      const first = await reconcile(proxy, date, { expectErrors: true });
      proxy.wechat.control.reset();

      assert.deepEqual(
        first.differences.map(({ kind, orderId, there, healed }) => [kind, orderId, there, healed]),
        [
          ['status', one.id, 'SUCCESS', false],
          ['status', two.id, 'SUCCESS', true],
          ['missing_there', paid.id, 'SUCCESS', false],
        ],
      );
    });

    test('says that it does not know where WeChat cannot be asked about what is missing', async () => {
      const { proxy } = shared;
      const date = newDay();
      const [kept, paid] = [await paidOrder(proxy), await paidOrder(proxy)];
      falsify(proxy, date, without(paid.outTradeNo));
      await proxy.stop();
      proxy.wechat.control.fail({ path: query, kind: 'disconnect', count: 2 });

      const { differences } = await reconcile(proxy, date, { expectErrors: true });

      assert.deepEqual(
        differences.map(({ kind, orderId, there }) => [kind, orderId, there]),
        [['missing_there', paid.id, 'unknown']],
        kept.outTradeNo,
      );
    });

    test('leaves out what a cashier has taken back', async () => {
      const { proxy } = shared;
      const date = newDay();
      const [kept, revoked] = [await paidOrder(proxy), await unheardOf(proxy)];
      falsify(proxy, date, replaced([revoked.outTradeNo], '`SUCCESS', '`REVOKED'));

      const report = await reconcile(proxy, date);

      assert.deepEqual(report, { date, payments: 1, refunds: 0, differences: [] }, kept.outTradeNo);
    });

    test('of a day on which nothing happened has nothing to say', async () => {
      const { proxy } = shared;
      const date = newDay();
      await payingOrder(proxy);

      assert.deepEqual(await reconcile(proxy, date), { date, payments: 0, refunds: 0, differences: [] });
    });

    test('that WeChat does not have, though something was paid, is a difference', async () => {
      const { proxy } = shared;
      const date = newDay();
      const paid = await paidOrder(proxy);
      proxy.wechat.control.fail({
        path: bill,
        kind: 'status',
        status: version === 'v3' ? 400 : 200,
        code: 'NO_STATEMENT_EXIST',
      });

      const { differences } = await reconcile(proxy, date);

      assert.deepEqual(
        differences.map(({ kind, orderId }) => [kind, orderId]),
        [['missing_there', paid.id]],
      );
    });

    test('that is not written yet is no report', async () => {
      const { proxy } = shared;
      const date = newDay();
      await paidOrder(proxy);
      advanceTo(at(date, '09:59') + DAY);
      const { store, reconciliation } = await createServices(loadConfig(proxy.environment), { now, onError() {} });

      await assert.rejects(reconciliation.run(date), { code: 'bill_not_ready' });

      await store.close();
    });

    test('that is damaged, or out of reach, is no report', async () => {
      const { proxy } = shared;
      const date = newDay();
      await paidOrder(proxy);
      const genuine = proxy.wechat.control.billOf(date);
      proxy.wechat.control.setBill(date, genuine.replace('`1,`39.80', '`2,`39.80'));
      await assert.rejects(reconcile(proxy, date), { code: 'bill_corrupt' });
      proxy.wechat.control.setBill(date, genuine.replace('商户订单号', '订单号'));
      await assert.rejects(reconcile(proxy, date), { code: 'bill_corrupt' });
      proxy.wechat.control.setBill(date, genuine);
      proxy.wechat.control.fail({ path: bill, kind: 'disconnect', count: 2 });
      await assert.rejects(reconcile(proxy, date), { code: 'wechat_unavailable' });

      assert.equal((await reconcile(proxy, date)).payments, 1);
    });
  });
}

/** An order that somebody else has made with the same merchant number, and that is paid. */
async function paidByAnother(proxy: Harness, outTradeNo: string) {
  const { url, environmentV2, control } = proxy.wechat;
  const environment = { ...proxy.environment, ...environmentV2 };
  const fields = {
    appid: environment.WECHAT_APP_ID!,
    mch_id: environment.WECHAT_PAY_MCH_ID!,
    nonce_str: 'ibuaiVcKdpRxkhJA',
    body: 'Coffee',
    out_trade_no: outTradeNo,
    total_fee: '100',
    spbill_create_ip: '127.0.0.1',
    notify_url: 'http://127.0.0.1:9/notify',
    trade_type: 'NATIVE',
    product_id: '1',
  };
  const made = await fetch(`${url}/pay/unifiedorder`, {
    method: 'POST',
    body: toXml(signed({ ...proxy, environment }, fields)),
  });
  assert.match(await made.text(), /code_url/);
  return control.pay(outTradeNo, { notify: false });
}

describe('a bill’s hash', () => {
  /** Stands between the proxy and WeChat, and may change files. */
  async function startMiddleman(t: TestContext) {
    const middleman = { url: '', target: '', change: (file: Buffer): Buffer => file };
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { host, connection, 'content-length': length, ...headers } = request.headers as Record<string, string>;
      const answer = await fetch(middleman.target + request.url, {
        method: request.method!,
        headers,
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      });
      const body = Buffer.from(await answer.arrayBuffer());
      const kept = [...answer.headers].filter(([name]) => name.startsWith('wechatpay-') || name === 'content-type');
      response.writeHead(answer.status, Object.fromEntries(kept));
      response.end(request.url!.startsWith('/v3/billdownload/') ? middleman.change(body) : body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    middleman.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return middleman;
  }

  test('is what proves the file, packed or not', async (t) => {
    const middleman = await startMiddleman(t);
    const proxy = await startHarness(t, {
      ...clock.options,
      environment: { WECHAT_PAY_URL: middleman.url },
      prepare: ({ url }) => {
        middleman.target = url;
      },
    });
    const date = newDay();
    await paidOrder(proxy);
    const edited = (file: Buffer) => Buffer.from(gunzipSync(file).toString().replaceAll('39.80', '39.79'));

    for (const [name, change] of Object.entries<(file: Buffer) => Buffer>({
      'another file': (file) => gzipSync(edited(file)),
      'another file, not packed': edited,
      'a file that breaks off': (file) => file.subarray(0, -9),
      'an empty file': () => Buffer.alloc(0),
      'one byte more': (file) => gzipSync(Buffer.concat([gunzipSync(file), Buffer.from('\n')])),
    })) {
      middleman.change = change;
      await assert.rejects(reconcile(proxy, date), { code: 'bill_corrupt' }, name);
    }
    for (const change of [(file: Buffer) => file, (file: Buffer) => gunzipSync(file)]) {
      middleman.change = change;
      assert.deepEqual((await reconcile(proxy, date)).differences, []);
    }
  });
});

describe('npm run reconcile', () => {
  /** The command, as a process of its own. */
  async function run(environment: Record<string, string>, ...argv: string[]) {
    const child = spawn(process.execPath, [CLI, ...argv], { env: { ...INHERITED, ...environment } });
    const texts = [child.stdout, child.stderr].map(async (stream) => {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    });
    const [code] = await once(child, 'close');
    const [out, err] = await Promise.all(texts);
    return { code: code as number, out: out!, err: err! };
  }

  /** Other processes know no clock but the machine's: what happened before its present day happened two days ago. */
  async function twoDaysAgo(t: TestContext, work: (proxy: Harness) => Promise<void>, options: HarnessOptions = {}) {
    const real = sharedClock();
    const present = Date.now();
    const date = dateOf(present - 2 * DAY);
    const back = at(date, '12:00') - present;
    real.advance(back);
    const proxy = await startHarness(t, { ...options, ...real.options });
    await work(proxy);
    await proxy.stop();
    real.advance(-back);
    return { proxy, date };
  }

  test('says that everything agrees, in both languages, and ends with 0', async (t) => {
    const { proxy, date } = await twoDaysAgo(t, async (proxy) => {
      await paidOrder(proxy);
      await refunded(proxy);
    });

    const { code, out, err } = await run(proxy.environment, 'reconcile', date);

    assert.equal(out, `${date}  bill 账单: 2 payments 笔支付, 1 refunds 笔退款\nEverything agrees. 全部一致。\n`);
    assert.equal(err, '');
    assert.equal(code, 0);
  });

  test('names each difference that is left, and ends with 1', async (t) => {
    const names: Record<string, Reply['json']> = {};
    const { proxy, date } = await twoDaysAgo(t, async (proxy) => {
      const today = dateOf(proxy.wechat.control.now());
      Object.assign(names, { lost: await unheardOf(proxy), dear: await paidOrder(proxy) });
      const gone = await refunded(proxy);
      Object.assign(names, { gone, order: gone.order });
      names.strange = await paidByAnother(proxy, 'strange-to-the-command');
      falsify(proxy, today, replaced([names.dear.outTradeNo], '`39.80', '`1039.80'));
      falsify(proxy, today, without(gone.number));
    });

    const { code, out } = await run(proxy.environment, 'reconcile', date);

    const { lost, dear, gone, order, strange } = names;
    assert.deepEqual(out.trimEnd().split('\n'), [
      `${date}  bill 账单: 4 payments 笔支付, 0 refunds 笔退款`,
      `- status differs 状态不同 (healed 已修复)  out_trade_no ${lost.outTradeNo}  transaction_id ${lost.transactionId}  order ${lost.id}  amount 金额 ¥39.80  here 这里 paying  WeChat 微信 SUCCESS`,
      `- amount differs 金额不同  out_trade_no ${dear.outTradeNo}  transaction_id ${dear.transactionId}  order ${dear.id}  amount 金额 ¥1039.80  here 这里 ¥39.80  WeChat 微信 ¥1039.80`,
      `- missing here 这里没有  out_trade_no strange-to-the-command  transaction_id ${strange.transactionId}  amount 金额 ¥1.00  here 这里 —  WeChat 微信 SUCCESS`,
      `- missing in the bill 账单没有  out_trade_no ${order.outTradeNo}  out_refund_no ${gone.number}  order ${order.id}  amount 金额 ¥10.00  here 这里 succeeded  WeChat 微信 SUCCESS`,
      '3 differences, 1 healed. 3 处差异，已修复 1 处。',
    ]);
    assert.equal(code, 1);
  });

  test('works on the store of a proxy that runs, which delivers what was found', async (t) => {
    const receiver = await startReceiver(t);
    let late: Reply['json'];
    const { proxy, date } = await twoDaysAgo(t, async (proxy) => {
      Object.assign(proxy.environment, { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET });
      late = await payingOrder(proxy);
      await proxy.merchant('POST', `/v1/orders/${late.id}/close`);
      proxy.wechat.control.set({ notifications: 'drop' });
      payLate(proxy, late.outTradeNo);
    });
    await startProcess(t, proxy.environment);

    const first = await run(proxy.environment, 'reconcile', date);
    const again = await run(proxy.environment, 'reconcile', date);

    assert.match(first.out, /0 differences, 1 healed\. 0 处差异，已修复 1 处。/);
    assert.match(again.out, /Everything agrees/);
    assert.deepEqual([first.code, again.code], [0, 0]);
    const told = await eventually(
      () => receiver.received.find(({ body }) => body.includes('payment.late')),
      'the merchant learns of it from the proxy that runs',
    );
    assert.equal(JSON.parse(told.body).data.outTradeNo, late.outTradeNo);
  });

  test('works by version 2, over TLS', async (t) => {
    const { proxy, date } = await twoDaysAgo(
      t,
      async (proxy) => {
        await paidOrder(proxy);
        await unheardOf(proxy);
      },
      VERSIONS.v2.options,
    );
    const authority = join(dirname(proxy.environment.DATABASE_URL!.slice('file:'.length)), 'authority.pem');
    await writeFile(authority, proxy.wechat.caCertificate);

    const { code, out, err } = await run({ ...proxy.environment, NODE_EXTRA_CA_CERTS: authority }, 'reconcile', date);

    assert.match(out, /2 payments .*\n- status differs .*\n0 differences, 1 healed\./, err);
    assert.equal(code, 0);
  });

  test('says why there is no bill to compare, and ends with 1', async (t) => {
    const { proxy, date } = await twoDaysAgo(t, async (proxy) => {
      await paidOrder(proxy);
    });
    proxy.wechat.control.fail({ path: VERSIONS.v3.bill, kind: 'status', status: 400, code: 'STATEMENT_CREATING' });
    const early = await run(proxy.environment, 'reconcile', date);
    assert.match(early.err, /^bill_not_ready: .* \(STATEMENT_CREATING .+\)$/m);
    proxy.wechat.control.setBill(date, '\ufeff');
    const corrupt = await run(proxy.environment, 'reconcile', date);
    assert.match(corrupt.err, /^bill_corrupt: /);
    const { PUBLIC_URL: _, ...incomplete } = proxy.environment;
    const unset = await run(incomplete, 'reconcile', date);
    assert.match(unset.err, /PUBLIC_URL is missing/);

    for (const { code, out } of [early, corrupt, unset]) assert.deepEqual([code, out], [1, '']);
  });

  test('explains itself in both languages where it is not asked for a past day, and ends with 2', async () => {
    for (const argv of [
      ['reconcile'],
      ['reconcile', '20261121'],
      ['reconcile', '2026-02-30'],
      ['reconcile', 'today'],
      ['reconcile', dateOf(Date.now())],
      ['reconcile', dateOf(Date.now() + DAY)],
      ['compare', '2026-11-21'],
      [],
    ]) {
      const { code, out, err } = await run({}, ...argv);
      assert.equal(code, 2, argv.join(' '));
      assert.equal(out, '');
      assert.match(err, /Usage: .*reconcile <date>/s);
      assert.match(err, /用法：.*reconcile <日期>/s);
    }
  });
});

describe('every day', () => {
  const BILL = '/v3/bill/tradebill';
  const shared = shareHarness({ ...clock.options, environment: { RECONCILE_AT: '10:30' } });

  /** The days whose bills WeChat was asked for meanwhile, sorted. */
  async function asked({ wechat }: Harness, work: () => Promise<unknown>): Promise<string[]> {
    const before = new Set(wechat.calls.map(({ id }) => id));
    await work();
    return wechat.calls
      .filter(({ id, path }) => path.startsWith(BILL) && !before.has(id))
      .map(({ path }) => new URLSearchParams(path.split('?')[1]).get('bill_date')!)
      .sort();
  }

  /** A proxy that starts does what is due at once; one that stops ends it before. */
  async function starting(...proxies: Pick<Harness, 'restart' | 'stop'>[]): Promise<void> {
    await Promise.all(proxies.map(({ restart }) => restart()));
    await Promise.all(proxies.map(({ stop }) => stop()));
  }
  const round = (proxy: Harness) => asked(proxy, () => starting(proxy));

  const logged = (proxy: Harness, from: number): Reply['json'][] =>
    proxy
      .log()
      .slice(from)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));

  const daysBefore = (date: string, ...counts: number[]) => counts.map((count) => dateOf(at(date) - count * DAY));

  /** Tomorrow, before its time has come; all that was due before is done. */
  async function tomorrow(proxy: Harness): Promise<string> {
    const date = dateOf(now() + DAY);
    advanceTo(at(date, '10:29'));
    await round(proxy);
    return date;
  }

  test('from the time on that is set, the day before is compared, once', async () => {
    const { proxy } = shared;
    newDay();
    await proxy.restart();
    await paidOrder(proxy);
    const date = await tomorrow(proxy);

    assert.deepEqual(await round(proxy), [], 'its time has not come');
    advanceTo(at(date, '10:30'));

    const from = proxy.log().length;
    assert.deepEqual(await round(proxy), daysBefore(date, 1));
    const reports = logged(proxy, from).filter(({ msg }) => msg === 'reconciled');
    assert.deepEqual(
      reports.map(({ date, payments, refunds, differences }) => ({ date, payments, refunds, differences })),
      [{ date: daysBefore(date, 1)[0], payments: 1, refunds: 0, differences: 0 }],
    );
    assert.deepEqual(await round(proxy), []);
    clock.advance(12 * HOUR);
    assert.deepEqual(await round(proxy), []);
  });

  test('days that were missed are made up for, three at most', async () => {
    const { proxy } = shared;
    newDay();
    const date = await tomorrow(proxy);

    advanceTo(at(date, '10:30') + DAY);
    const two = await round(proxy);
    clock.advance(7 * DAY);
    const three = await round(proxy);

    assert.deepEqual(two, daysBefore(date, 1, 0));
    assert.deepEqual(three, daysBefore(dateOf(now()), 3, 2, 1));
    assert.deepEqual(await round(proxy), []);
  });

  test('two proxies on one store compare each day once', async (t) => {
    const { proxy } = shared;
    newDay();
    await tomorrow(proxy);
    for (let day = 0; day < 5; day += 1) {
      clock.advance(DAY);
      const second = {
        proxy: undefined as Harness | undefined,
        restart: async () => {
          second.proxy = await startSecond(t, proxy, { now });
        },
        stop: async () => second.proxy?.stop(),
      };

      const days = await asked(proxy, () => starting(proxy, second));

      assert.equal(days.length, 1, String(days));
    }
  });

  test('a bill that is late is asked for again, half an hour later', async () => {
    const { proxy } = shared;
    newDay();
    const date = await tomorrow(proxy);
    const [yesterday] = daysBefore(date, 1);
    advanceTo(at(date, '10:30'));
    proxy.wechat.control.fail({ path: BILL, kind: 'status', status: 400, code: 'STATEMENT_CREATING' });
    const from = proxy.log().length;

    assert.deepEqual(await round(proxy), [yesterday]);

    const error = logged(proxy, from).find(({ msg }) => msg === `reconciling ${yesterday}`);
    assert.deepEqual([error.level, error.code, error.upstream.code], [50, 'bill_not_ready', 'STATEMENT_CREATING']);
    assert.deepEqual(await round(proxy), []);
    clock.advance(29 * MINUTE);
    assert.deepEqual(await round(proxy), []);
    clock.advance(MINUTE);
    assert.deepEqual(await round(proxy), [yesterday]);
    clock.advance(30 * MINUTE);
    assert.deepEqual(await round(proxy), []);
  });

  test('what differs is mended where it can be, logged, and counted where it cannot', async () => {
    const { proxy } = shared;
    newDay();
    await proxy.restart();
    const order = await payingOrder(proxy);
    await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
    proxy.wechat.control.set({ notifications: 'hold' });
    const { transactionId } = payLate(proxy, order.outTradeNo);
    clock.advance(MINUTE);
    const strange = await paidByAnother(proxy, 'strange-every-day');
    const date = await tomorrow(proxy);
    advanceTo(at(date, '10:30'));
    const from = proxy.log().length;

    await proxy.restart();

    const metric = /^weixin_reconciliation_differences_total 1$/m;
    await eventually(async () => metric.test((await proxy.merchant('GET', '/metrics')).text), 'counted');
    const [yesterday] = daysBefore(date, 1);
    const lines = logged(proxy, from).filter(({ msg }) => msg === 'reconciled' || msg === 'difference');
    assert.deepEqual(
      lines.map(({ time, pid, hostname, ...line }) => line),
      [
        { level: 30, date: yesterday, payments: 2, refunds: 0, differences: 2, msg: 'reconciled' },
        {
          ...{ level: 30, kind: 'status', tradeNo: order.outTradeNo, transactionId, orderId: order.id },
          ...{ amount: 3980, here: 'closed', there: 'SUCCESS', healed: true, msg: 'difference' },
        },
        {
          ...{ level: 40, kind: 'missing_here', tradeNo: 'strange-every-day', transactionId: strange.transactionId },
          ...{ amount: 100, here: null, there: 'SUCCESS', healed: false, msg: 'difference' },
        },
      ],
    );
    assert.deepEqual(await typesOf(proxy, order), ['payment.late', 'order.closed']);
  });

  test('nothing is compared where no time is set', async () => {
    const { proxy } = shared;
    newDay();
    await tomorrow(proxy);
    clock.advance(DAY);

    const days = await configured(proxy, { RECONCILE_AT: '' }, () => round(proxy));

    assert.deepEqual(days, []);
  });
});
