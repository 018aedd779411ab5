import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { authorization } from '../../proxy/wechat/pay/v3/signature.ts';
import {
  eventually,
  type Harness,
  type Reply,
  SHOP,
  sharedClock,
  shareHarness,
  startHarness,
  times,
} from './harness.ts';
import {
  AMOUNT,
  about,
  assertRefused,
  calls,
  create,
  outTradeNo,
  payers,
  prepayId,
  seen,
  typesOf,
} from './merchant.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ITEM = { name: 'Tea', quantity: 2, unitPrice: 1990 };

const clock = sharedClock();
const { now } = clock.options;
const shared = shareHarness(clock.options);

describe('creating an order', () => {
  test('gives it an id that cannot be guessed, and two hours', async () => {
    const { proxy } = shared;
    const before = now();

    const { status, json } = await create(proxy, { outTradeNo: 'T-first' });

    const { id, createdAt, expiresAt, ...rest } = json;
    assert.equal(status, 201);
    assert.match(id, /^ord_[0-9a-f]{32}$/);
    assert.deepEqual(rest, {
      outTradeNo: 'T-first',
      description: 'Tea',
      items: [],
      amount: AMOUNT,
      status: 'created',
      refunded: { total: 0, currency: 'CNY' },
    });
    assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Date.parse(createdAt) >= before && Date.parse(createdAt) <= now());
    assert.equal(Date.parse(expiresAt) - Date.parse(createdAt), 2 * HOUR);
    assert.deepEqual(
      calls(proxy, json),
      { created: 0, queried: 0, closed: 0 },
      'WeChat is not told before somebody pays',
    );
  });

  test('keeps every field within its limits', async () => {
    const { proxy } = shared;
    const inHours = (hours: number) => new Date(now() + hours * HOUR).toISOString();
    const accepted: Record<string, unknown[]> = {
      outTradeNo: ['abcdef', 'Az09_-|*', 'x'.repeat(32)],
      description: ['x', '茶'.repeat(127), '  padded  '],
      amount: [{ total: 1 }, { total: 1_000_000_000, currency: 'CNY' }],
      items: [[], times(100, () => ITEM), [{ ...ITEM, unitPrice: 0, imageUrl: `${SHOP}/tea.jpg` }]],
      openid: ['o', 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', '-'.repeat(128)],
      expiresAt: [
        inHours(0.01),
        inHours(7 * 24 - 0.01),
        new Date(now() + 10 * HOUR).toISOString().replace('Z', '+08:00'),
      ],
      attach: ['', '附'.repeat(128)],
      returnUrl: [`${SHOP}/done?order=1#x`, 'http://localhost:3000/'],
    };
    const refused: Record<string, unknown[]> = {
      outTradeNo: [
        undefined,
        null,
        123456,
        '',
        'short',
        'x'.repeat(33),
        'with space',
        '订单号订单号',
        'abc/def',
        'abcdef\n',
      ],
      description: [undefined, null, '', '   ', 'x'.repeat(128), 1],
      amount: [
        undefined,
        null,
        3980,
        '39.80',
        {},
        { total: 0 },
        { total: -1 },
        { total: 1.5 },
        { total: '1' },
        { total: null },
        { total: 1_000_000_001 },
        { total: 1e300 },
        { total: 1, currency: 'USD' },
        { total: 1, currency: 'cny' },
      ],
      items: [null, {}, times(101, () => ITEM), [{}], [{ ...ITEM, quantity: 0 }], [{ ...ITEM, quantity: 1.5 }]].concat([
        [{ ...ITEM, name: '' }],
        [{ ...ITEM, unitPrice: -1 }],
        [{ ...ITEM, imageUrl: 'javascript:alert(1)' }],
        [{ ...ITEM, imageUrl: '/tea.jpg' }],
      ] as never),
      openid: [null, '', 'a b', 'o'.repeat(129), '<script>'],
      expiresAt: [
        null,
        '',
        'tomorrow',
        1_900_000_000,
        '2026-13-01T00:00:00Z',
        '2100-02-30T00:00:00Z',
        '2100-01-01',
      ].concat([inHours(-0.01), inHours(7 * 24 + 0.01)]),
      attach: [null, 1, 'a'.repeat(129)],
      returnUrl: [null, '', '/done', 'javascript:alert(1)', 'data:text/html,x', `${SHOP}/${'a'.repeat(2048)}`],
    };

    for (const [field, values] of Object.entries(accepted)) {
      for (const value of values) {
        const { status, text } = await create(proxy, { [field]: value });
        assert.equal(status, 201, `${field} ${JSON.stringify(value)}: ${text}`);
      }
    }
    for (const [field, values] of Object.entries(refused)) {
      for (const value of values) {
        const reply = await create(proxy, { [field]: value });
        assert.equal(reply.status, 400, `${field} ${JSON.stringify(value)}`);
        assert.equal(reply.json.code, 'invalid_request');
        assert.match(reply.json.detail, new RegExp(field));
      }
    }
  });

  test('brings times into UTC and cuts spaces around the description', async () => {
    const { proxy } = shared;
    const moment = new Date(Math.floor(now() / 1_000) * 1_000 + HOUR);
    const inChina = `${new Date(moment.getTime() + 8 * HOUR).toISOString().slice(0, 19)}+08:00`;

    const { json } = await create(proxy, { expiresAt: inChina, description: '  Tea ' });

    assert.equal(json.expiresAt, moment.toISOString());
    assert.equal(json.description, 'Tea');
  });

  test('again with the same request gives the same order', async () => {
    const { proxy } = shared;
    const request = { outTradeNo: outTradeNo(), description: 'Tea', amount: AMOUNT, items: [ITEM], attach: 'a' };
    const first = await proxy.merchant('POST', '/v1/orders', request);

    const again = await proxy.merchant('POST', '/v1/orders', request);
    const turned = await proxy.merchant(
      'POST',
      '/v1/orders',
      `{ "attach": "a", "items": [ {"unitPrice": 1990, "quantity": 2, "name": "Tea"} ], "amount": {"currency": "CNY", "total": 3980},
         "description": "Tea", "outTradeNo": "${request.outTradeNo}" }`,
    );

    assert.equal(first.status, 201);
    for (const reply of [again, turned]) {
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.json, first.json);
    }
  });

  test('again with another request is a conflict, and changes nothing', async () => {
    const { proxy } = shared;
    const request = { outTradeNo: outTradeNo(), description: 'Tea', amount: AMOUNT };
    const first = await proxy.merchant('POST', '/v1/orders', request);

    for (const change of [
      { description: 'Coffee' },
      { amount: { total: 3981 } },
      { items: [ITEM] },
      { openid: 'payer' },
      { attach: 'a' },
      { returnUrl: SHOP },
      { expiresAt: new Date(now() + HOUR).toISOString() },
    ]) {
      assertRefused(await proxy.merchant('POST', '/v1/orders', { ...request, ...change }), 'order_conflict', 409);
    }
    assert.deepEqual((await proxy.merchant('GET', `/v1/orders/${first.json.id}`)).json, first.json);
  });

  test('many different requests for one number at once make one order', async () => {
    const { proxy } = shared;
    const number = outTradeNo();

    const replies = await Promise.all(
      times(20, (index) => create(proxy, { outTradeNo: number, amount: { total: index + 1 } })),
    );

    const [made, ...others] = replies.sort((a, b) => a.status - b.status);
    assert.equal(made!.status, 201);
    for (const other of others) assertRefused(other, 'order_conflict', 409);
    assert.equal((await seen(proxy, { outTradeNo: number })).amount.total, made!.json.amount.total);
  });

  test('again gives the order in its present state, though it is over', async () => {
    const { proxy } = shared;
    const request = {
      outTradeNo: outTradeNo(),
      description: 'Tea',
      amount: AMOUNT,
      expiresAt: new Date(now() + HOUR).toISOString(),
    };
    const first = await proxy.merchant('POST', '/v1/orders', request);

    clock.advance(2 * HOUR);
    await eventually(async () => (await seen(proxy, request)).status === 'expired', 'expired');

    const again = await proxy.merchant('POST', '/v1/orders', request);
    assert.equal(again.status, 200);
    assert.equal(again.json.id, first.json.id);
    assert.equal(again.json.status, 'expired');
  });
});

