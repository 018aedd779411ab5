/** Giving money back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  outRefundNo,
  paidOrder,
  payLate,
  refund,
  refundCalls,
  refundEventsOf,
  seenRefund,
  start,
} from './at-wechat.ts';
import { eventually, type Harness, type Reply, sharedClock, shareHarness, startHarness, times } from './harness.ts';
import { AMOUNT, assertRefused, create, seen, typesOf } from './merchant.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { startProcess } from './process.ts';
import { startSecond } from './second-proxy.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const REFUNDS = '/v3/refund/domestic/refunds';

const clock = sharedClock();
const { now } = clock.options;
const shared = shareHarness(clock.options);

/** A clock that moves only when told to, so that nothing depends on how quick this machine is. */
function standingClock() {
  let moment = Date.now();
  const now = () => moment;
  return {
    options: { now, wechat: { now } },
    advance: (milliseconds: number) => {
      moment += milliseconds;
    },
  };
}

const fen = (total: number) => ({ total, currency: 'CNY' });
/** WeChat's times are to the second. */
const toSeconds = (milliseconds: number) => new Date(Math.floor(milliseconds / 1_000) * 1_000).toISOString();

/** WeChat leaves refunds PROCESSING until told otherwise. */
async function waiting<T>({ wechat }: Harness, work: () => Promise<T>): Promise<T> {
  wechat.control.set({ refunds: 'wait' });
  return work().finally(() => wechat.control.set({ refunds: 'succeed' }));
}

/** Until WeChat has told what became of it. What is done `meanwhile` is done again and again. */
const ended = (proxy: Harness, order: { id: string }, number: string, meanwhile?: () => void) =>
  eventually(async () => {
    meanwhile?.();
    const known = await seenRefund(proxy, order, number);
    return known.status !== 'processing' && known;
  }, `${number} ends`);

const refundsOf = async (proxy: Harness, { id }: { id: string }): Promise<Reply['json'][]> =>
  (await proxy.merchant('GET', `/v1/orders/${id}/refunds`)).json.data;

const read = (proxy: Harness, { id }: { id: string }, number: string) =>
  proxy.merchant('GET', `/v1/orders/${id}/refunds/${number}`);

const eventTypes = async (proxy: Harness, order: { id: string }) =>
  (await refundEventsOf(proxy, order)).map(({ type }) => type);

