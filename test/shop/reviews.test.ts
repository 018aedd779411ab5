import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Demo, startDemo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';
import { callAsMerchant, type PlacedOrder, placeOrder, placePaidOrder, sendReview, uploadPhoto } from './customer.ts';

let demo: Demo;
before(async () => {
  demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
});
after(() => demo.stop());

async function read(path: string, cookie = '', shop = demo.shop.url) {
  const response = await fetch(shop + path, { redirect: 'manual', headers: { 'accept-language': 'en', cookie } });
  const { status, headers } = response;
  return { status, headers, location: headers.get('location'), page: await response.text() };
}

async function send(path: string, fields: [string, string][], headers: Record<string, string>, shop = demo.shop.url) {
  const response = await fetch(shop + path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    headers: { 'accept-language': 'en', ...headers },
  });
  return { status: response.status, location: response.headers.get('location'), page: await response.text() };
}

interface Written {
  stars?: string;
  text?: string;
  photos?: string[];
}

async function publish(order: PlacedOrder, { stars = '5', text = '', photos = [] }: Written, shop = demo.shop.url) {
  const urls = photos.map((url): [string, string] => ['photos', url]);
  const response = await sendReview(shop, order, [['stars', stars], ['text', text], ...urls]);
  return { status: response.status, location: response.headers.get('location'), page: await response.text() };
}

/** What stands in the form of a page. */
function writtenIn(page: string): Written {
  return {
    stars: /name="stars" value="(\d)" required checked/.exec(page)?.[1] ?? '',
    text: /<textarea[^>]*>\n([^<]*)<\/textarea>/.exec(page)?.[1] ?? '',
    photos: /<image-uploader name="photos" max="9" value="([^"]*)"/.exec(page)?.[1]?.split(',') ?? [],
  };
}

const tasting = { product: 'tasting-box', quantity: '1' };
const reviewOf = (id: string) => `/orders/${id}/review`;