describe('reading orders', () => {
  test('a page sees what it shows and nothing of payer and books; the merchant sees all', async () => {
    const { proxy } = shared;
    const [openid] = payers(proxy);
    const fields = { items: [ITEM], attach: 'row 7', openid, returnUrl: `${SHOP}/done` };
    const order = (await create(proxy, fields)).json;
    await proxy.prepay(order.id);
    const paid = proxy.wechat.control.pay(order.outTradeNo);
    await proxy.wechat.control.notificationsSettled();

    const merchant = (await proxy.merchant('GET', `/v1/orders/${order.id}`)).json;
    const page = await proxy.page('GET', `/v1/orders/${order.id}`);

    const { serverTime, ...shown } = page.json;
    const common = {
      id: order.id,
      description: 'Tea',
      items: [ITEM],
      amount: AMOUNT,
      status: 'paid',
      createdAt: order.createdAt,
      expiresAt: order.expiresAt,
      paidAt: new Date(Math.floor(paid.paidAt! / 1_000) * 1_000).toISOString(),
      returnUrl: `${SHOP}/done`,
    };
    assert.deepEqual(shown, common);
    assert.ok(Math.abs(Date.parse(serverTime) - now()) < MINUTE);
    assert.deepEqual(merchant, {
      ...common,
      outTradeNo: order.outTradeNo,
      openid,
      attach: 'row 7',
      channel: 'jsapi',
      transactionId: paid.transactionId,
      refunded: { total: 0, currency: 'CNY' },
    });
    for (const secret of [openid!, 'row 7', paid.transactionId!]) assert.ok(!page.text.includes(secret));
  });

  test('the list is the newest first, whole and without doubles, though all were made at once', async (t) => {
    const moment = Date.now();
    const proxy = await startHarness(t, { now: () => moment });
    const made = await Promise.all(times(120, () => create(proxy)));

    const listed: { id: string }[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const { json }: Reply = await proxy.merchant('GET', `/v1/orders?cursor=${encodeURIComponent(cursor)}`);
      listed.push(...json.data);
      cursor = json.nextCursor;
    }

    assert.equal(pages, 3);
    assert.equal(listed.length, 120);
    assert.deepEqual(listed.map(({ id }) => id).sort(), made.map(({ json }) => json.id).sort());
  });

  test('orders that come while somebody turns the pages shift nothing', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    const made: string[] = [];
    for (let index = 0; index < 55; index++) {
      made.push((await create(proxy)).json.id);
      clock.advance(1);
    }
    const first = (await proxy.merchant('GET', '/v1/orders')).json;
    await create(proxy);

    const second = (await proxy.merchant('GET', `/v1/orders?cursor=${first.nextCursor}`)).json;

    assert.deepEqual(
      [...first.data, ...second.data].map(({ id }) => id),
      made.toReversed(),
    );
    assert.equal(second.nextCursor, null);
  });

  test('the list can be narrowed by number and by status', async (t) => {
    const proxy = await startHarness(t);
    const [created, closed, paying] = (await Promise.all(times(3, () => create(proxy)))).map(({ json }) => json);
    await proxy.merchant('POST', `/v1/orders/${closed.id}/close`);
    await proxy.prepay(paying.id);
    const ids = async (query: string) =>
      (await proxy.merchant('GET', `/v1/orders?${query}`)).json.data.map(({ id }: { id: string }) => id);

    assert.deepEqual(await ids(`outTradeNo=${created.outTradeNo}`), [created.id]);
    assert.deepEqual(await ids('outTradeNo=T-unknown'), []);
    assert.deepEqual(await ids('status=created'), [created.id]);
    assert.deepEqual(await ids('status=closed'), [closed.id]);
    assert.deepEqual(await ids('status=paying'), [paying.id]);
    assert.deepEqual(await ids('status=paid'), []);
    assert.deepEqual(await ids(`status=closed&outTradeNo=${closed.outTradeNo}`), [closed.id]);
    assert.deepEqual(await ids(`status=paid&outTradeNo=${closed.outTradeNo}`), []);
  });
});