describe('a refund', () => {
  test('of a part is asked for at WeChat, and the order is partially refunded', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const number = outRefundNo();

    const asked = await refund(proxy, order, { outRefundNo: number, amount: fen(1000), reason: '少一件' });

    const { createdAt, refundId, ...view } = asked.json;
    assert.equal(asked.status, 201);
    assert.deepEqual(view, {
      outRefundNo: number,
      orderId: order.id,
      outTradeNo: order.outTradeNo,
      amount: fen(1000),
      reason: '少一件',
      status: 'processing',
    });
    assert.equal(refundId, proxy.wechat.control.refund(number)!.refundId);
    assert.ok(Math.abs(Date.parse(createdAt) - now()) < MINUTE);
    const { requestBody } = proxy.wechat.calls.findLast(({ path }) => path === REFUNDS)!;
    assert.deepEqual(JSON.parse(requestBody), {
      out_trade_no: order.outTradeNo,
      out_refund_no: number,
      reason: '少一件',
      notify_url: `${proxy.url}/wechat/pay/v3/notify`,
      amount: { refund: 1000, total: 3980, currency: 'CNY' },
    });
    const succeeded = await ended(proxy, order, number);
    assert.deepEqual(succeeded, {
      ...asked.json,
      status: 'succeeded',
      succeededAt: toSeconds(proxy.wechat.control.refund(number)!.succeededAt!),
    });
    assert.deepEqual((await read(proxy, order, number)).json, succeeded);
    const { status, refunded } = await seen(proxy, order);
    assert.deepEqual([status, refunded], ['partially_refunded', fen(1000)]);
    const [event, ...others] = await refundEventsOf(proxy, order);
    assert.equal(event!.type, 'refund.succeeded');
    assert.deepEqual(event!.data, succeeded);
    assert.deepEqual(others, []);
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('after another gives the rest back, and the order is refunded', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const parts = [1, 1979, 2000];

    const states: unknown[] = [];
    for (const part of parts) {
      const { status, json } = await refund(proxy, order, { amount: fen(part) });
      assert.equal(status, 201);
      await ended(proxy, order, json.outRefundNo);
      const current = await seen(proxy, order);
      states.push([current.status, current.refunded.total]);
    }

    assert.deepEqual(states, [
      ['partially_refunded', 1],
      ['partially_refunded', 1980],
      ['refunded', 3980],
    ]);
    assert.deepEqual(
      (await refundsOf(proxy, order)).map(({ amount }) => amount.total),
      parts,
      'the oldest first',
    );
    assert.deepEqual(
      await eventTypes(proxy, order),
      times(3, () => 'refund.succeeded'),
    );
    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'REFUND');
  });

  test('of all, with nothing said but number and amount, refunds the order', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);

    const { json } = await refund(proxy, order, { amount: { total: 3980 } });

    assert.deepEqual((await ended(proxy, order, json.outRefundNo)).amount, AMOUNT);
    assert.equal((await seen(proxy, order)).status, 'refunded');
    assertRefused(await refund(proxy, order, { amount: fen(1) }), 'refund_exceeds_paid', 409);
    assertRefused(await proxy.prepay(order.id), 'order_paid', 409);
    assertRefused(await proxy.merchant('POST', `/v1/orders/${order.id}/close`), 'order_paid', 409);
  });

  test('again with the same content is the same refund; with other content it is a conflict', async () => {
    const { proxy } = shared;
    const [order, other] = [await paidOrder(proxy), await paidOrder(proxy)];
    const fields = { outRefundNo: outRefundNo(), amount: fen(1000), reason: 'damaged' };
    await refund(proxy, order, fields);
    const first = await ended(proxy, order, fields.outRefundNo);

    const again = await refund(proxy, order, fields);

    assert.equal(again.status, 200);
    assert.deepEqual(again.json, first);
    for (const change of [{ amount: fen(999) }, { reason: 'other' }, { reason: undefined }]) {
      assertRefused(await refund(proxy, order, { ...fields, ...change }), 'refund_conflict', 409);
    }
    assertRefused(await refund(proxy, other, fields), 'refund_conflict', 409);
    assert.equal(refundCalls(proxy, fields.outRefundNo).requested, 1);
    assert.deepEqual(await refundsOf(proxy, order), [first]);
    assert.deepEqual(await refundsOf(proxy, other), []);
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
  });

  test('is known to the page by the order’s status only', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const { json } = await refund(proxy, order, { amount: fen(1000), reason: 'damaged' });
    await ended(proxy, order, json.outRefundNo);

    const page = await proxy.page('GET', `/v1/orders/${order.id}`);

    assert.equal(page.json.status, 'partially_refunded');
    for (const secret of [json.outRefundNo, json.refundId, 'damaged', '"refunded"', '1000']) {
      assert.ok(!page.text.includes(secret), secret);
    }
  });

  test('is the merchant’s business alone', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const authorization = `Bearer ${await proxy.session()}`;
    const path = `/v1/orders/${order.id}/refunds`;

    for (const headers of [{}, { authorization }]) {
      const body = { outRefundNo: outRefundNo(), amount: AMOUNT };
      assertRefused(await proxy.page('POST', path, body, headers as never), 'unauthorized', 401);
      assertRefused(await proxy.page('GET', path, undefined, headers as never), 'unauthorized', 401);
      assertRefused(await proxy.page('GET', `${path}/R-1`, undefined, headers as never), 'unauthorized', 401);
    }
    assert.deepEqual(await refundsOf(proxy, order), []);
  });

  test('of what was paid without the proxy’s knowing is possible at once', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await start(proxy, order, 'native');
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    const { status, json } = await refund(proxy, order);

    assert.equal(status, 201);
    await ended(proxy, order, json.outRefundNo);
    assert.equal((await seen(proxy, order)).status, 'refunded');
  });

  for (const end of ['closed', 'expired'] as const) {
    test(`of what was paid too late is counted, and the order stays ${end}`, async () => {
      const { proxy } = shared;
      const expiresAt = new Date(now() + 10 * MINUTE).toISOString();
      const order = (await create(proxy, { expiresAt })).json;
      await start(proxy, order, 'native');
      if (end === 'closed') await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
      else clock.advance(10 * MINUTE);
      await eventually(async () => (await seen(proxy, order)).status === end, end);
      assertRefused(await refund(proxy, order), 'order_not_paid', 409);
      proxy.wechat.control.order(order.outTradeNo)!.expiresAt = now() + HOUR;
      payLate(proxy, order.outTradeNo);
      await proxy.wechat.control.notificationsSettled();

      const states: unknown[] = [];
      for (const part of [980, 3000]) {
        const { json } = await refund(proxy, order, { amount: fen(part) });
        await ended(proxy, order, json.outRefundNo);
        const current = await seen(proxy, order);
        states.push([current.status, current.refunded.total]);
      }

      assert.deepEqual(states, [
        [end, 980],
        [end, 3980],
      ]);
      assertRefused(await refund(proxy, order, { amount: fen(1) }), 'refund_exceeds_paid', 409);
      assert.deepEqual(await typesOf(proxy, order), ['payment.late', `order.${end}`]);
      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded', 'refund.succeeded']);
    });
  }

  test('of an order that is not paid is a conflict', async () => {
    const { proxy } = shared;
    const [created, paying, closed] = await Promise.all(times(3, async () => (await create(proxy)).json));
    await start(proxy, paying, 'h5');
    await proxy.merchant('POST', `/v1/orders/${closed.id}/close`);

    for (const order of [created, paying, closed]) {
      assertRefused(await refund(proxy, order), 'order_not_paid', 409);
      assert.deepEqual(await refundsOf(proxy, order), []);
    }
  });

  test('that does not exist, or of an order that does not, is not found', async () => {
    const { proxy } = shared;
    const [order, other] = [await paidOrder(proxy), await paidOrder(proxy)];
    const { json } = await refund(proxy, order);
    const unknown = { id: `ord_${'0'.repeat(32)}` };

    assertRefused(await refund(proxy, unknown), 'order_not_found', 404);
    assertRefused(await proxy.merchant('GET', `/v1/orders/${unknown.id}/refunds`), 'order_not_found', 404);
    assertRefused(await read(proxy, unknown, json.outRefundNo), 'order_not_found', 404);
    assertRefused(await read(proxy, order, 'R-unknown'), 'refund_not_found', 404);
    assertRefused(await read(proxy, other, json.outRefundNo), 'refund_not_found', 404);
    assert.equal((await read(proxy, order, json.outRefundNo)).status, 200);
  });

  test('keeps every field within its limits', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const accepted: Record<string, unknown[]> = {
      outRefundNo: ['1', 'Az09_-|*@', `${process.pid}`.padEnd(64, 'x')],
      amount: [{ total: 1 }, { total: 1, currency: 'CNY' }],
      reason: ['x', '茶'.repeat(80), '  padded  '],
    };
    const refused: Record<string, unknown[]> = {
      outRefundNo: [undefined, null, 1, '', 'x'.repeat(65), 'with space', '退款', 'a/b', 'R1\n', 'R\0'],
      amount: [undefined, null, 1, '1', {}, ...[0, -1, 1.5, '1', null, 1e300].map((total) => ({ total }))].concat([
        { total: 1, currency: 'USD' },
        { total: 1, refund: 1 } as never,
      ]),
      reason: [null, 1, '', '   ', 'x'.repeat(81), 'a\0b'],
      notifyUrl: ['https://elsewhere.example'],
    };

    for (const [field, values] of Object.entries(refused)) {
      for (const value of values) {
        const reply = await refund(proxy, order, { amount: fen(1), [field]: value });
        assertRefused(reply, 'invalid_request', 400);
        assert.match(reply.json.detail, new RegExp(field));
      }
    }
    assert.deepEqual(await refundsOf(proxy, order), []);
    for (const [field, values] of Object.entries(accepted)) {
      for (const value of values) {
        const { status, text } = await refund(proxy, order, { amount: fen(1), [field]: value });
        assert.equal(status, 201, `${field} ${JSON.stringify(value)}: ${text}`);
      }
    }
  });
});

