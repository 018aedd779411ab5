import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { startShop } from '../../demo/shop/server.ts';
import { type Demo, startDemo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';
import { callAsMerchant, placeOrder, placePaidOrder, readOrder, startPayment } from './customer.ts';

const webhookSecret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

let demo: Demo;
before(async () => {
  demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
});
after(() => demo.stop());
afterEach(() => demo.wechat.control.set({ refunds: 'succeed', merchantBalance: null }));

async function read(path: string, headers: Record<string, string> = {}, base = demo.shop.url) {
  const response = await fetch(base + path, { headers: { 'accept-language': 'en', ...headers } });
  return { status: response.status, headers: response.headers, url: response.url, page: await response.text() };
}

async function send(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(demo.shop.url + path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    headers: { 'accept-language': 'en', ...headers },
  });
  return { status: response.status, location: response.headers.get('location'), page: await response.text() };
}

const longjing = { product: 'longjing', quantity: '1' };
const office = (id: string) => `/office/orders/${id}`;

/** The refund form of an order's page, as a browser would send it. */
async function formOf(id: string): Promise<{ form: string; amount: string; reason: string }> {
  const { page } = await read(office(id));
  return fieldsIn(page);
}

function fieldsIn(page: string) {
  const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
  return { form: value('form'), amount: value('amount'), reason: value('reason') };
}

async function refundsOf(id: string) {
  const { data } = await (await callAsMerchant(demo, `/v1/orders/${id}/refunds`)).json();
  return data as { outRefundNo: string; amount: { total: number }; status: string; reason?: string }[];
}

describe('the list', () => {
  test('an office without orders says so and leads to the shop', async () => {
    const { page } = await read('/office');

    assert.match(page, /<h1>No orders yet<\/h1>/);
    assert.match(page, /<a class="button" href="\/">/);
    assert.match(page, /Demo: a real shop’s back office needs a login/);
  });

  test('the footer of the shop leads to the office, which lists the newest order first', async () => {
    const first = await placeOrder(demo.shop.url, longjing);
    const second = await placePaidOrder(demo, { product: 'tasting-box', quantity: '2' });

    const shop = await read('/');
    const { page } = await read('/office');

    assert.match(shop.page, /<a href="\/office">Back office<\/a>/);
    assert.ok(page.indexOf(office(second.id)) > 0 && page.indexOf(office(second.id)) < page.indexOf(office(first.id)));
    assert.match(page, /四季茶样 × 2/);
    assert.match(page, /39\.80/);
    assert.match(page, /class="status paid">Paid/);
    assert.match(page, /class="status created">To pay/);
  });

  test('long lists go on with older orders, to the end', async () => {
    for (let left = 50; left > 0; left -= 10) {
      await Promise.all(Array.from({ length: 10 }, () => placeOrder(demo.shop.url, longjing)));
    }

    const first = await read('/office');
    const older = /href="(\/office\?cursor=[^"]+)"/.exec(first.page)![1]!;
    const rest = await read(older);

    const ids = [first, rest].map(({ page }) => new Set(page.match(/ord_[0-9a-f]{32}/g)));
    assert.equal(ids[0]!.size, 50);
    assert.ok(ids[1]!.size > 0);
    assert.equal(new Set([...ids[0]!, ...ids[1]!]).size, ids[0]!.size + ids[1]!.size);
    assert.match(rest.page, /href="\/office">Newest orders/);
    assert.doesNotMatch(rest.page, /Older orders/);
  });
});