describe('the review of a paid order', () => {
  test('is offered, written with photos in the shop’s own session, kept at the proxy, and shown', async () => {
    const order = await placePaidOrder(demo, tasting);
    const result = await read(`/pay_callback?order=${order.id}`, order.cookie);
    const form = await read(reviewOf(order.id), order.cookie);
    const token = /<meta name="weixin-session" content="([^"]+)">/.exec(form.page)![1]!;
    const photos = [await uploadPhoto(demo, 1, token), await uploadPhoto(demo, 2, token)];

    const sent = await publish(order, { stars: '4', text: ' Lovely.\r\nAnd quick. ', photos });
    const sentAt = Date.now();
    const shown = await read(reviewOf(order.id), order.cookie);

    assert.ok(result.page.includes(`href="${reviewOf(order.id)}">Write a review</a>`));
    assert.ok(form.page.includes('<image-uploader name="photos" max="9"></image-uploader>'));
    assert.ok(form.page.includes(`src="${demo.proxy.url}/widgets.js"`));
    assert.deepEqual([sent.status, sent.location], [303, reviewOf(order.id)]);
    assert.match(shown.page, /role="img" aria-label="4 stars out of 5"/);
    assert.match(shown.page, /<p class="review-text">Lovely\.\nAnd quick\.<\/p>/);
    for (const [index, url] of photos.entries()) {
      const picture = `<img src="${url}?width=320" srcset="${url}?width=640 2x" alt="Customer photo ${index + 1}/2" width="64" height="48"`;
      assert.ok(shown.page.includes(`<a class="photo" href="${url}">${picture}`));
    }
    assert.ok((await read(`/pay_callback?order=${order.id}`)).page.includes('>See the review</a>'));
    await setTimeout(5);
    for (const url of photos) {
      const image = await (await callAsMerchant(demo, `${new URL(url).pathname}/keep`, {})).json();
      assert.ok(Date.parse(image.keptAt) <= sentAt, 'it was kept when the review was sent');
    }
  });

  test('stands on the home page and on the product’s, which do not say whose order it was', async () => {
    const before = await read('/order_info?product=white-tea-cake');
    const orders = [];
    for (const [stars, text] of [
      ['5', 'Dates and warm wood'],
      ['4', 'Best simmered'],
    ] as const) {
      const order = await placePaidOrder(demo, { product: 'white-tea-cake', quantity: '1' });
      await publish(order, { stars, text, photos: [await uploadPhoto(demo, 10)] });
      orders.push(order);
    }

    const [home, product] = [await read('/'), await read('/order_info?product=white-tea-cake')];

    assert.match(before.page, /No reviews yet/);
    assert.match(
      product.page,
      /aria-label="4\.5 stars out of 5".*<strong>4\.5<\/strong> <span class="quiet">2 reviews</s,
    );
    for (const { page } of [home, product]) {
      assert.match(page, /Best simmered.*Dates and warm wood/s);
      assert.match(page, /\?width=320/);
      for (const { id } of orders) assert.ok(!page.includes(id));
      assert.doesNotMatch(page, /weixin-session/);
    }
    assert.ok(home.page.includes('<a href="/order_info?product=white-tea-cake#reviews">Aged White Tea Cake</a>'));
    assert.doesNotMatch((await read('/order_info?product=celadon-gaiwan')).page, /Best simmered/);
  });

  test('never becomes markup', async () => {
    const order = await placePaidOrder(demo, tasting);
    const text = '</textarea><script>alert(1)</script>"\'&amp;';
    const escaped = '&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp;';
    const nasty = '"><script>alert(2)</script>';

    const refused = await publish(order, { stars: nasty, text, photos: [`${demo.proxy.url}/v1/images/${nasty}`] });
    await publish(order, { text });

    assert.equal(writtenIn(refused.page).text, escaped);
    for (const path of [reviewOf(order.id), '/', '/order_info?product=tasting-box', '/office/reviews']) {
      const { page } = await read(path, order.cookie);
      assert.ok(page.includes(escaped), path);
      assert.ok(!page.includes('<script>alert'), path);
    }
    assert.ok(!refused.page.includes('<script>alert'));
  });

  test('that cannot be taken says why, with what was written', async () => {
    const order = await placePaidOrder(demo, tasting);
    const photo = await uploadPhoto(demo, 20);
    const written = { stars: '3', text: 'All right', photos: [photo] };
    const ten = await Promise.all(Array.from({ length: 10 }, (_, index) => uploadPhoto(demo, 30 + index)));
    const mistakes: [change: Written, told: RegExp, left?: Written][] = [
      ...['', '0', '6', '4.5', '５'].map((stars): [Written, RegExp, Written] => [
        { stars },
        /No stars yet/,
        { stars: '' },
      ]),
      [{ text: '茶'.repeat(501) }, /That is too long/],
      [{ photos: ten }, /Too many photos/, { photos: ten.slice(0, 9) }],
      ...foreign(photo).map((url): [Written, RegExp, Written] => [
        { photos: [url, photo] },
        /Some photos cannot be used/,
        { photos: [photo] },
      ]),
    ];

    for (const [change, told, left = change] of mistakes) {
      const { status, page } = await publish(order, { ...written, ...change });
      assert.equal(status, 422, JSON.stringify(change));
      assert.match(page, told);
      assert.match(page, /role="alert"/);
      assert.match(page, / aria-describedby="problem"/);
      assert.deepEqual(writtenIn(page), { ...written, ...left });
      assert.match(page, /weixin-session/);
    }
    assert.equal((await read(reviewOf(order.id))).status, 403, 'nothing was published');
  });

  /** Addresses that are nearly those of a picture at the proxy. */
  function foreign(photo: string): string[] {
    const id = photo.split('/').at(-1)!;
    return [
      `https://evil.example/v1/images/${id}`,
      `${demo.proxy.url}.evil.example/v1/images/${id}`,
      `${demo.proxy.url}@evil.example/v1/images/${id}`,
      photo.replace('http:', 'https:'),
      photo.replace('/v1/', '/v2/'),
      `${photo}?width=320`,
      `${photo}/../../orders`,
      `${photo}x`,
      `/v1/images/${id}`,
      'javascript:alert(1)',
    ];
  }

  test('may be stars alone, or 500 characters of any kind; the same picture twice is one photo', async () => {
    const [bare, long] = [await placePaidOrder(demo, tasting), await placePaidOrder(demo, tasting)];
    const photo = await uploadPhoto(demo, 50);

    const sent = [
      await publish(bare, { stars: '1', photos: [''] }),
      await publish(long, { text: '🍵'.repeat(500), photos: [photo, photo] }),
    ];

    assert.deepEqual(
      sent.map(({ status }) => status),
      [303, 303],
    );
    assert.doesNotMatch((await read(reviewOf(bare.id))).page, /review-text|class="photo/);
    assert.equal((await read(reviewOf(long.id))).page.split('class="photo"').length - 1, 1);
  });

  test('is written once, however often the form is sent', async () => {
    const order = await placePaidOrder(demo, tasting);

    const twice = await Promise.all([publish(order, { text: 'First' }), publish(order, { text: 'First' })]);
    const later = await publish(order, { stars: '1', text: 'Second' });

    const places = [...twice, later].map(({ status, location }) => [status, location]);
    assert.deepEqual(
      places,
      [1, 2, 3].map(() => [303, reviewOf(order.id)]),
    );
    const { page } = await read(reviewOf(order.id), order.cookie);
    assert.match(page, /First/);
    assert.doesNotMatch(page, /Second|<form/);
    assert.equal((await read('/office/reviews')).page.split(order.id).length - 1, 1, 'one review of it');
  });

  test('loses only the photos that are gone from the proxy', async () => {
    const order = await placePaidOrder(demo, tasting);
    const [gone, left] = [await uploadPhoto(demo, 60), await uploadPhoto(demo, 61)];
    await deleteImage(gone);

    const { status, page } = await publish(order, { stars: '2', text: 'Hm', photos: [gone, left] });

    assert.equal(status, 422);
    assert.match(page, /Some photos are gone/);
    assert.deepEqual(writtenIn(page), { stars: '2', text: 'Hm', photos: [left] });
    assert.equal((await publish(order, writtenIn(page))).status, 303);
  });
});