describe('never more is given back than was paid', () => {
  test('refunds under way count as much as those that have succeeded', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const done = await refund(proxy, order, { amount: fen(1000) });
    await ended(proxy, order, done.json.outRefundNo);
    await waiting(proxy, () => refund(proxy, order, { amount: fen(1000) }));

    assertRefused(await refund(proxy, order, { amount: fen(1981) }), 'refund_exceeds_paid', 409);

    assert.equal((await refundsOf(proxy, order)).length, 2);
    assert.equal((await refund(proxy, order, { amount: fen(1980) })).status, 201);
  });

  /** Ten requests at once, whichever proxy takes them. */
  function race(engines: () => Promise<readonly Harness[]> | readonly Harness[]) {
    test('ten at once with different numbers', async () => {
      const proxies = await engines();
      const [proxy] = proxies as [Harness];
      const order = await paidOrder(proxy);

      const replies = await Promise.all(
        times(10, (index) => refund(proxies[index % proxies.length]!, order, { amount: fen(1000) })),
      );

      const made = replies.filter(({ status }) => status === 201);
      assert.equal(made.length, 3);
      for (const reply of replies.filter(({ status }) => status !== 201)) {
        assertRefused(reply, 'refund_exceeds_paid', 409);
      }
      for (const { json } of made) await ended(proxy, order, json.outRefundNo);
      const { status, refunded } = await seen(proxy, order);
      assert.deepEqual([status, refunded.total], ['partially_refunded', 3000]);
      assert.deepEqual(
        await eventTypes(proxy, order),
        times(3, () => 'refund.succeeded'),
      );
    });

    test('ten at once with the same number', async () => {
      const proxies = await engines();
      const [proxy] = proxies as [Harness];
      const order = await paidOrder(proxy);
      const fields = { outRefundNo: outRefundNo(), amount: fen(1000) };

      const replies = await Promise.all(times(10, (index) => refund(proxies[index % proxies.length]!, order, fields)));

      assert.deepEqual(replies.map(({ status }) => status).sort(), [...times(9, () => 200), 201]);
      await ended(proxy, order, fields.outRefundNo);
      assert.equal((await refundsOf(proxy, order)).length, 1);
      assert.equal(refundCalls(proxy, fields.outRefundNo).requested, 1);
      assert.equal((await seen(proxy, order)).refunded.total, 1000);
      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
    });

    test('the same number for two orders at once is one order’s', async () => {
      const proxies = await engines();
      const [proxy] = proxies as [Harness];
      for (let round = 0; round < 5; round++) {
        const orders = [await paidOrder(proxy), await paidOrder(proxy)];
        const fields = { outRefundNo: outRefundNo(), amount: fen(1000) };

        const replies = await Promise.all(
          orders.map((order, index) => refund(proxies[index % proxies.length]!, order, fields)),
        );

        assert.deepEqual(replies.map(({ status }) => status).sort(), [201, 409]);
        assertRefused(replies.find(({ status }) => status === 409)!, 'refund_conflict', 409);
        const winner = orders[replies.findIndex(({ status }) => status === 201)]!;
        const atWechat = proxy.wechat.control.refund(fields.outRefundNo)!;
        assert.equal(atWechat.outTradeNo, winner.outTradeNo);
        await ended(proxy, winner, fields.outRefundNo);
        const refunded = await Promise.all(orders.map(async (order) => (await seen(proxy, order)).refunded.total));
        assert.deepEqual(refunded.sort(), [0, 1000]);
      }
    });
  }

  describe('by one proxy', () => race(() => [shared.proxy]));

  describe('by two proxies on one PostgreSQL', () => {
    const cleaning: (() => unknown)[] = [];
    let postgres: Postgres;
    let proxies: Harness[];
    before(async () => {
      const scope = { after: (work: () => unknown) => cleaning.push(work) };
      postgres = await startPostgres();
      const first = await startHarness(scope, { environment: { DATABASE_URL: await postgres.createDatabase() } });
      proxies = [first, await startSecond(scope, first)];
    });
    after(async () => {
      for (const work of cleaning.reverse()) await work();
      await postgres.remove();
    });

    race(() => proxies);

    test('a number that no database can hold is of no refund', async () => {
      const [first] = proxies as [Harness];
      const order = await paidOrder(first);

      assertRefused(await read(first, order, '%00'), 'refund_not_found', 404);
    });
  });
});

