import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PageOrder } from '../../proxy/api.ts';
import { failure } from '../../widgets/core/failure.ts';
import { OrderFeed } from '../../widgets/core/order-feed.ts';
import { anOrder } from './an-order.ts';
import { FakeClock, settled } from './fake-clock.ts';

interface Read {
  at: number;
  signal: AbortSignal;
}

function arrange(order: PageOrder = anOrder()) {
  const clock = new FakeClock();
  const reads: Read[] = [];
  const server = { order, error: undefined as unknown, delay: 0 };
  const page = { hidden: false, listeners: new Set<() => void>() };
  const feed = new OrderFeed({
    clock,
    page: {
      get hidden() {
        return page.hidden;
      },
      onChange(listener) {
        page.listeners.add(listener);
        return () => page.listeners.delete(listener);
      },
    },
    async read(signal) {
      reads.push({ at: clock.now(), signal });
      const { order: answer, error, delay } = server;
      if (delay) await new Promise<void>((resolve) => clock.setTimeout(resolve, delay));
      if (error) throw error;
      const serverTime = new Date(Date.parse('2026-03-01T08:00:00.000Z') + clock.now()).toISOString();
      return { ...answer, serverTime };
    },
  });
  const show = (hidden: boolean) => {
    page.hidden = hidden;
    for (const listener of page.listeners) listener();
  };
  const gaps = () => reads.slice(1).map(({ at }, index) => at - reads[index]!.at);
  return { clock, reads, server, page, feed, show, gaps };
}

describe('an order feed', () => {
  it('reads once for all who listen', async () => {
    const { feed, reads } = arrange();
    feed.subscribe(() => {});
    feed.subscribe(() => {});
    await settled();
    assert.equal(reads.length, 1);
    assert.equal(feed.order?.id, 'ord_1');
  });

  it('asks after 5 s, growing to 15 s, while an order waits for its payer', async () => {
    const { feed, clock, gaps } = arrange(anOrder({ expiresAt: '2026-03-01T20:00:00.000Z' }));
    feed.subscribe(() => {});
    await clock.advance(120_000);
    assert.equal(gaps()[0], 5_000);
    assert.equal(gaps().at(-1), 15_000);
    assert.ok(gaps().every((gap, index) => index === 0 || gap >= gaps()[index - 1]!));
  });

  it('asks every 2 s while urgent, and returns to its pace', async () => {
    const { feed, clock, reads, gaps } = arrange();
    feed.subscribe(() => {});
    await settled();
    feed.setUrgent(true);
    await clock.advance(6_000);
    assert.deepEqual(gaps(), [2_000, 2_000, 2_000]);
    feed.setUrgent(false);
    await clock.advance(4_000);
    assert.equal(reads.length, 4);
  });

  it('asks every 30 s about a paid order and never again about one that has ended', async () => {
    const paid = arrange(anOrder({ status: 'paid' }));
    paid.feed.subscribe(() => {});
    await paid.clock.advance(60_000);
    assert.deepEqual(paid.gaps(), [30_000, 30_000]);
    for (const status of ['refunded', 'closed', 'expired'] as const) {
      const over = arrange(anOrder({ status }));
      over.feed.subscribe(() => {});
      await over.clock.advance(600_000);
      assert.equal(over.reads.length, 1, status);
      assert.equal(over.clock.pending, 0);
    }
  });

  it('reads just after the order expires', async () => {
    const { feed, clock, reads } = arrange(anOrder({ expiresAt: '2026-03-01T08:00:03.000Z' }));
    feed.subscribe(() => {});
    await clock.advance(4_000);
    assert.equal(reads[1]?.at, 3_500);
  });

  it('backs off while reads fail, keeps the order, and recovers', async () => {
    const { feed, clock, server, gaps } = arrange();
    feed.subscribe(() => {});
    await settled();
    server.error = failure('proxy_unreachable');
    await clock.advance(5_000 + 2_000 + 4_000 + 8_000 + 16_000 + 30_000);
    assert.deepEqual(gaps(), [5_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
    assert.equal(feed.error?.code, 'proxy_unreachable');
    assert.equal(feed.order?.id, 'ord_1');
    server.error = undefined;
    await clock.advance(30_000);
    assert.equal(feed.error, undefined);
  });

  it('waits as long as the proxy asks', async () => {
    const { feed, clock, server, gaps } = arrange();
    server.error = failure('rate_limited', { status: 429, retryAfter: 45_000 });
    feed.subscribe(() => {});
    await clock.advance(45_000);
    assert.deepEqual(gaps(), [45_000]);
  });

  it('stops at a refusal that will not pass, unless a payment is under way', async () => {
    const { feed, clock, server, reads } = arrange();
    server.error = failure('order_not_found', { status: 404 });
    feed.subscribe(() => {});
    await clock.advance(600_000);
    assert.equal(reads.length, 1);
    feed.setUrgent(true);
    await clock.advance(2_000);
    assert.equal(reads.length, 2);
  });

  it('stops while the page is hidden and reads at once when it is shown', async () => {
    const { feed, clock, reads, show } = arrange();
    feed.subscribe(() => {});
    await settled();
    show(true);
    await clock.advance(600_000);
    assert.equal(reads.length, 1);
    show(false);
    await settled();
    assert.equal(reads.length, 2);
  });

  it('aborts the read under way when the page is hidden, and takes nothing from it', async () => {
    const { feed, clock, server, reads, show } = arrange();
    server.delay = 1_000;
    let heard = 0;
    feed.subscribe(() => heard++);
    show(true);
    assert.equal(reads[0]?.signal.aborted, true);
    await clock.advance(5_000);
    assert.equal(heard, 0);
  });

  it('stops with the last listener and starts with the next', async () => {
    const { feed, clock, reads } = arrange();
    const stop = feed.subscribe(() => {});
    await settled();
    stop();
    await clock.advance(60_000);
    assert.equal(reads.length, 1);
    feed.subscribe(() => {});
    await settled();
    assert.equal(reads.length, 2);
  });

  it('does not let an older answer replace a newer one', async () => {
    const { feed, clock, server } = arrange();
    server.delay = 3_000;
    feed.subscribe(() => {});
    await settled();
    server.order = anOrder({ status: 'paid' });
    server.delay = 0;
    await feed.refresh();
    assert.equal(feed.order?.status, 'paid');
    await clock.advance(3_000);
    assert.equal(feed.order?.status, 'paid');
  });

  it('goes on after an answer that a later one has overtaken', async () => {
    const { feed, clock, server, reads } = arrange();
    server.delay = 1_000;
    feed.subscribe(() => {});
    await settled();
    server.delay = 0;
    await feed.refresh();
    await clock.advance(1_000);
    assert.equal(reads.length, 2);
    await clock.advance(5_000);
    assert.equal(reads.length, 3);
  });

  it('keeps the server’s time whatever the phone’s clock says', async () => {
    const { feed, clock } = arrange();
    assert.equal(feed.serverNow(), undefined);
    feed.subscribe(() => {});
    await clock.advance(1_500);
    assert.equal(feed.serverNow(), Date.parse('2026-03-01T08:00:01.500Z'));
  });
});
