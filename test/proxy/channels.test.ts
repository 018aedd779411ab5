/** Paying through a code or an address, and through one channel after another. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Channel } from '../../proxy/api.ts';
import { creations, during, lost, payable, payLate, refund, start, trades } from './at-wechat.ts';
import { eventually, type Harness, type Reply, sharedClock, shareHarness, startHarness, times } from './harness.ts';
import { about, assertRefused, create, eventsOf, payers, prepayId, seen, typesOf } from './merchant.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { startProcess } from './process.ts';
import { startSecond } from './second-proxy.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CHANNELS: Channel[] = ['jsapi', 'native', 'h5'];
/** https://pay.weixin.qq.com/doc/v3/merchant/4012791877 */
const TRADE_NO = /^[0-9A-Za-z_\-|*]{6,32}$/;

const clock = sharedClock();
const { now } = clock.options;
const shared = shareHarness({ ...clock.options, environment: { TRUST_PROXY: '1' } });

const inTime = (milliseconds: number) => new Date(now() + milliseconds).toISOString();
/** As WeChat's documents write times: to the second, in China's time. */
const inChina = (time: string) => `${new Date(Date.parse(time) + 8 * HOUR).toISOString().slice(0, 19)}+08:00`;

/** What a page hands to the payer. */
function handed({ json }: Reply): string {
  return json.codeUrl ?? json.url ?? prepayId({ json } as Reply);
}

describe('a native payment', () => {
  test('is a code that any phone can scan, for what the merchant priced', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, { attach: '附 1' })).json;

    const { status, json } = await start(proxy, order, 'native');

    assert.equal(status, 200);
    const { codeUrl, ...rest } = json;
    assert.match(codeUrl, /^weixin:\/\/wxpay\/bizpayurl\?pr=\w+$/);
    assert.deepEqual(Object.keys(rest).sort(), ['channel', 'expiresAt']);
    assert.equal(json.channel, 'native');
    assert.deepEqual(
      creations(proxy, order).map(({ channel, body }) => [channel, body]),
      [
        [
          'native',
          {
            appid: proxy.environment.WECHAT_APP_ID,
            mchid: proxy.environment.WECHAT_PAY_MCH_ID,
            description: 'Tea',
            out_trade_no: order.outTradeNo,
            time_expire: inChina(order.expiresAt),
            attach: '附 1',
            notify_url: `${proxy.url}/wechat/pay/v3/notify`,
            amount: { total: 3980, currency: 'CNY' },
          },
        ],
      ],
    );
    const paying = await seen(proxy, order);
    assert.equal(paying.status, 'paying');
    assert.equal(paying.channel, 'native');
    assert.equal(paying.tradeNo, undefined, 'the number at WeChat is the order’s own');
  });

  test('ignores what a page says of amount or payer', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const path = `/v1/orders/${order.id}/payments`;

    for (const more of [{ amount: { total: 1 } }, { openid: payers(proxy)[0] }, { total: 1 }]) {
      assertRefused(await proxy.page('POST', path, { channel: 'native', ...more }), 'invalid_request', 400);
    }
    assert.deepEqual(creations(proxy, order), []);
  });

  test('again is the same code, whoever asks, while it lives; then another one for the same number', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, { expiresAt: inTime(DAY) })).json;
    const first = await start(proxy, order, 'native');

    clock.advance(HOUR);
    const again = await start(proxy, order, 'native', { openid: payers(proxy)[1], address: '203.0.113.9' });
    assert.deepEqual(again.json, first.json);
    assert.ok(Date.parse(first.json.expiresAt) > now());
    assert.ok(Date.parse(first.json.expiresAt) <= now() + HOUR, 'WeChat says two hours');
    clock.advance(HOUR);
    const late = await start(proxy, order, 'native');

    assert.equal(late.status, 200, late.text);
    assert.notEqual(late.json.codeUrl, first.json.codeUrl);
    assert.ok(Date.parse(late.json.expiresAt) > now());
    assert.equal(trades(proxy, order).length, 1);
    assert.throws(() => proxy.wechat.control.payByCode(first.json.codeUrl), /二维码已过期/);
    proxy.wechat.control.payByCode(late.json.codeUrl);
    await proxy.wechat.control.notificationsSettled();
    assert.equal((await seen(proxy, order)).status, 'paid');
  });

  test('many times at once is one code', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;

    const replies = await Promise.all(times(10, () => start(proxy, order, 'native')));

    assert.deepEqual(new Set(replies.map(({ json }) => json.codeUrl)).size, 1);
    assert.equal(creations(proxy, order).length, 1);
  });

  test('never outlives the order', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, { expiresAt: inTime(10 * MINUTE) })).json;

    const { json } = await start(proxy, order, 'native');

    assert.equal(json.expiresAt, order.expiresAt);
    clock.advance(10 * MINUTE);
    assertRefused(await start(proxy, order, 'native'), 'order_expired', 409);
    assert.throws(() => proxy.wechat.control.payByCode(json.codeUrl));
  });

  test('is paid by whoever has scanned it', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const { json } = await start(proxy, order, 'native');

    const { transactionId } = proxy.wechat.control.payByCode(json.codeUrl, { openid: payers(proxy)[1] });
    await proxy.wechat.control.notificationsSettled();

    const paid = await seen(proxy, order);
    assert.equal(paid.status, 'paid');
    assert.equal(paid.channel, 'native');
    assert.equal(paid.openid, payers(proxy)[1]);
    assert.equal(paid.transactionId, transactionId);
    assertRefused(await start(proxy, order, 'native'), 'order_paid', 409);
    assertRefused(await start(proxy, order, 'h5'), 'order_paid', 409);
  });
});