describe('what becomes of a refund', () => {
  const ENDS = [
    ['SUCCESS', 'succeeded', 'refund.succeeded', 'refunded', 3980],
    ['CLOSED', 'closed', 'refund.failed', 'paid', 0],
    ['ABNORMAL', 'abnormal', 'refund.failed', 'paid', 0],
  ] as const;

  for (const [end, status, event, orderStatus, total] of ENDS) {
    for (const [how, notify] of [
      ['by a notification', true],
      ['by asking, where the notification is lost', false],
    ] as const) {
      test(`is ${status}, learnt ${how}`, async () => {
        const { proxy } = shared;
        const order = await paidOrder(proxy);
        const { json } = await waiting(proxy, () => refund(proxy, order));
        assert.equal(json.status, 'processing');

        proxy.wechat.control.finishRefund(json.outRefundNo, end, { notify });
        if (!notify) clock.advance(5_000);

        const known = await ended(proxy, order, json.outRefundNo);
        assert.equal(known.status, status);
        assert.equal(known.refundId, json.refundId);
        assert.equal('succeededAt' in known, end === 'SUCCESS');
        const current = await seen(proxy, order);
        assert.deepEqual([current.status, current.refunded.total], [orderStatus, total]);
        const [told, ...others] = await refundEventsOf(proxy, order);
        assert.equal(told!.type, event);
        assert.deepEqual(told!.data, known);
        assert.deepEqual(others, []);
      });
    }
  }

  test('is asked by who reads it, at most once in two seconds', async (t) => {
    const clock = standingClock();
    const proxy = await startHarness(t, clock.options);
    const order = await paidOrder(proxy);
    const { json } = await waiting(proxy, () => refund(proxy, order));
    proxy.wechat.control.finishRefund(json.outRefundNo, 'SUCCESS', { notify: false });

    await Promise.all(times(5, () => read(proxy, order, json.outRefundNo)));
    assert.equal(refundCalls(proxy, json.outRefundNo).queried, 0, 'WeChat has just answered');
    clock.advance(2_000);
    const replies = await Promise.all(times(5, () => read(proxy, order, json.outRefundNo)));

    assert.ok(replies.some(({ json: { status } }) => status === 'succeeded'));
    assert.equal(refundCalls(proxy, json.outRefundNo).queried, 1);
    assert.equal((await read(proxy, order, json.outRefundNo)).json.status, 'succeeded');
    assert.equal(refundCalls(proxy, json.outRefundNo).queried, 1);
  });

  test('can be read though WeChat cannot be asked', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const { json } = await waiting(proxy, () => refund(proxy, order));
    proxy.wechat.control.fail({ path: `${REFUNDS}/${json.outRefundNo}`, kind: 'disconnect', count: 2 });
    clock.advance(2_000);

    const reply = await read(proxy, order, json.outRefundNo);

    assert.equal(reply.status, 200);
    assert.equal(reply.json.status, 'processing');
  });

  test('closed: the money can be given back with another number, not with the same', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo(), amount: AMOUNT };
    await waiting(proxy, () => refund(proxy, order, fields));
    proxy.wechat.control.finishRefund(fields.outRefundNo, 'CLOSED');
    const closed = await ended(proxy, order, fields.outRefundNo);

    const again = await refund(proxy, order, fields);
    assert.equal(again.status, 200);
    assert.deepEqual(again.json, closed);
    const other = await refund(proxy, order);

    assert.equal(other.status, 201);
    await ended(proxy, order, other.json.outRefundNo);
    assert.equal((await seen(proxy, order)).status, 'refunded');
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded', 'refund.failed']);
  });

  for (const [how, notify] of [
    ['by a notification', true],
    ['when it is read', false],
  ] as const) {
    test(`abnormal: the money stays with WeChat, and may still arrive, learnt ${how}`, async () => {
      const { proxy } = shared;
      const order = await paidOrder(proxy);
      const { json } = await waiting(proxy, () => refund(proxy, order));
      proxy.wechat.control.finishRefund(json.outRefundNo, 'ABNORMAL');
      await ended(proxy, order, json.outRefundNo);

      assertRefused(await refund(proxy, order, { amount: fen(1) }), 'refund_exceeds_paid', 409);
      proxy.wechat.control.finishRefund(json.outRefundNo, 'SUCCESS', { notify });
      await proxy.wechat.control.notificationsSettled();
      clock.advance(2_000);

      const after = (await read(proxy, order, json.outRefundNo)).json;
      assert.equal(after.status, 'succeeded');
      const current = await seen(proxy, order);
      assert.deepEqual([current.status, current.refunded.total], ['refunded', 3980]);
      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded', 'refund.failed']);
    });
  }

  test('abnormal, and given up: the money can be given back with another number', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const { json } = await waiting(proxy, () => refund(proxy, order));
    const number = json.outRefundNo;
    proxy.wechat.control.finishRefund(number, 'ABNORMAL');
    await ended(proxy, order, number);

    proxy.wechat.control.finishRefund(number, 'CLOSED');
    await proxy.wechat.control.notificationsSettled();
    const old = { transaction: { refund_status: 'ABNORMAL' }, envelope: { event_type: 'REFUND.ABNORMAL' } };
    assert.equal((await proxy.wechat.control.notifyRefund(number, old)).status, 204);

    assert.equal((await seenRefund(proxy, order, number)).status, 'closed');
    const told = (await refundEventsOf(proxy, order)).map(({ type, data }) => [type, data.status]);
    assert.deepEqual(told, [
      ['refund.failed', 'closed'],
      ['refund.failed', 'abnormal'],
    ]);
    assert.equal((await refund(proxy, order)).status, 201);
  });
});