describe('the order', () => {
  test('its page has the facts, what happened, and the card that the customer sees', async () => {
    const { id } = await placePaidOrder(demo, longjing);
    const { outTradeNo, transactionId } = await readOrder(demo, id);

    const { page, headers } = await read(office(id));

    for (const fact of [outTradeNo, transactionId, 'Inside WeChat (JSAPI)', 'Order placed', 'Paid']) {
      assert.ok(page.includes(fact), fact);
    }
    assert.ok(page.includes(`<order-card order-id="${id}"></order-card>`));
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self' http:/);
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe|\*/);
    assert.doesNotMatch(page, /\sstyle=|<style|\son\w+=|<script(?![^>]* src=)/);
  });

  test('an unpaid order is closed, at WeChat too, and offers no refund', async () => {
    const { id } = await placeOrder(demo.shop.url, longjing);
    await startPayment(demo, id);
    const before = await read(office(id));

    const { status, location } = await send(`${office(id)}/close`, {});

    assert.deepEqual([status, location], [303, office(id)]);
    assert.doesNotMatch(before.page, /name="amount"/);
    const { outTradeNo } = await readOrder(demo, id);
    assert.equal(demo.wechat.control.order(outTradeNo)?.state, 'CLOSED');
    const after = await read(office(id));
    assert.match(after.page, /class="status closed">Closed/);
    assert.doesNotMatch(after.page, /Close the order/);
  });

  test('an order that was paid meanwhile is not closed, and can be refunded instead', async () => {
    const { id } = await placeOrder(demo.shop.url, longjing);
    await startPayment(demo, id);
    demo.wechat.control.pay((await readOrder(demo, id)).outTradeNo, { notify: false });

    const { status, page } = await send(`${office(id)}/close`, {});

    assert.equal(status, 409);
    assert.match(page, /Not closed: the customer has paid/);
    assert.match(page, /name="amount" value="128\.00"/);
  });

  test('orders that do not exist are not found', async () => {
    for (const id of [`ord_${'0'.repeat(32)}`, '1', '%22%3E%3Cscript%3E']) {
      assert.equal((await read(office(id))).status, 404, id);
      assert.equal((await send(`${office(id)}/refunds`, { amount: '1' })).status, 404, id);
      assert.equal((await send(`${office(id)}/close`, {})).status, 404, id);
    }
  });
});