describe('an H5 payment', () => {
  test('is WeChat’s own address, asked for the payer’s address', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;

    const { status, json } = await start(proxy, order, 'h5', { address: '203.0.113.7' });

    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json).sort(), ['channel', 'url']);
    assert.equal(json.channel, 'h5');
    const url = new URL(json.url);
    assert.equal(url.pathname, '/cgi-bin/mmpayweb-bin/checkmweb');
    assert.deepEqual([...url.searchParams.keys()], ['prepay_id', 'package']);
    assert.deepEqual(
      creations(proxy, order).map(({ channel, body }) => [channel, body]),
      [
        [
          'h5',
          {
            appid: proxy.environment.WECHAT_APP_ID,
            mchid: proxy.environment.WECHAT_PAY_MCH_ID,
            description: 'Tea',
            out_trade_no: order.outTradeNo,
            time_expire: inChina(order.expiresAt),
            notify_url: `${proxy.url}/wechat/pay/v3/notify`,
            amount: { total: 3980, currency: 'CNY' },
            scene_info: { payer_client_ip: '203.0.113.7', h5_info: { type: 'Wap' } },
          },
        ],
      ],
    );
  });

  for (const [header, address] of [
    ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['unknown', '127.0.0.1'],
    ['203.0.113.700', '127.0.0.1'],
    [undefined, '127.0.0.1'],
  ] as const) {
    test(`behind one reverse proxy, X-Forwarded-For: ${header} names ${address}`, async () => {
      const { proxy } = shared;
      const order = (await create(proxy)).json;

      const { status } = await start(proxy, order, 'h5', header ? { address: header } : {});

      assert.equal(status, 200);
      assert.equal(creations(proxy, order)[0]!.body.scene_info.payer_client_ip, address);
    });
  }

  test('without a reverse proxy, X-Forwarded-For is what anybody may have written', async (t) => {
    const proxy = await startHarness(t);
    const order = (await create(proxy)).json;

    await start(proxy, order, 'h5', { address: '203.0.113.7' });

    assert.equal(creations(proxy, order)[0]!.body.scene_info.payer_client_ip, '127.0.0.1');
  });

  test('again is the same address while it lives, and another one when it has died', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const first = await start(proxy, order, 'h5');

    clock.advance(4 * MINUTE);
    const again = await start(proxy, order, 'h5');
    clock.advance(MINUTE);
    const late = await start(proxy, order, 'h5');

    assert.equal(again.json.url, first.json.url);
    assert.equal(late.status, 200, late.text);
    assert.notEqual(late.json.url, first.json.url);
    assert.equal(trades(proxy, order).length, 1);
    proxy.wechat.control.payH5(late.json.url);
    await proxy.wechat.control.notificationsSettled();
    const paid = await seen(proxy, order);
    assert.equal(paid.status, 'paid');
    assert.equal(paid.channel, 'h5');
  });

  test('from another address, as when a phone leaves the Wi-Fi, is one of its own; the first one is dead', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const first = await start(proxy, order, 'h5', { address: '203.0.113.7' });

    const other = await start(proxy, order, 'h5', { address: '198.51.100.7' });

    assert.equal(other.status, 200, other.text);
    assert.notEqual(other.json.url, first.json.url);
    assert.throws(() => proxy.wechat.control.payH5(first.json.url), /已关闭/);
    assert.equal(payable(proxy, order).length, 1);
    proxy.wechat.control.payH5(other.json.url);
    await proxy.wechat.control.notificationsSettled();
    assert.equal((await seen(proxy, order)).status, 'paid');
  });
});