describe('starting to pay', () => {
  test('makes the order at WeChat, as the merchant priced it', async () => {
    const { proxy } = shared;
    const [openid] = payers(proxy);
    const order = (await create(proxy, { attach: '附 1' })).json;

    const { status, json } = await proxy.prepay(order.id, openid);

    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json.params).sort(), [
      'appId',
      'nonceStr',
      'package',
      'paySign',
      'signType',
      'timeStamp',
    ]);
    assert.equal(json.params.signType, 'RSA');
    assert.match(json.params.timeStamp, /^\d{10}$/);
    const atWechat = proxy.wechat.control.order(order.outTradeNo)!;
    assert.deepEqual(
      { ...atWechat, createdAt: 0, expiresAt: 0 },
      {
        appid: proxy.environment.WECHAT_APP_ID,
        mchid: proxy.environment.WECHAT_PAY_MCH_ID,
        description: 'Tea',
        outTradeNo: order.outTradeNo,
        notifyUrl: `${proxy.url}/wechat/pay/v3/notify`,
        total: 3980,
        currency: 'CNY',
        openid,
        attach: '附 1',
        createdAt: 0,
        expiresAt: 0,
        payVersion: 'v3',
        tradeType: 'JSAPI',
        payerAddress: undefined,
        state: 'NOTPAY',
      },
    );
    assert.equal(atWechat.expiresAt, Math.floor(Date.parse(order.expiresAt) / 1_000) * 1_000);
    const paying = await seen(proxy, order);
    assert.equal(paying.status, 'paying');
    assert.equal(paying.channel, 'jsapi');
  });

  test('again gives the same prepay id while it lives, freshly signed, and then a new one', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, { expiresAt: new Date(now() + 2 * DAY).toISOString() })).json;
    const first = await proxy.prepay(order.id);

    clock.advance(HOUR);
    const again = await proxy.prepay(order.id);
    clock.advance(HOUR + MINUTE);
    const late = await proxy.prepay(order.id);

    assert.equal(prepayId(again), prepayId(first));
    assert.notEqual(again.json.params.nonceStr, first.json.params.nonceStr);
    assert.notEqual(again.json.params.timeStamp, first.json.params.timeStamp);
    assert.equal(late.status, 200, late.text);
    assert.notEqual(prepayId(late), prepayId(first));
  });

  test('many times at once gives one prepay id', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;

    const replies = await Promise.all(times(10, () => proxy.prepay(order.id)));

    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
    assert.equal(new Set(replies.map(prepayId)).size, 1);
    assert.equal(calls(proxy, order).created, 1);
  });

  test('gives each payer a prepay id of their own, one at a time', async () => {
    const { proxy } = shared;
    const [one, other] = payers(proxy);
    const order = (await create(proxy)).json;
    const first = await proxy.prepay(order.id, one);

    const reply = await proxy.prepay(order.id, other);

    // WeChat binds a number to the payer that it was first asked for: another payer needs another number.
    assert.equal(reply.status, 200);
    const { tradeNo } = await seen(proxy, order);
    const { control } = proxy.wechat;
    assert.deepEqual(
      [order.outTradeNo, tradeNo].map((number) => control.order(number)!.state),
      ['CLOSED', 'NOTPAY'],
    );
    assert.equal(control.order(tradeNo)!.openid, other);
    assert.notEqual(prepayId(reply), prepayId(first));
  });

  test('is for the payer that the order was made for', async () => {
    const { proxy } = shared;
    const [one, other] = payers(proxy);
    const order = (await create(proxy, { openid: one })).json;

    assertRefused(await proxy.prepay(order.id, other), 'payer_mismatch', 403);
    assert.equal((await seen(proxy, order)).status, 'created');
    assert.equal((await proxy.prepay(order.id, one)).status, 200);
    assertRefused(await proxy.prepay(order.id, other), 'payer_mismatch', 403);
  });

  test('of an order that was closed in WeChat’s console finds that out', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id, payers(proxy)[0]);
    await closeInConsole(proxy, order.outTradeNo);

    assertRefused(await proxy.prepay(order.id, payers(proxy)[1]), 'order_closed', 409);
    assert.equal((await seen(proxy, order)).status, 'closed');
  });

  test('sends words with emoji as they are, and without them where WeChat refuses those', async () => {
    const { proxy } = shared;
    const orders = await Promise.all(
      [{ description: '𠮷野家 牛肉饭' }, { description: '🍵茶🍵', attach: '🍵a' }, { description: '👨‍👩‍👧' }].map(
        async (fields) => (await create(proxy, fields)).json,
      ),
    );

    for (const order of orders) assert.equal((await proxy.prepay(order.id)).status, 200);

    const sent = orders.map(({ outTradeNo }) => {
      const bodies = proxy.wechat.calls
        .filter(({ path, requestBody }) => path === '/v3/pay/transactions/jsapi' && requestBody.includes(outTradeNo))
        .map(({ requestBody }) => JSON.parse(requestBody));
      return bodies.map(({ description, attach }) => (attach ? [description, attach] : description));
    });
    assert.deepEqual(sent, [
      ['𠮷野家 牛肉饭', '野家 牛肉饭'],
      [
        ['🍵茶🍵', '🍵a'],
        ['茶', 'a'],
      ],
      ['👨‍👩‍👧', orders[2].outTradeNo],
    ]);
  });

  test('needs a session', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const pay = (headers?: Record<string, string>) =>
      proxy.page('POST', `/v1/orders/${order.id}/payments`, { channel: 'jsapi' }, headers);

    const without = await pay();
    assertRefused(without, 'session_required', 401);
    assert.equal(without.headers.get('www-authenticate'), 'Bearer');
    assertRefused(await pay({ authorization: 'Bearer nonsense' }), 'session_invalid', 401);
    assert.deepEqual(calls(proxy, order), { created: 0, queried: 0, closed: 0 });
  });

  test('by a channel that there is not is refused', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const authorization = `Bearer ${await proxy.session()}`;
    const pay = (channel: unknown) =>
      proxy.page('POST', `/v1/orders/${order.id}/payments`, { channel }, { authorization });

    for (const channel of ['app', 'JSAPI', '', null, undefined, ['jsapi']]) {
      assertRefused(await pay(channel), 'invalid_request', 400);
    }
    assert.equal((await seen(proxy, order)).status, 'created');
  });

  test('is over for orders that are paid, closed or expired', async () => {
    const { proxy } = shared;
    const soon = new Date(now() + 10 * MINUTE).toISOString();
    const [paid, closed, expired, expiredWhilePaying] = await Promise.all(
      times(4, async (index) => (await create(proxy, index > 1 ? { expiresAt: soon } : {})).json),
    );
    await proxy.prepay(paid.id);
    await proxy.prepay(expiredWhilePaying.id);
    proxy.wechat.control.pay(paid.outTradeNo);
    await proxy.wechat.control.notificationsSettled();
    await proxy.merchant('POST', `/v1/orders/${closed.id}/close`);
    clock.advance(10 * MINUTE);

    assertRefused(await proxy.prepay(paid.id), 'order_paid', 409);
    assertRefused(await proxy.prepay(closed.id), 'order_closed', 409);
    assertRefused(await proxy.prepay(expired.id), 'order_expired', 409);
    assertRefused(await proxy.prepay(expiredWhilePaying.id), 'order_expired', 409);
  });

  test('of an order that is paid already, unheard of, finds that out', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    const order = (await create(proxy, { expiresAt: new Date(now() + DAY).toISOString() })).json;
    await proxy.prepay(order.id);
    // Nobody is there to ask WeChat about it in the meantime.
    await proxy.stop();
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    clock.advance(2 * HOUR);
    proxy.wechat.control.fail({ path: '/v3/pay/transactions/out-trade-no/*', kind: 'disconnect', count: 4 });
    await proxy.restart();

    await eventually(async () => {
      const reply = await proxy.prepay(order.id);
      if (reply.json.code === 'wechat_unavailable') return false;
      assertRefused(reply, 'order_paid', 409);
      return true;
    }, 'WeChat is back');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });
});