describe('WeChat refuses a refund', () => {
  test('for want of money: nothing is held, and the same number succeeds after topping up', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo(), amount: AMOUNT, reason: 'damaged' };
    proxy.wechat.control.set({ merchantBalance: 3979 });

    const reply = await refund(proxy, order, fields);

    assertRefused(reply, 'wechat_pay_balance_too_low', 502);
    assert.equal(reply.json.upstream.code, 'NOT_ENOUGH');
    const refused = await seenRefund(proxy, order, fields.outRefundNo);
    assert.equal(refused.status, 'refused');
    assert.deepEqual(refused.failure, reply.json.upstream);
    assert.equal((await seen(proxy, order)).status, 'paid');
    assert.deepEqual(await eventTypes(proxy, order), [], 'who asked has been told');
    assertRefused(await refund(proxy, order, { ...fields, amount: fen(1) }), 'refund_conflict', 409);
    assertRefused(await refund(proxy, order, fields), 'wechat_pay_balance_too_low', 502);

    proxy.wechat.control.set({ merchantBalance: null });
    const again = await refund(proxy, order, fields);

    assert.equal(again.status, 201);
    assert.equal(again.json.status, 'processing');
    assert.equal(again.json.createdAt, refused.createdAt);
    assert.ok(!('failure' in again.json));
    await ended(proxy, order, fields.outRefundNo);
    assert.equal((await seen(proxy, order)).status, 'refunded');
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
    assert.equal((await refundsOf(proxy, order)).length, 1);
  });

  test('for want of money: another number can have it', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    proxy.wechat.control.set({ merchantBalance: 0 });
    const fields = { outRefundNo: outRefundNo(), amount: AMOUNT };
    await refund(proxy, order, fields);
    proxy.wechat.control.set({ merchantBalance: null });

    assert.equal((await refund(proxy, order)).status, 201);

    assertRefused(await refund(proxy, order, fields), 'refund_exceeds_paid', 409);
  });

  test('for another reason comes with WeChat’s own words', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    proxy.wechat.control.fail({ path: REFUNDS, kind: 'status', status: 400, code: 'INVALID_REQUEST' });

    const reply = await refund(proxy, order);

    assertRefused(reply, 'refund_refused', 502);
    assert.equal(reply.json.upstream.code, 'INVALID_REQUEST');
    assert.equal((await refund(proxy, order)).status, 201);
  });

  test('that nobody waits for any more: then it is an event', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo(), amount: AMOUNT };
    proxy.wechat.control.fail({ path: REFUNDS, kind: 'disconnect', count: 2 });
    assert.equal((await refund(proxy, order, fields)).json.status, 'processing');
    proxy.wechat.control.set({ merchantBalance: 0 });

    clock.advance(5_000);

    const refused = await ended(proxy, order, fields.outRefundNo);
    proxy.wechat.control.set({ merchantBalance: null });
    assert.equal(refused.status, 'refused');
    assert.equal(refused.failure.code, 'NOT_ENOUGH');
    const [event, ...others] = await refundEventsOf(proxy, order);
    assert.equal(event!.type, 'refund.failed');
    assert.deepEqual(event!.data, refused);
    assert.deepEqual(others, []);
    assert.equal((await refund(proxy, order, fields)).status, 201);
  });
});