describe('a refund', () => {
  test('gives back what is left by default: first a part, then the rest', async () => {
    const { id, cookie } = await placePaidOrder(demo, longjing);
    const whole = await formOf(id);

    const part = await send(`${office(id)}/refunds`, { ...whole, amount: '28.5', reason: 'A dented tin' });
    await eventually(async () => (await readOrder(demo, id)).refunded.total === 28_50, 'a part has gone back');
    const done = await read(part.location!);
    const mine = await read('/my_orders', { cookie });
    const rest = await formOf(id);
    await send(`${office(id)}/refunds`, rest);
    await eventually(async () => (await readOrder(demo, id)).status === 'refunded', 'the rest has gone back');

    assert.deepEqual([whole.amount, part.status, rest.amount], ['128.00', 303, '99.50']);
    assert.match(done.page, /Refunded to the customer · ¥28\.50/);
    assert.match(mine.page, /refunded ¥28\.50/);
    assert.deepEqual(
      (await refundsOf(id)).map(({ amount, reason }) => [amount.total, reason]),
      [
        [28_50, 'A dented tin'],
        [99_50, undefined],
      ],
    );
    assert.match((await read(office(id))).page, /All of it has been refunded/);
    assert.match((await read('/office')).page, /refunded ¥128\.00/);
  });

  test('the customer reads of it on the result page and the shop’s server by events', async () => {
    const { id } = await placePaidOrder(demo, longjing);

    await send(`${office(id)}/refunds`, { ...(await formOf(id)), amount: '8', reason: 'Sorry!' });
    const news = () => demo.shop.events.filter(({ data }) => data.orderId === id);
    await eventually(() => news().length > 0, 'the event');

    assert.deepEqual(
      news().map(({ type, data }) => [type, data.amount]),
      [['refund.succeeded', { total: 8_00, currency: 'CNY' }]],
    );
    const { page } = await read(`/pay_callback?order=${id}`);
    assert.match(page, /<h1>Partly refunded<\/h1>/);
    assert.match(page, /<dt>Refund<\/dt><dd>[^\n]*8\.00/);
    assert.match(page, /Sorry! · /);
  });

  for (const [typed, fen] of [
    ['12,5', 12_50],
    ['0.01', 1],
    ['¥1.15', 1_15],
  ] as const) {
    test(`“${typed}” is refunded as ${fen} fen`, async () => {
      const { id } = await placePaidOrder(demo, longjing);

      await send(`${office(id)}/refunds`, { ...(await formOf(id)), amount: typed });

      assert.deepEqual(
        (await refundsOf(id)).map(({ amount }) => amount.total),
        [fen],
      );
    });
  }

  test('what is no amount, too much, or too long a reason is told, with what was typed, and nothing is refunded', async () => {
    const { id } = await placePaidOrder(demo, longjing);
    const fields = { ...(await formOf(id)), reason: '"<b>Sorry</b>"' };
    const wrong: [fields: Record<string, string>, told: RegExp][] = [
      [{ amount: 'all' }, /That is not an amount/],
      [{ amount: '0' }, /That is not an amount/],
      [{ amount: '1.234' }, /That is not an amount/],
      [{ amount: '128.01' }, /That is more than can be refunded/],
      [{ reason: 'x'.repeat(81) }, /The reason is too long/],
    ];

    for (const [change, told] of wrong) {
      const { status, page } = await send(`${office(id)}/refunds`, { ...fields, ...change });
      assert.equal(status, 422);
      assert.match(page, told);
      const expected = { ...fields, reason: '&quot;&lt;b&gt;Sorry&lt;/b&gt;&quot;', ...change };
      assert.deepEqual(fieldsIn(page), expected);
      assert.match(page, /aria-invalid="true" aria-describedby="problem"/);
    }
    assert.deepEqual(await refundsOf(id), []);
  });

  test('a form that is sent twice is one refund, even of all that was paid', async () => {
    const { id } = await placePaidOrder(demo, longjing);
    const fields = await formOf(id);

    const twice = await Promise.all([1, 2].map(() => send(`${office(id)}/refunds`, fields)));
    const later = await send(`${office(id)}/refunds`, fields);

    assert.deepEqual(
      [...twice, later].map(({ status }) => status),
      [303, 303, 303],
    );
    assert.equal(new Set([...twice, later].map(({ location }) => location)).size, 1);
    assert.deepEqual(
      (await refundsOf(id)).map(({ amount }) => amount.total),
      [128_00],
    );
  });

  test('a form that comes again with another amount is no second refund until it is sent once more', async () => {
    const { id } = await placePaidOrder(demo, longjing);
    const fields = await formOf(id);
    await send(`${office(id)}/refunds`, { ...fields, amount: '10' });

    const other = await send(`${office(id)}/refunds`, { ...fields, amount: '20' });

    assert.equal(other.status, 409);
    assert.match(other.page, /This form has already made another refund/);
    assert.equal((await refundsOf(id)).length, 1);
    assert.equal(fieldsIn(other.page).amount, '20');
    assert.equal((await send(`${office(id)}/refunds`, fieldsIn(other.page))).status, 303);
    assert.deepEqual(
      (await refundsOf(id)).map(({ amount }) => amount.total),
      [10_00, 20_00],
    );
  });

  test('while WeChat works on it the page looks again, and counts it as given', async () => {
    demo.wechat.control.set({ refunds: 'wait' });
    const { id } = await placePaidOrder(demo, longjing);
    const { location } = await send(`${office(id)}/refunds`, { ...(await formOf(id)), amount: '100' });
    const [{ outRefundNo } = { outRefundNo: '' }] = await refundsOf(id);

    const waiting = await read(location!);
    const later = await read(`${location}&check=9`);
    demo.wechat.control.finishRefund(outRefundNo, 'SUCCESS');
    await eventually(async () => (await refundsOf(id))[0]?.status === 'succeeded', 'it has succeeded');
    const done = await read(location!);

    assert.match(waiting.page, /WeChat Pay is processing it · ¥100\.00/);
    assert.ok(waiting.page.includes(`content="2; url=${location!.replace('&', '&amp;')}&amp;check=1"`));
    assert.doesNotMatch(waiting.page, /name="amount"/);
    assert.doesNotMatch(later.page, /http-equiv="refresh"/);
    assert.equal(fieldsIn(later.page).amount, '28.00');
    assert.match(done.page, /Refunded to the customer · ¥100\.00/);
    assert.doesNotMatch(done.page, /http-equiv="refresh"/);
  });

  test('that the account cannot cover says so in WeChat’s words, and is tried again with the same number', async () => {
    demo.wechat.control.set({ merchantBalance: 0 });
    const { id } = await placePaidOrder(demo, longjing);
    const fields = { ...(await formOf(id)), amount: '5.00', reason: 'Late parcel' };

    const refused = await send(`${office(id)}/refunds`, fields);
    demo.wechat.control.set({ merchantBalance: null });
    const retry = /name="retry" value="([^"]+)"/.exec(refused.page)![1]!;
    const again = await send(`${office(id)}/refunds`, { retry });

    assert.equal(refused.status, 409);
    assert.match(refused.page, /Nothing was refunded: the merchant account holds too little/);
    assert.match(refused.page, /余额不足/);
    assert.deepEqual(fieldsIn(refused.page), fields);
    assert.equal(again.status, 303);
    const [refund, ...others] = await refundsOf(id);
    assert.deepEqual([refund?.outRefundNo, refund?.amount.total, refund?.reason], [retry, 5_00, 'Late parcel']);
    assert.deepEqual(others, []);
  });

  for (const [knob, told] of [
    ['abnormal', /The refund did not reach the customer’s account · ¥128\.00/],
    ['close', /WeChat Pay has closed this refund; no money moved · ¥128\.00/],
  ] as const) {
    test(`that ends ${knob} is told, with what to do`, async () => {
      demo.wechat.control.set({ refunds: knob });
      const { id } = await placePaidOrder(demo, longjing);

      const { location } = await send(`${office(id)}/refunds`, await formOf(id));
      const news = () => demo.shop.events.some(({ type, data }) => type === 'refund.failed' && data.orderId === id);
      await eventually(news, 'the event');

      assert.match((await read(location!)).page, told);
    });
  }

  test('of a payment that came late is offered, and the customer is told', async () => {
    const { id } = await placeOrder(demo.shop.url, longjing);
    await startPayment(demo, id);
    const { outTradeNo } = await readOrder(demo, id);
    await send(`${office(id)}/close`, {});
    const paid = {
      trade_state: 'SUCCESS',
      transaction_id: '4200001234202611221234567890',
      success_time: new Date().toISOString(),
      payer: { openid: demo.wechat.control.users[0]!.openid },
    };
    await demo.wechat.control.notify(outTradeNo, { transaction: paid });
    const late = () => demo.shop.events.some(({ type, data }) => type === 'payment.late' && data.id === id);
    await eventually(late, 'the event');

    const { page } = await read(office(id));
    assert.match((await read('/office')).page, /class="status late">Paid late/);
    assert.match(page, /This payment came late/);
    assert.match(page, /Paid, after the order was over/);
    assert.match(page, /name="amount" value="128\.00"/);
    assert.match((await read(`/pay_callback?order=${id}`)).page, /<h1>Your payment came late<\/h1>/);
  });

  test('without an answer from the proxy can be sent again as it was', async (t) => {
    t.mock.method(console, 'error', () => {});
    const shop = await startShop({ port: 0, proxyUrl: 'http://127.0.0.1:9', apiKey: 'k', webhookSecret });
    t.after(() => shop.stop());
    const fields = { form: 'the-form', amount: '12.5', reason: 'Sorry' };

    const response = await fetch(`${shop.url}/office/orders/ord_${'0'.repeat(32)}/refunds`, {
      method: 'POST',
      body: new URLSearchParams(fields),
    });

    assert.equal(response.status, 503);
    assert.deepEqual(fieldsIn(await response.text()), fields);
    assert.equal((await read('/office', {}, shop.url)).status, 503);
  });
});

