import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CATALOGUE } from '../../demo/shop/catalogue.ts';
import { startShop } from '../../demo/shop/server.ts';
import { type Demo, startDemo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';
import { placeOrder, readOrder, sendForm, startPayment } from './customer.ts';

let demo: Demo;
before(async () => {
  demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
});
after(() => demo.stop());

async function read(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(demo.shop.url + path, { redirect: 'manual', headers });
  return { status: response.status, headers: response.headers, page: await response.text() };
}

describe('the pages', () => {
  test('the list shows every product with its price, in the language that is asked for', async () => {
    const chinese = await read('/?lang=zh-CN');
    const english = await read('/?lang=en');

    for (const product of CATALOGUE) {
      assert.ok(chinese.page.includes(product.name['zh-CN']) && english.page.includes(product.name.en));
      assert.ok(english.page.includes((product.price / 100).toFixed(2)));
    }
    assert.match(chinese.page, /<html lang="zh-CN">/);
    assert.match(english.page, /<html lang="en">/);
  });

  test('the language is remembered; without a choice it is the browser’s, and without that Chinese', async () => {
    const chosen = await read('/?lang=en');
    const cookie = chosen.headers.getSetCookie()[0]!.split(';')[0]!;

    assert.match((await read('/', { cookie })).page, /<html lang="en">/);
    assert.match((await read('/', { 'accept-language': 'en-GB,en;q=0.9' })).page, /<html lang="en">/);
    assert.match((await read('/', { 'accept-language': 'zh-TW,zh;q=0.9,en;q=0.8' })).page, /<html lang="zh-CN">/);
    assert.match((await read('/')).page, /<html lang="zh-CN">/);
  });

  test('the link to the other language leads to the same page', async () => {
    const { page } = await read('/order_info?product=longjing&lang=en');

    assert.ok(page.includes('href="/order_info?product=longjing&amp;lang=zh-CN"'));
  });

  test('every page bears a strict policy, and nothing in it needs a looser one', async () => {
    const order = await placeOrder(demo.shop.url, { product: 'longjing', quantity: '1' });
    const paths = ['/', '/order_info?product=longjing', '/my_orders', '/nothing-here'];
    paths.push(`/order_pay?order=${order.id}`, `/pay_callback?order=${order.id}`, '/order_pay?order=ord_unknown');

    for (const path of paths) {
      const { page, headers } = await read(path);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /^default-src 'none'; script-src 'self' http:/, path);
      assert.doesNotMatch(policy, /unsafe|\*/, path);
      assert.doesNotMatch(page, /\sstyle=|<style|\son\w+=|<script(?![^>]* src=)/, path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    }
  });

  test('what a visitor sends never becomes markup', async () => {
    const nasty = '"><script>alert(1)</script>';
    for (const path of ['/', '/order_info', '/order_pay', '/pay_callback', '/nothing-here']) {
      const query = new URLSearchParams({ product: nasty, order: nasty, outTradeNo: nasty, lang: nasty });
      const { page } = await read(`${path}?${query}`, { cookie: `lang=${encodeURIComponent(nasty)}` });
      assert.ok(!page.includes('<script>alert'), path);
    }
  });

  test('pictures and styles are served, unknown products and addresses are not found', async () => {
    for (const { id } of CATALOGUE) {
      const picture = await read(`/pictures/${id}.svg`);
      assert.equal(picture.status, 200);
      assert.equal(picture.headers.get('content-type'), 'image/svg+xml');
    }
    const style = await read('/shop.css');
    // As browsers do; Node's fetch would ask for no cached answer at all.
    const known = { 'if-none-match': style.headers.get('etag')!, 'cache-control': 'max-age=0' };
    assert.equal((await read('/shop.css', known)).status, 304);
    for (const path of ['/order_info?product=coffee', '/order_info', '/pictures/..%2fserver.ts', '/nothing-here']) {
      assert.equal((await read(path)).status, 404, path);
    }
  });
});

describe('ordering', () => {
  test('the shop’s server creates the order, at the price of its own catalogue', async () => {
    const fields = { product: 'guihua-oolong', quantity: '3', price: '1', amount: '1', total: '1' };

    const { id } = await placeOrder(demo.shop.url, fields);

    const order = await readOrder(demo, id);
    assert.deepEqual(order.amount, { total: 3 * 68_00, currency: 'CNY' });
    const imageUrl = `${demo.shop.url}/pictures/guihua-oolong.svg`;
    assert.deepEqual(order.items, [{ name: '桂花乌龙', quantity: 3, unitPrice: 68_00, imageUrl }]);
    assert.equal(order.description, '栖云茶铺-桂花乌龙 × 3');
    assert.match(order.outTradeNo, /^QY[0-9A-F]{24}$/);
    assert.equal(order.returnUrl, `${demo.shop.url}/pay_callback?outTradeNo=${order.outTradeNo}`);
    assert.equal(order.openid, undefined);
  });

  test('a form that is sent twice makes one order, two forms make two', async () => {
    const { page } = await read('/order_info?product=longjing');
    const form = /name="form" value="([^"]+)"/.exec(page)![1]!;
    const fields = { product: 'longjing', quantity: '1', form };

    const [first, second] = await Promise.all([placeOrder(demo.shop.url, fields), placeOrder(demo.shop.url, fields)]);
    const other = await placeOrder(demo.shop.url, { product: 'longjing', quantity: '1' });

    assert.equal(first.id, second.id);
    assert.notEqual(first.id, other.id);
  });

  test('an unknown product or an impossible quantity is refused, and a body that is too large', async () => {
    for (const quantity of ['0', '-1', '1.5', '10', '1e3', 'many', '']) {
      const response = await sendForm(demo.shop.url, { product: 'longjing', quantity });
      assert.equal(response.status, 400, quantity);
    }
    assert.equal((await sendForm(demo.shop.url, { product: 'coffee', quantity: '1' })).status, 400);
    assert.equal((await sendForm(demo.shop.url, { product: 'x'.repeat(5000), quantity: '1' })).status, 413);
  });

  test('a form on another site cannot order', async () => {
    const fields = { product: 'longjing', quantity: '1' };

    const response = await sendForm(demo.shop.url, fields, { 'sec-fetch-site': 'cross-site' });

    assert.equal(response.status, 403);
  });

  test('the pay page holds the two elements and the script from the proxy', async () => {
    const { id } = await placeOrder(demo.shop.url, { product: 'longjing', quantity: '1' });

    const { page } = await read(`/order_pay?order=${id}`);

    assert.ok(page.includes(`<order-card order-id="${id}"></order-card>`));
    assert.ok(page.includes(`<pay-button order-id="${id}"></pay-button>`));
    assert.ok(page.includes(`<script type="module" src="${demo.proxy.url}/widgets.js"></script>`));
  });

  test('“my orders” lists what this browser has ordered, and nothing of others', async () => {
    const order = await placeOrder(demo.shop.url, { product: 'celadon-gaiwan', quantity: '2' });

    const own = await read('/my_orders?lang=en', { cookie: order.cookie });
    const others = await read('/my_orders?lang=en');

    assert.match(own.page, /梅子青盖碗 × 2/);
    assert.ok(own.page.includes(`/order_pay?order=${order.id}`));
    assert.match(others.page, /No orders yet/);
  });
});