describe('WeChat in trouble', () => {
  for (const [what, fault] of [
    ['no connection', { kind: 'disconnect', count: 2 }],
    ['its own error', { kind: 'status', status: 500, count: 2 }],
    ['too many requests', { kind: 'status', status: 429 }],
    ['a gateway in between', { kind: 'status', status: 502, when: 'after', count: 2 }],
    ['a lost answer', { kind: 'disconnect', when: 'after', count: 2 }],
    ['an answer that nobody signed', { kind: 'status', status: 200, when: 'after' }],
  ] as const) {
    test(`${what}: the refund goes on by itself, and is one`, async () => {
      const { proxy } = shared;
      const order = await paidOrder(proxy);
      const fields = { outRefundNo: outRefundNo(), amount: fen(1000) };
      proxy.wechat.control.fail({ path: REFUNDS, method: 'POST', ...fault });
      proxy.wechat.control.set({ notifications: 'hold' });

      const reply = await refund(proxy, order, fields);

      assert.equal(reply.status, 201, reply.text);
      assert.equal(reply.json.status, 'processing');
      assert.equal((await refund(proxy, order, fields)).status, 200);
      clock.advance(5_000);
      await eventually(() => proxy.wechat.control.refund(fields.outRefundNo), 'WeChat has it');
      await ended(proxy, order, fields.outRefundNo, () => clock.advance(1_000));
      proxy.wechat.control.reset();
      await proxy.wechat.control.notificationsSettled();
      assert.equal((await seenRefund(proxy, order, fields.outRefundNo)).status, 'succeeded');
      assert.equal((await seen(proxy, order)).refunded.total, 1000);
      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
      assert.equal(proxy.wechat.control.refund(fields.outRefundNo)!.amount, 1000);
    });
  }

  test('WeChat down for a while: the money stays reserved until it is back', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo(), amount: AMOUNT };
    proxy.wechat.control.fail({ path: `${REFUNDS}*`, kind: 'disconnect', count: 1_000 });
    assert.equal((await refund(proxy, order, fields)).json.status, 'processing');
    clock.advance(5_000);
    await eventually(() => refundCalls(proxy, fields.outRefundNo).queried > 0, 'another try');

    assertRefused(await refund(proxy, order, { amount: fen(1) }), 'refund_exceeds_paid', 409);
    proxy.wechat.control.reset();
    clock.advance(HOUR);

    await ended(proxy, order, fields.outRefundNo);
    assert.equal((await seen(proxy, order)).status, 'refunded');
  });
});