describe('an order that was made for one payer', () => {
  for (const channel of ['native', 'h5'] as const) {
    test(`is paid by ${channel} in that payer’s session only`, async () => {
      const { proxy } = shared;
      const [one, other] = payers(proxy);
      const order = (await create(proxy, { openid: one })).json;

      assertRefused(await start(proxy, order, channel), 'payer_mismatch', 403);
      assertRefused(await start(proxy, order, channel, { openid: other }), 'payer_mismatch', 403);
      assert.deepEqual(creations(proxy, order), []);
      assert.equal((await start(proxy, order, channel, { openid: one })).status, 200);
      assertRefused(await start(proxy, order, channel), 'payer_mismatch', 403);
    });
  }
});

describe('another channel', () => {
  test('gets a number of its own at WeChat, which is the order’s from then on', async () => {
    const { proxy } = shared;
    const [openid] = payers(proxy);
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id, openid);

    const { status, json } = await start(proxy, order, 'native');

    assert.equal(status, 200);
    const { tradeNo, ...view } = await seen(proxy, order);
    assert.match(tradeNo, TRADE_NO);
    assert.notEqual(tradeNo, order.outTradeNo);
    assert.equal(view.outTradeNo, order.outTradeNo);
    assert.equal(view.channel, 'native');
    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'CLOSED');
    assert.deepEqual(payable(proxy, order), [tradeNo]);
    const page = await proxy.page('GET', `/v1/orders/${order.id}`);
    assert.ok(!page.text.includes(tradeNo));

    const { transactionId } = proxy.wechat.control.payByCode(json.codeUrl);
    await proxy.wechat.control.notificationsSettled();
    const paid = await seen(proxy, order);
    assert.equal(paid.status, 'paid');
    assert.equal(paid.tradeNo, tradeNo);
    assert.equal(paid.transactionId, transactionId);
    const [event, ...others] = await eventsOf(proxy, order);
    assert.equal(event!.type, 'order.paid');
    assert.deepEqual(event!.data, paid);
    assert.deepEqual(others, []);
    const refunded = await refund(proxy, order);
    assert.equal(refunded.status, 201, refunded.text);
    assert.equal(proxy.wechat.control.refund(refunded.json.outRefundNo)!.outTradeNo, tradeNo);
    assert.equal(refunded.json.outTradeNo, order.outTradeNo);
  });

  test('finds a number also for orders whose own fills all that WeChat allows', async () => {
    const { proxy } = shared;
    const outTradeNo = `*|-_${process.pid}`.padEnd(32, 'x');
    const order = (await create(proxy, { outTradeNo })).json;
    await start(proxy, order, 'native');

    const { status, text } = await start(proxy, order, 'h5');

    assert.equal(status, 200, text);
    const { tradeNo } = await seen(proxy, order);
    assert.match(tradeNo, TRADE_NO);
    assert.notEqual(tradeNo, outTradeNo);
    assert.equal(proxy.wechat.control.order(tradeNo)!.state, 'NOTPAY');
  });

  test('and another, and back: at any time one number can be paid', async () => {
    const { proxy } = shared;
    const [openid] = payers(proxy);
    const order = (await create(proxy)).json;
    const handedOut: string[] = [];

    for (const channel of [...CHANNELS, ...CHANNELS]) {
      const reply = await start(proxy, order, channel, { openid });
      assert.equal(reply.status, 200, reply.text);
      handedOut.push(handed(reply));
      const { tradeNo = order.outTradeNo } = await seen(proxy, order);
      assert.deepEqual(payable(proxy, order), [tradeNo]);
    }

    assert.equal(new Set(handedOut).size, 6, 'what is dead is not handed out again');
    assert.equal(trades(proxy, order).length, 6);
    assert.deepEqual(await typesOf(proxy, order), []);
    assert.equal((await seen(proxy, order)).status, 'paying');
  });

  test('of an order that is paid, unheard of, finds that out', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    assertRefused(await start(proxy, order, 'native'), 'order_paid', 409);

    assert.deepEqual(
      creations(proxy, order).map(({ channel }) => channel),
      ['jsapi'],
    );
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('is not opened while WeChat cannot be asked, and the first one stays', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const first = await start(proxy, order, 'native');
    proxy.wechat.control.fail({ path: about(order), method: 'GET', kind: 'disconnect', count: 2 });

    assertRefused(await start(proxy, order, 'h5'), 'wechat_unavailable', 502);

    assert.deepEqual(payable(proxy, order), [order.outTradeNo]);
    assert.deepEqual((await start(proxy, order, 'native')).json, first.json);
    assert.deepEqual(
      creations(proxy, order).map(({ channel }) => channel),
      ['native'],
    );
  });

  test('is not opened while WeChat does not close the first one; the next try succeeds', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await start(proxy, order, 'native');
    proxy.wechat.control.fail({ path: about(order), method: 'POST', kind: 'status', count: 2 });

    assert.equal((await start(proxy, order, 'h5')).status, 502);
    assert.deepEqual(payable(proxy, order), [order.outTradeNo]);
    const next = await start(proxy, order, 'h5');

    assert.equal(next.status, 200, next.text);
    const { tradeNo } = await seen(proxy, order);
    assert.notEqual(tradeNo, undefined);
    assert.deepEqual(payable(proxy, order), [tradeNo]);
  });

  for (const end of ['closed', 'expired'] as const) {
    test(`was not opened because WeChat did not close the first one: that is made up for when the order is ${end}`, async () => {
      const { proxy } = shared;
      const order = (await create(proxy, { expiresAt: inTime(10 * MINUTE) })).json;
      await start(proxy, order, 'native');
      proxy.wechat.control.fail({ path: about(order), method: 'POST', kind: 'disconnect', count: 2 });
      assertRefused(await start(proxy, order, 'h5'), 'wechat_unavailable', 502);
      assert.deepEqual(payable(proxy, order), [order.outTradeNo]);

      if (end === 'closed') await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
      else clock.advance(10 * MINUTE);
      await eventually(async () => (await seen(proxy, order)).status === end, end);

      assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'CLOSED');
    });
  }

  test('was not opened because WeChat did not close the first one: who pays that has paid the order', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await start(proxy, order, 'native');
    proxy.wechat.control.fail({ path: about(order), method: 'POST', kind: 'disconnect', count: 2 });
    assertRefused(await start(proxy, order, 'h5'), 'wechat_unavailable', 502);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    assertRefused(await proxy.merchant('POST', `/v1/orders/${order.id}/close`), 'order_paid', 409);

    assert.equal((await seen(proxy, order)).status, 'paid');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('is not opened where WeChat refuses it, and nothing but the first one can be paid', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await start(proxy, order, 'native');
    proxy.wechat.control.fail({ path: '/v3/pay/transactions/h5', kind: 'status', status: 403, code: 'NO_AUTH' });

    assertRefused(await start(proxy, order, 'h5'), 'wechat_pay_not_permitted', 502);

    assert.deepEqual(payable(proxy, order), [order.outTradeNo]);
  });

  test('does not take a number away from whom WeChat knows it for something else', async (t) => {
    const { proxy } = shared;
    const elsewhere = await startSecond(t, proxy, { environment: { DATABASE_URL: 'file::memory:' }, now });
    const foreign = (await create(elsewhere, { amount: { total: 100 } })).json;
    await start(elsewhere, foreign, 'native');
    const order = (await create(proxy, { outTradeNo: foreign.outTradeNo })).json;

    assertRefused(await start(proxy, order, 'native'), 'trade_no_used', 409);

    assert.equal(proxy.wechat.control.order(foreign.outTradeNo)!.state, 'NOTPAY');
    assert.equal((await seen(proxy, order)).status, 'created');
  });

  for (const end of ['closed', 'expired'] as const) {
    test(`ends with the others when the order is ${end}`, async () => {
      const { proxy } = shared;
      const [openid] = payers(proxy);
      const order = (await create(proxy, { expiresAt: inTime(10 * MINUTE) })).json;
      for (const channel of CHANNELS) await start(proxy, order, channel, { openid });

      if (end === 'closed') await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
      else clock.advance(10 * MINUTE);
      await eventually(async () => (await seen(proxy, order)).status === end, end);

      assert.deepEqual(
        trades(proxy, order).map(({ state }) => state),
        ['CLOSED', 'CLOSED', 'CLOSED'],
      );
      assert.deepEqual(await typesOf(proxy, order), [`order.${end}`]);
    });
  }

  test('is over, and the first number is paid too late: that is where the refund goes', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await start(proxy, order, 'h5');
    await start(proxy, order, 'native');
    const { tradeNo } = await seen(proxy, order);
    await proxy.merchant('POST', `/v1/orders/${order.id}/close`);

    const { transactionId } = payLate(proxy, order.outTradeNo);
    await proxy.wechat.control.notificationsSettled();

    assert.notEqual(tradeNo, undefined);
    const late = await seen(proxy, order);
    assert.equal(late.tradeNo, undefined, 'the money came by the first number');
    assert.equal(late.transactionId, transactionId);
    const { status, json } = await refund(proxy, order);
    assert.equal(status, 201);
    assert.equal(proxy.wechat.control.refund(json.outRefundNo)!.outTradeNo, order.outTradeNo);
    assert.deepEqual(await typesOf(proxy, order), ['payment.late', 'order.closed']);
  });
});

