import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EventType } from '../../proxy/api.ts';
import { ProxyError } from '../../proxy/errors.ts';
import { assertPayable, OPEN, type OrderFact, orderChange, PAID } from '../../proxy/orders/order-state.ts';
import type { OrderRow } from '../../proxy/store/schema.ts';

const EXPIRES_AT = 1_000;

function order(fields: Partial<OrderRow> = {}): OrderRow {
  return {
    id: 'ord_1',
    outTradeNo: 'T00001',
    tradeNo: 'T00001',
    requestHash: '',
    description: 'Tea',
    itemsJson: '[]',
    total: 3980,
    currency: 'CNY',
    status: 'created',
    openid: null,
    attach: null,
    returnUrl: null,
    createdAt: 0,
    expiresAt: EXPIRES_AT,
    paidAt: null,
    closedAt: null,
    channel: null,
    transactionId: null,
    productId: null,
    refunded: 0,
    dueAt: EXPIRES_AT,
    queries: 0,
    queriedAt: null,
    ...fields,
  };
}

const at = fc.integer({ min: 0, max: 2 * EXPIRES_AT });
const fact: fc.Arbitrary<OrderFact> = fc.oneof(
  fc.record({ type: fc.constant('payment-requested'), channel: fc.constant('jsapi'), askAt: at }),
  fc.record({
    type: fc.constant('paid'),
    tradeNo: fc.constantFrom('T00001', 'T00001_2'),
    channel: fc.constantFrom(undefined, 'jsapi', 'native'),
    transactionId: fc.constantFrom('4200001', '4200002'),
    paidAt: at,
    openid: fc.constantFrom(undefined, 'payer-a', 'payer-b'),
  }),
  fc.record({ type: fc.constantFrom('closed', 'expired'), at }),
);

/** What the order goes through: after each fact its state, the events it brought, and the refusal if there was one. */
function live(start: OrderRow, facts: readonly OrderFact[]) {
  let row = start;
  return facts.map((fact) => {
    const before = row;
    try {
      const { set, events } = orderChange(row, fact);
      row = { ...row, ...set };
      return { fact, before, row, events };
    } catch (error) {
      assert.ok(error instanceof ProxyError);
      return { fact, before, row, events: [] as EventType[], refusal: error.code };
    }
  });
}

function always(check: (steps: ReturnType<typeof live>) => void): void {
  const openid = fc.constantFrom(null, 'payer-a');
  fc.assert(
    fc.property(openid, fc.array(fact, { maxLength: 12 }), (openid, facts) => check(live(order({ openid }), facts))),
    { numRuns: 1_000 },
  );
}

test('an order that is over never becomes anything else', () => {
  always((steps) => {
    for (const { before, row } of steps) if (!OPEN.has(before.status)) assert.equal(row.status, before.status);
  });
});

test('an order is paid exactly where the first fact that ends it is a payment', () => {
  always((steps) => {
    const end = steps.find(({ fact }) => fact.type !== 'payment-requested');
    const status = end?.fact.type ?? (steps.length > 0 ? 'paying' : 'created');
    assert.equal(steps.at(-1)?.row.status ?? 'created', status);
  });
});

test('each event comes once at most', () => {
  always((steps) => {
    const events = steps.flatMap(({ events }) => events);
    assert.deepEqual(events, [...new Set(events)]);
  });
});

test('of order.paid, order.closed and order.expired exactly one tells of the end', () => {
  always((steps) => {
    const ends = steps.flatMap(({ events }) => events).filter((type) => type !== 'payment.late');
    const status = steps.at(-1)?.row.status ?? 'created';
    assert.deepEqual(ends, OPEN.has(status) ? [] : [`order.${status}`]);
  });
});

test('a payment that comes for an order that was over is late: reported once, and recorded', () => {
  always((steps) => {
    const end = steps.findIndex(({ row }) => !OPEN.has(row.status));
    const isLate =
      end >= 0 && !PAID.has(steps[end]!.row.status) && steps.slice(end).some(({ fact }) => fact.type === 'paid');
    const late = steps.filter(({ events }) => events.includes('payment.late'));
    assert.equal(late.length, isLate ? 1 : 0);
    for (const { fact, row } of late) {
      assert.ok(fact.type === 'paid');
      assert.equal(row.transactionId, fact.transactionId);
      assert.equal(row.paidAt, fact.paidAt);
    }
  });
});

test('an order has one transaction for good, and another one for it is a conflict', () => {
  always((steps) => {
    for (const { fact, before, row, refusal } of steps) {
      const conflicts =
        fact.type === 'paid' && before.transactionId !== null && before.transactionId !== fact.transactionId;
      assert.equal(refusal, conflicts ? 'transaction_conflict' : undefined);
      if (before.transactionId !== null) assert.equal(row.transactionId, before.transactionId);
    }
  });
});

test('who pays is remembered, but never put in place of the payer that the order was made for', () => {
  always((steps) => {
    for (const { before, row } of steps) if (before.openid !== null) assert.equal(row.openid, before.openid);
  });
});

test('an order that is over is not looked after any more, an open one always is, by its end at the latest', () => {
  always((steps) => {
    for (const { row } of steps) {
      if (!OPEN.has(row.status)) assert.equal(row.dueAt, null);
      else assert.ok(row.dueAt !== null && row.dueAt <= row.expiresAt);
    }
  });
});

test('a fact that is known already changes nothing and brings no event', () => {
  always((steps) => {
    for (const { fact, row, refusal } of steps) {
      if (refusal || fact.type === 'payment-requested') continue;
      assert.deepEqual(orderChange(row, fact), { set: {}, events: [] });
    }
  });
});

test('money of an order stays what it is', () => {
  always((steps) => {
    for (const { row } of steps) assert.deepEqual([row.total, row.currency, row.refunded], [3980, 'CNY', 0]);
  });
});

for (const [status, openid, payer, now, expected] of [
  ['created', null, 'payer-a', 0, undefined],
  ['paying', null, 'payer-a', EXPIRES_AT - 1, undefined],
  ['created', 'payer-a', 'payer-a', 0, undefined],
  ['created', 'payer-a', 'payer-b', 0, 'payer_mismatch'],
  ['created', 'payer-a', undefined, 0, 'payer_mismatch'],
  ['created', null, 'payer-a', EXPIRES_AT, 'order_expired'],
  ['paying', null, 'payer-a', EXPIRES_AT + 1, 'order_expired'],
  ['expired', null, 'payer-a', 0, 'order_expired'],
  ['closed', null, 'payer-a', 0, 'order_closed'],
  ['closed', null, 'payer-a', EXPIRES_AT, 'order_closed'],
  ['paid', null, 'payer-a', EXPIRES_AT, 'order_paid'],
  ['partially_refunded', null, 'payer-a', 0, 'order_paid'],
  ['refunded', null, 'payer-a', 0, 'order_paid'],
  ['paid', 'payer-a', 'payer-b', 0, 'order_paid'],
] as const) {
  test(`an order that is ${status}, for ${openid ?? 'anyone'}, and ${payer ?? 'nobody'} at ${now}: ${expected ?? 'payable'}`, () => {
    const attempt = () => assertPayable(order({ status, openid }), payer, now);

    if (expected === undefined) assert.doesNotThrow(attempt);
    else assert.throws(attempt, { code: expected });
  });
}