describe('what takes its time', { concurrency: true }, () => {
  test('a refund is asked about at growing intervals, and no more when it has ended', async (t) => {
    const clock = standingClock();
    const proxy = await startHarness(t, clock.options);
    const order = await paidOrder(proxy);
    const { json } = await waiting(proxy, () => refund(proxy, order, { amount: fen(1) }));
    const number = json.outRefundNo;
    const asked = (count: number) =>
      eventually(() => refundCalls(proxy, number).queried === count, `asked ${count} times`);
    /** The proxy has looked after what is due: another refund, as young as this was, has been asked about. */
    const aRound = async () => {
      const sentinel = (await waiting(proxy, () => refund(proxy, order, { amount: fen(1) }))).json.outRefundNo;
      clock.advance(5_000);
      await eventually(() => refundCalls(proxy, sentinel).queried > 0, 'a round');
      proxy.wechat.control.finishRefund(sentinel, 'SUCCESS');
      await ended(proxy, order, sentinel);
    };

    for (const [count, seconds] of [5, 5, 10, 30, 60].entries()) {
      clock.advance(seconds * 1_000);
      await asked(count + 1);
    }
    clock.advance(200_000);
    await aRound();
    assert.equal(refundCalls(proxy, number).queried, 5, 'after a minute it is five minutes’ turn');
    clock.advance(100_000);
    await asked(6);
    proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });
    clock.advance(HOUR);
    await ended(proxy, order, number);
    const { queried } = refundCalls(proxy, number);
    clock.advance(2 * HOUR);
    await aRound();
    assert.equal(refundCalls(proxy, number).queried, queried);
  });

  test('WeChat answers too late: it is asked again with the same number, and gives the money back once', async (t) => {
    const proxy = await startHarness(t);
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo(), amount: AMOUNT };
    proxy.wechat.control.fail({ path: REFUNDS, kind: 'latency', ms: 7_000 });

    const reply = await refund(proxy, order, fields);

    assert.equal(reply.status, 201);
    await ended(proxy, order, fields.outRefundNo);
    await eventually(() => refundCalls(proxy, fields.outRefundNo).requested > 1, 'the first request is over');
    assert.equal((await seen(proxy, order)).status, 'refunded');
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
  });

  for (const [what, isLost] of [
    ['before WeChat has got the request', true],
    ['before WeChat has answered', false],
  ] as const) {
    test(`kill -9 ${what} loses no refund and makes no second one`, async (t) => {
      const proxy = await startHarness(t);
      await proxy.stop();
      const killed = await startProcess(t, proxy.environment);
      const order = await paidOrder(proxy);
      const fields = { outRefundNo: outRefundNo(), amount: AMOUNT };
      proxy.wechat.control.set({ notifications: 'hold' });
      proxy.wechat.control.at({ path: REFUNDS, when: isLost ? 'before' : 'after' }, async () => {
        await killed.end('SIGKILL');
        if (isLost) throw Object.assign(new Error('it never came'), { expose: true });
      });

      await assert.rejects(refund(proxy, order, fields));
      assert.equal(proxy.wechat.control.refund(fields.outRefundNo) === undefined, isLost);
      proxy.wechat.control.reset();
      await startProcess(t, proxy.environment);

      assertRefused(await refund(proxy, order, { amount: fen(1) }), 'refund_exceeds_paid', 409);
      assert.equal((await refund(proxy, order, fields)).status, 200);
      const known = await eventually(
        async () => {
          const current = await seenRefund(proxy, order, fields.outRefundNo);
          return current.status === 'succeeded' && current;
        },
        'it succeeds',
        20_000,
      );
      assert.equal(known.refundId, proxy.wechat.control.refund(fields.outRefundNo)!.refundId);
      assert.equal((await seen(proxy, order)).status, 'refunded');
      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
    });
  }
});

