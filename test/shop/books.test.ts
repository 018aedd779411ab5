import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Books, isLate, type Order, type OrderStatus } from '../../demo/shop/books.ts';

function order(status: OrderStatus, { id = 'ord_1', refunded = 0 } = {}): Order {
  return {
    id,
    outTradeNo: `QY_${id}`,
    description: 'Tea',
    items: [{ name: 'Tea', quantity: 1, unitPrice: 100 }],
    amount: { total: 100, currency: 'CNY' },
    status,
    createdAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-01T02:00:00Z',
    refunded: { total: refunded, currency: 'CNY' },
  };
}

test('news that comes late does not undo what is known', () => {
  const books = new Books();
  books.record(order('paid'));

  const known = books.record(order('paying'));

  assert.equal(known.status, 'paid');
  assert.equal(books.byId('ord_1')?.status, 'paid');
});

test('an order goes from created to paid to refunded, and a closed one can still turn out to be paid', () => {
  const books = new Books();
  for (const status of ['created', 'paying', 'closed', 'paid', 'partially_refunded', 'refunded'] as const) {
    assert.equal(books.record(order(status)).status, status);
  }
});

test('of two partial refunds the larger sum is the later news', () => {
  const books = new Books();
  books.record(order('partially_refunded', { refunded: 30 }));

  assert.equal(books.record(order('partially_refunded', { refunded: 10 })).refunded.total, 30);
  assert.equal(books.record(order('partially_refunded', { refunded: 50 })).refunded.total, 50);
});

test('a payment that came too late is not forgotten for older news of the closing', () => {
  const books = new Books();
  const closed = { ...order('closed'), closedAt: '2026-01-01T01:00:00Z' };
  books.record({ ...closed, paidAt: '2026-01-01T01:00:01Z' });

  assert.equal(isLate(books.record(closed)), true);
  assert.equal(isLate(closed), false);
});

test('the proxy is asked about open orders, and about others once something has happened to them', () => {
  const books = new Books();
  const paid = books.record(order('paid'));

  assert.equal(books.mayBeBehind(order('paying')), true);
  assert.equal(books.mayBeBehind(paid), false);
  books.outdate(paid.id);
  assert.equal(books.mayBeBehind(paid), true);
  books.record(order('partially_refunded', { refunded: 10 }));
  assert.equal(books.mayBeBehind(paid), false);
});

test('an order is found by its number and listed for its visitor only, the newest first', () => {
  const books = new Books();
  for (const id of ['ord_1', 'ord_2']) {
    books.record(order('created', { id }));
    books.assign(id, 'visitor');
  }

  assert.equal(books.byOutTradeNo('QY_ord_2')?.id, 'ord_2');
  assert.deepEqual(
    books.ofVisitor('visitor').map(({ id }) => id),
    ['ord_2', 'ord_1'],
  );
  assert.deepEqual(books.ofVisitor('someone else'), []);
});