describe('when the proxy does not serve', () => {
  const webhookSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;

  test('an order that could not be placed says so, and its form can be sent again', async (t) => {
    t.mock.method(console, 'error', () => {});
    const shop = await startShop({ port: 0, proxyUrl: 'http://127.0.0.1:9', apiKey: 'k', webhookSecret });
    t.after(() => shop.stop());

    const response = await sendForm(shop.url, { product: 'longjing', quantity: '2', form: 'the-form' });

    const page = await response.text();
    assert.equal(response.status, 503);
    assert.match(page, /收银台暂时无法使用/);
    assert.match(page, /name="form" value="the-form"/);
    assert.match(page, /name="quantity" value="2"/);
    assert.equal((await fetch(`${shop.url}/order_pay?order=ord_${'0'.repeat(32)}`)).status, 503);
  });

  test('an order that the proxy refuses shows the code, and tells the log where to look', async (t) => {
    const log = t.mock.method(console, 'error', () => {});
    const shop = await startShop({ port: 0, proxyUrl: demo.proxy.url, apiKey: 'not the key', webhookSecret });
    t.after(() => shop.stop());

    const response = await sendForm(shop.url, { product: 'longjing', quantity: '1' });

    assert.equal(response.status, 502);
    assert.match(await response.text(), /<code>unauthorized<\/code>/);
    const line = String(log.mock.calls[0]?.arguments[0]);
    assert.match(line, /unauthorized/);
    assert.doesNotMatch(line, /not the key/);
  });
});