describe('all channels at once', () => {
  /** One number can be paid, and it is the order's; whoever pays it has paid the order. */
  async function assertOne(proxy: Harness, order: { id: string; outTradeNo: string }, replies: Reply[]) {
    for (const reply of replies) assert.ok([200, 503].includes(reply.status), reply.text);
    assert.ok(replies.some(({ status }) => status === 200));
    const { tradeNo = order.outTradeNo } = await seen(proxy, order);
    assert.deepEqual(payable(proxy, order), [tradeNo]);
    proxy.wechat.control.pay(tradeNo);
    await proxy.wechat.control.notificationsSettled();
    assert.equal((await seen(proxy, order)).status, 'paid');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  }

  for (const begun of [false, true]) {
    test(`of an order that nobody ${begun ? 'has paid' : 'has begun to pay'} leave one number`, async () => {
      const { proxy } = shared;
      const [openid] = payers(proxy);
      const order = (await create(proxy)).json;
      if (begun) await start(proxy, order, 'native');

      const replies = await Promise.all(times(9, (index) => start(proxy, order, CHANNELS[index % 3]!, { openid })));

      await assertOne(proxy, order, replies);
    });
  }

  describe('over two proxies', () => {
    let postgres: Postgres;
    before(async () => {
      postgres = await startPostgres();
    });
    after(() => postgres.remove());

    test('leave one number', async (t) => {
      const first = await startHarness(t, { environment: { DATABASE_URL: await postgres.createDatabase() } });
      const second = await startSecond(t, first);
      const [openid] = payers(first);

      for (const begun of [false, true, false, true]) {
        const order = (await create(first)).json;
        if (begun) await start(second, order, 'h5');

        const replies = await Promise.all(
          times(6, (index) => start(index % 2 ? first : second, order, CHANNELS[index % 3]!, { openid })),
        );

        await assertOne(first, order, replies);
      }
    });
  });
});