describe('nobody else', () => {
  test('can use its forms from another site, or another origin of this computer', async () => {
    const { id } = await placePaidOrder(demo, longjing);
    const fields = await formOf(id);

    for (const site of ['cross-site', 'same-site']) {
      const headers = { 'sec-fetch-site': site };
      assert.equal((await send(`${office(id)}/refunds`, fields, headers)).status, 403);
      assert.equal((await send(`${office(id)}/close`, {}, headers)).status, 403);
    }
    assert.deepEqual(await refundsOf(id), []);
    assert.equal((await send(`${office(id)}/refunds`, fields, { 'sec-fetch-site': 'same-origin' })).status, 303);
  });

  test('reaches it through a network, a tunnel or another name', async () => {
    // `fetch` would not let us choose the host.
    const status = (headers: Record<string, string>) =>
      new Promise((resolve, reject) => {
        const call = request(`${demo.shop.url}/office`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        call.on('error', reject).end();
      });

    assert.equal(await status({}), 200);
    assert.equal(await status({ host: 'localhost:8788' }), 200);
    assert.equal(await status({ host: 'shop.example.com' }), 403);
    assert.equal(await status({ host: '127.0.0.1.example.com' }), 403);
    assert.equal(await status({ 'x-forwarded-for': '203.0.113.7' }), 403);
  });

  test('learns the API key from any page', async () => {
    const { id } = await placePaidOrder(demo, longjing);

    for (const path of ['/office', office(id), '/office/codes', `/pay_callback?order=${id}`]) {
      assert.ok(!(await read(path)).page.includes(demo.apiKey), path);
    }
  });
});