describe('a notification of a refund', () => {
  for (const [what, transaction, code] of [
    ['that nobody knows', { out_refund_no: 'R-of-somebody-else' }, 'refund_not_found'],
    ['of another amount', { amount: { total: 3980, refund: 3980 } }, 'amount_mismatch'],
    ['of another payment', { out_trade_no: 'T-of-somebody-else' }, 'amount_mismatch'],
    ['of another merchant', { mchid: '1900000109' }, 'merchant_mismatch'],
  ] as const) {
    test(`${what} is refused and changes nothing`, async () => {
      const { proxy } = shared;
      const order = await paidOrder(proxy);
      const { json } = await waiting(proxy, () => refund(proxy, order, { amount: fen(1000) }));
      proxy.wechat.control.finishRefund(json.outRefundNo, 'SUCCESS', { notify: false });

      const { status, body } = await proxy.wechat.control.notifyRefund(json.outRefundNo, { transaction });

      assert.ok(status >= 400);
      assert.equal(JSON.parse(body).code, 'FAIL');
      assert.match(JSON.parse(body).message, new RegExp(`^${code}`));
      assert.equal((await seenRefund(proxy, order, json.outRefundNo)).status, 'processing');
      assert.deepEqual(await eventTypes(proxy, order), []);
    });
  }

  test('that is forged is not believed', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const { json } = await waiting(proxy, () => refund(proxy, order));
    proxy.wechat.control.finishRefund(json.outRefundNo, 'SUCCESS', { notify: false });

    for (const fault of ['bad-signature', 'unknown-serial', 'stale', 'future', 'tampered-amount'] as const) {
      const { status } = await proxy.wechat.control.notifyRefund(json.outRefundNo, { fault });
      assert.ok(status >= 400, fault);
    }
    assert.equal((await seenRefund(proxy, order, json.outRefundNo)).status, 'processing');
  });
});