describe('a proxy that dies while it opens another channel', { concurrency: true }, () => {
  test('at any call that WeChat gets goes on where it was, and never leaves two numbers that can be paid', async (t) => {
    const proxy = await startHarness(t);
    await proxy.stop();
    let served = await startProcess(t, proxy.environment);

    for (let nth = 1; ; nth++) {
      const order = (await create(proxy)).json;
      await start(proxy, order, 'h5');
      const step = during(proxy, { path: '/v3/pay/transactions/*', when: 'after', nth }, () => served.end('SIGKILL'));
      const reply = await start(proxy, order, 'native').catch(() => undefined);
      if (!step.met) {
        assert.equal(reply!.status, 200);
        assert.ok(nth > 5, 'so many calls are needed');
        break;
      }
      assert.ok(payable(proxy, order).length <= 1, `dead at call ${nth}`);
      served = await startProcess(t, proxy.environment);
      const again = await start(proxy, order, 'native');

      assert.equal(again.status, 200, `call ${nth}: ${again.text}`);
      const { tradeNo } = await seen(proxy, order);
      assert.deepEqual(payable(proxy, order), [tradeNo], `call ${nth}`);
      proxy.wechat.control.payByCode(again.json.codeUrl);
      await proxy.wechat.control.notificationsSettled();
      assert.equal((await seen(proxy, order)).status, 'paid', `call ${nth}`);
    }
  });

  /** Dead after it has given the order a new number, before WeChat has closed the old one. */
  async function diesBeforeClosing(t: TestContext) {
    const proxy = await startHarness(t);
    await proxy.stop();
    const served = await startProcess(t, proxy.environment);
    const order = (await create(proxy)).json;
    const { json } = await start(proxy, order, 'h5');
    const closing = `/v3/pay/transactions/out-trade-no/${order.outTradeNo}/close`;
    const step = during(proxy, { method: 'POST', path: closing, when: 'before' }, async () => {
      await served.end('SIGKILL');
      throw lost();
    });
    await start(proxy, order, 'native').catch(() => {});
    assert.ok(step.met);
    assert.deepEqual(payable(proxy, order), [order.outTradeNo]);
    return { proxy, order, url: json.url };
  }

  test('closes what it has begun, though nobody asks for the other channel again', async (t) => {
    const { proxy, order } = await diesBeforeClosing(t);

    await startProcess(t, proxy.environment);

    await eventually(() => payable(proxy, order).length === 0, 'the first number is closed', 20_000);
    assert.equal((await seen(proxy, order)).status, 'paying');
  });

  test('takes in what was paid by the first number in the meantime', async (t) => {
    const { proxy, order, url } = await diesBeforeClosing(t);
    proxy.wechat.control.payH5(url, { notify: false });

    await startProcess(t, proxy.environment);

    assertRefused(await start(proxy, order, 'native'), 'order_paid', 409);
    const paid = await seen(proxy, order);
    assert.equal(paid.status, 'paid');
    assert.equal(paid.tradeNo, undefined, 'the first number is the one that was paid');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });
});