function deleteImage(url: string) {
  return fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${demo.apiKey}` } });
}

describe('nobody else', () => {
  test('writes the review, or gets the session of the payer', async () => {
    const order = await placePaidOrder(demo, tasting);
    const other = await placeOrder(demo.shop.url, tasting);

    for (const cookie of ['', other.cookie, 'visitor=guess']) {
      const form = await read(reviewOf(order.id), cookie);
      assert.equal(form.status, 403);
      assert.match(form.page, /Only the customer who ordered/);
      assert.doesNotMatch(form.page, /weixin-session|<form/);
      assert.equal((await publish({ id: order.id, cookie }, { text: 'Not mine' })).status, 403);
      assert.doesNotMatch((await read(`/pay_callback?order=${order.id}`, cookie)).page, /review/);
    }
    const crossSite = { cookie: order.cookie, 'sec-fetch-site': 'cross-site' };
    assert.equal((await send(reviewOf(order.id), [['stars', '1']], crossSite)).status, 403);
    assert.equal((await publish(order, { text: 'Mine' })).status, 303);
    assert.doesNotMatch((await read(reviewOf(order.id))).page, /weixin-session|Not mine/);
  });

  test('reviews what has been paid back', async () => {
    const order = await placePaidOrder(demo, tasting);
    const refund = { outRefundNo: 'REVIEW_REFUND_1', amount: { total: 19_90, currency: 'CNY' } };
    await callAsMerchant(demo, `/v1/orders/${order.id}/refunds`, refund);
    const isKnown = () => demo.shop.events.some(({ data }) => data.orderId === order.id);
    await eventually(isKnown, 'the shop knows of the refund');

    assert.equal((await publish(order, {})).location, `/pay_callback?order=${order.id}`);
    assert.doesNotMatch((await read(`/pay_callback?order=${order.id}`, order.cookie)).page, /Write a review/);
  });

  test('reviews what is not paid, or is no order', async () => {
    const unpaid = await placeOrder(demo.shop.url, tasting);
    const missing = { id: `ord_${'0'.repeat(32)}`, cookie: unpaid.cookie };

    for (const answer of [await read(reviewOf(unpaid.id), unpaid.cookie), await publish(unpaid, {})]) {
      assert.deepEqual([answer.status, answer.location], [303, `/pay_callback?order=${unpaid.id}`]);
    }
    for (const id of [missing.id, '1', '%22%3E%3Cscript%3E']) assert.equal((await read(reviewOf(id))).status, 404, id);
    assert.equal((await publish(missing, {})).status, 404);
    assert.equal((await send(reviewOf(unpaid.id), [['text', 'x'.repeat(70_000)]], {})).status, 413);
  });
});

describe('in the office', () => {
  test('a photo is removed: for good, wherever it was shown, and nothing else', async () => {
    const orders = [await placePaidOrder(demo, tasting), await placePaidOrder(demo, tasting)] as const;
    const [bad, good] = [await uploadPhoto(demo, 70), await uploadPhoto(demo, 71)];
    for (const order of orders) await publish(order, { photos: [good, bad] });
    const removal = `/office/reviews/${orders[0].id}/remove_photo`;
    const fields: [string, string][] = [['photo', bad.split('/').at(-1)!]];
    const list = await read('/office/reviews');

    const removed = await send(removal, fields, { 'sec-fetch-site': 'same-origin' });

    assert.ok(
      list.page.includes(
        `<form method="post" action="${removal}"><input type="hidden" name="photo" value="${fields[0]![1]}">`,
      ),
    );
    assert.deepEqual([removed.status, removed.location], [303, '/office/reviews']);
    assert.deepEqual([(await fetch(bad)).status, (await fetch(good)).status], [404, 200]);
    for (const { id } of orders) {
      const { page } = await read(reviewOf(id));
      assert.match(page, /<span class="photo removed">Photo removed<\/span>/);
      assert.ok(page.includes(good) && !page.includes(bad));
    }
    assert.ok(!(await read('/office/reviews')).page.includes(fields[0]![1]));
    assert.equal((await send(removal, fields, {})).status, 303, 'once more');
  });

  test('a photo that is gone from the proxy already can be removed', async () => {
    const order = await placePaidOrder(demo, tasting);
    const photo = await uploadPhoto(demo, 80);
    await publish(order, { photos: [photo] });
    await deleteImage(photo);

    const fields: [string, string][] = [['photo', photo.split('/').at(-1)!]];
    await send(`/office/reviews/${order.id}/remove_photo`, fields, {});

    assert.match((await read(reviewOf(order.id))).page, /Photo removed/);
  });

  test('only photos of reviews are removed, and only from its own page', async () => {
    const order = await placePaidOrder(demo, tasting);
    const [shown, other] = [await uploadPhoto(demo, 90), await uploadPhoto(demo, 91)];
    await publish(order, { photos: [shown] });
    const removal = `/office/reviews/${order.id}/remove_photo`;
    const photo = (url: string): [string, string][] => [['photo', url.split('/').at(-1)!]];

    assert.equal((await send(removal, photo(other), {})).status, 404);
    assert.equal((await send(`/office/reviews/ord_none/remove_photo`, photo(shown), {})).status, 404);
    assert.equal((await send(removal, photo(shown), { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await send(removal, photo(shown), { 'x-forwarded-for': '203.0.113.7' })).status, 403);
    assert.deepEqual([(await fetch(shown)).status, (await fetch(other)).status], [200, 200]);
  });
});

test('while the proxy does not answer, nothing that was written or shown is lost', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const own = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
  t.after(() => own.stop());
  const shop = own.shop.url;
  const empty = await read('/office/reviews', '', shop);
  const [shown, order] = [await placePaidOrder(own, tasting), await placePaidOrder(own, tasting)];
  const photos = [await uploadPhoto(own, 1), await uploadPhoto(own, 2)];
  await publish(shown, { photos }, shop);
  await own.proxy.stop();

  const sent = await publish(order, { stars: '4', text: 'Still here', photos }, shop);
  const fields: [string, string][] = [['photo', photos[0]!.split('/').at(-1)!]];
  const removed = await send(`/office/reviews/${shown.id}/remove_photo`, fields, {}, shop);
  const wordsOnly = await publish(order, { stars: '4', text: 'Words need no proxy' }, shop);

  assert.match(empty.page, /<h1>No reviews yet<\/h1>/);
  assert.doesNotMatch((await read('/', '', shop)).page, /Photo removed/);
  assert.equal(sent.status, 503);
  assert.match(sent.page, /Your review is not published yet.*<code>unreachable<\/code>/s);
  assert.deepEqual(writtenIn(sent.page), { stars: '4', text: 'Still here', photos });
  assert.equal(removed.status, 503);
  assert.match(removed.page, /The photo was not removed/);
  assert.ok(removed.page.includes(`value="${fields[0]![1]}"`));
  assert.equal(wordsOnly.status, 303);
  assert.match(String(log.mock.calls[0]?.arguments[0]), /unreachable/);
});