/** As the merchant can, without the proxy’s knowing. */
async function closeInConsole({ wechat }: Harness, outTradeNo: string): Promise<void> {
  const { environment, url } = wechat;
  const merchant = {
    mchId: environment.WECHAT_PAY_MCH_ID!,
    serialNo: environment.WECHAT_PAY_SERIAL_NO!,
    privateKey: createPrivateKey(environment.WECHAT_PAY_PRIVATE_KEY!),
  };
  const path = `/v3/pay/transactions/out-trade-no/${outTradeNo}/close`;
  const body = JSON.stringify({ mchid: merchant.mchId });
  const request = {
    method: 'POST',
    path,
    timestamp: Math.floor(wechat.control.now() / 1_000),
    nonceStr: outTradeNo,
    body,
  };
  const { status } = await fetch(url + path, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': 'console',
      authorization: authorization(merchant, request),
    },
    body,
  });
  assert.equal(status, 204);
}

describe('WeChat in trouble', () => {
  const CREATE = '/v3/pay/transactions/jsapi';

  test('a refusal comes with WeChat’s own words, and the order stays open', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;

    const reply = await proxy.prepay(order.id, 'nobody-knows-this-payer');

    assertRefused(reply, 'payment_refused', 502);
    assert.deepEqual(reply.json.upstream, { code: 'PARAM_ERROR', message: 'appid和openid不匹配' });
    assert.equal((await seen(proxy, order)).status, 'created');
    assert.equal((await proxy.prepay(order.id)).status, 200);
  });

  for (const [what, fault] of [
    ['no connection', { kind: 'disconnect' }],
    ['its own error', { kind: 'status', status: 500 }],
    ['a lost answer', { kind: 'disconnect', when: 'after' }],
    ['a gateway in between', { kind: 'status', status: 502, when: 'after' }],
  ] as const) {
    test(`${what}, once, is nothing that a payer sees`, async () => {
      const { proxy } = shared;
      const order = (await create(proxy)).json;
      proxy.wechat.control.fail({ path: CREATE, ...fault });

      assert.equal((await proxy.prepay(order.id)).status, 200);
    });
  }

  for (const [what, fault, code, status] of [
    ['WeChat down', { kind: 'disconnect', count: 2 }, 'wechat_unavailable', 502],
    ['WeChat failing', { kind: 'status', status: 500, count: 2 }, 'wechat_pay_busy', 503],
    ['WeChat overrun', { kind: 'status', status: 429, count: 1 }, 'wechat_pay_busy', 503],
    ['an answer that nobody signed', { kind: 'status', status: 200, when: 'after' }, 'wechat_untrusted', 502],
  ] as const) {
    test(`${what}: ${code}, and the next try succeeds`, async () => {
      const { proxy } = shared;
      const order = (await create(proxy)).json;
      proxy.wechat.control.fail({ path: CREATE, ...fault });

      const reply = await proxy.prepay(order.id);

      assertRefused(reply, code, status);
      assert.equal((await seen(proxy, order)).status, 'created');
      assert.equal((await proxy.prepay(order.id)).status, 200);
    });
  }

  test('an order can be read though WeChat cannot be asked about it', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.fail({ path: about(order), kind: 'disconnect', count: 100 });

    const reply = await proxy.page('GET', `/v1/orders/${order.id}`);

    assert.equal(reply.status, 200);
    assert.equal(reply.json.status, 'paying');
  });

  test('an unsigned answer to a query is not believed', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.fail({
      path: about(order),
      method: 'GET',
      kind: 'status',
      status: 200,
      when: 'after',
      count: 2,
    });

    assert.equal((await proxy.page('GET', `/v1/orders/${order.id}`)).json.status, 'paying');
    assertRefused(await proxy.merchant('POST', `/v1/orders/${order.id}/close`), 'wechat_untrusted', 502);
    assert.equal((await seen(proxy, order)).status, 'paying');
  });
});