describe('the result', () => {
  test('an order that nobody has begun to pay is not paid', async () => {
    const { id } = await placeOrder(demo.shop.url, { product: 'longjing', quantity: '1' });

    const { page } = await read(`/pay_callback?order=${id}&lang=en`);

    assert.match(page, /Not paid yet/);
    assert.doesNotMatch(page, /http-equiv="refresh"/);
  });

  test('while the payment is not confirmed the page looks again by itself, for a while', async () => {
    const { id } = await placeOrder(demo.shop.url, { product: 'longjing', quantity: '1' });
    await startPayment(demo, id);

    const first = await read(`/pay_callback?order=${id}&lang=en`);
    const late = await read(`/pay_callback?order=${id}&lang=en&check=9`);

    assert.match(first.page, /Confirming your payment/);
    assert.ok(first.page.includes(`content="2; url=/pay_callback?order=${id}&amp;check=1"`));
    assert.match(late.page, /No payment has arrived yet/);
    assert.doesNotMatch(late.page, /http-equiv="refresh"/);
  });

  test('a payment is learnt from the webhook, once, and shown', async () => {
    const { id, cookie } = await placeOrder(demo.shop.url, { product: 'longjing', quantity: '1' });
    await startPayment(demo, id);
    const { outTradeNo } = await readOrder(demo, id);

    demo.wechat.control.pay(outTradeNo);
    const ofOrder = () => demo.shop.events.filter(({ data }) => data.id === id);
    await eventually(() => ofOrder().length > 0, 'the webhook has come');

    assert.deepEqual(
      ofOrder().map(({ type }) => type),
      ['order.paid'],
    );
    assert.match((await read(`/pay_callback?order=${id}&lang=en`)).page, /Payment received/);
    assert.match((await read('/my_orders?lang=en', { cookie })).page, /class="status paid">Paid</);
  });

  test('a shop that has lost its books and got no webhook asks the proxy', async (t) => {
    const { id } = await placeOrder(demo.shop.url, { product: 'longjing', quantity: '1' });
    await startPayment(demo, id);
    const { outTradeNo } = await readOrder(demo, id);
    demo.wechat.control.pay(outTradeNo);
    await eventually(async () => (await readOrder(demo, id)).status === 'paid', 'the proxy knows');
    const webhookSecret = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
    const shop = await startShop({ port: 0, proxyUrl: demo.proxy.url, apiKey: demo.apiKey, webhookSecret });
    t.after(() => shop.stop());

    const response = await fetch(`${shop.url}/pay_callback?outTradeNo=${outTradeNo}`);

    assert.equal(response.url, `${shop.url}/pay_callback?order=${id}`);
    assert.match(await response.text(), /付款成功/);
    assert.equal(shop.events.length, 0);
  });

  test('orders that do not exist are not found', async () => {
    for (const query of [`order=ord_${'0'.repeat(32)}`, 'order=1', `outTradeNo=QY${'0'.repeat(24)}`, '']) {
      assert.equal((await read(`/pay_callback?${query}`)).status, 404, query);
      assert.equal((await read(`/order_pay?${query}`)).status, 404, query);
    }
  });
});
