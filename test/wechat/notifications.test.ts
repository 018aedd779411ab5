import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type NotificationFault, startWechat, type Wechat } from '../../demo/wechat/start.ts';
import {
  createMerchant,
  decrypt,
  isSigned,
  type Json,
  type Merchant,
  type Received,
  receiveNotifications,
} from './merchant.ts';

const FAST = 1000;

describe('payment notifications', () => {
  let wechat: Wechat;
  let merchant: Merchant;
  let shop: Awaited<ReturnType<typeof receiveNotifications>>;

  before(async () => {
    wechat = await startWechat({ retrySpeed: FAST });
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());
  afterEach(() => shop.stop());

  async function newOrder(notifyUrl = shop.url): Promise<string> {
    const order = merchant.order({ notify_url: notifyUrl, attach: '门店 7' });
    assert.equal((await merchant.create(order)).status, 200);
    return String(order.out_trade_no);
  }
  async function payWith(...statuses: number[]): Promise<string> {
    shop = await receiveNotifications(...statuses);
    const outTradeNo = await newOrder();
    wechat.control.pay(outTradeNo);
    await wechat.control.notificationsSettled();
    return outTradeNo;
  }
  const open = ({ body }: Received) =>
    JSON.parse(decrypt(JSON.parse(body).resource, merchant.env.WECHAT_PAY_V3_KEY!)) as Record<string, Json>;
  const secondsAgo = ({ headers }: Received) =>
    Math.round(wechat.control.now() / 1000 - Number(headers['wechatpay-timestamp']));
  const isGenuine = ({ headers, body }: Received) => isSigned(headers, body, merchant.env.WECHAT_PAY_PUBLIC_KEY!);

  it('tells once that an order is paid, signed and encrypted', async () => {
    const outTradeNo = await payWith(204);
    const [notification, ...more] = shop.received;
    assert.equal(more.length, 0);
    assert.ok(isGenuine(notification!));
    assert.equal(notification!.headers['wechatpay-serial'], merchant.env.WECHAT_PAY_PUBLIC_KEY_ID);
    assert.equal(notification!.headers['content-type'], 'application/json');
    const { id, create_time: createTime, resource, ...rest } = JSON.parse(notification!.body);
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.match(createTime, /\+08:00$/);
    assert.deepEqual(rest, {
      resource_type: 'encrypt-resource',
      event_type: 'TRANSACTION.SUCCESS',
      summary: '支付成功',
    });
    assert.equal(resource.original_type, 'transaction');
    assert.equal(resource.algorithm, 'AEAD_AES_256_GCM');
    assert.deepEqual(open(notification!), (await merchant.query(outTradeNo)).json);
  });

  it('takes 200 as well as 204', async () => {
    await payWith(200);
    assert.equal(shop.received.length, 1);
  });

  it('comes again on schedule, with the same id and a new signature, until it is taken', async () => {
    await payWith(500, 302, 404, 204);
    assert.equal(shop.received.length, 4);
    assert.equal(new Set(shop.received.map(({ body }) => JSON.parse(body).id)).size, 1);
    assert.equal(new Set(shop.received.map(({ headers }) => headers['wechatpay-nonce'])).size, 4);
    assert.ok(shop.received.every(isGenuine));
    // 15 s, 15 s, 30 s, a thousand times faster.
    const waits = shop.received.slice(1).map(({ at }, index) => at - shop.received[index]!.at);
    for (const [index, wait] of [15, 15, 30].entries()) assert.ok(waits[index]! >= wait - 2, `${waits}`);
  });

  it('gives up after fifteen more tries', async () => {
    wechat.control.set({ retrySpeed: 1_000_000 });
    await payWith(500);
    assert.equal(shop.received.length, 16);
  });

  it('gives up waiting for an answer after five seconds', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    shop = await receiveNotifications(204);
    const outTradeNo = await newOrder();
    wechat.control.pay(outTradeNo, { notify: false });
    const startedAt = Date.now();
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const answer = await wechat.control.notify(outTradeNo, { url });
    assert.equal(answer.status, 0);
    assert.match(answer.body, /TimeoutError/);
    assert.ok(Date.now() - startedAt >= 4900 && Date.now() - startedAt < 10_000);
    silent.closeAllConnections();
    silent.close();
  });

  it('comes twice at once', async () => {
    wechat.control.set({ notifications: 'double' });
    await payWith(204);
    assert.equal(shop.received.length, 2);
    assert.equal(JSON.parse(shop.received[0]!.body).id, JSON.parse(shop.received[1]!.body).id);
  });

  it('is lost, and comes on the next try', async () => {
    wechat.control.set({ notifications: 'drop' });
    shop = await receiveNotifications(204);
    const outTradeNo = await newOrder();
    wechat.control.pay(outTradeNo);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(shop.received.length, 0);
    wechat.control.set({ notifications: 'send' });
    await wechat.control.notificationsSettled();
    assert.equal(shop.received.length, 1);
  });

  it('is held until it is released', async () => {
    wechat.control.set({ notifications: 'hold' });
    await payWith(204);
    assert.equal(shop.received.length, 0);
    wechat.control.releaseNotifications();
    await wechat.control.notificationsSettled();
    assert.equal(shop.received.length, 1);
  });

  it('comes after the one that came later', async () => {
    wechat.control.set({ notifications: 'reorder' });
    shop = await receiveNotifications(204);
    const [first, second] = [await newOrder(), await newOrder()];
    wechat.control.pay(first);
    wechat.control.pay(second);
    await wechat.control.notificationsSettled();
    assert.deepEqual(
      shop.received.map((notification) => open(notification).out_trade_no),
      [second, first],
    );
  });

  const faults: [NotificationFault, (notification: Received) => void][] = [
    ['bad-signature', (notification) => assert.ok(!isGenuine(notification))],
    [
      'unknown-serial',
      ({ headers }) => {
        const { publicKey, certificates } = wechat.control.serials();
        assert.ok(![publicKey, ...certificates].includes(String(headers['wechatpay-serial'])));
      },
    ],
    ['sign-test', ({ headers }) => assert.match(String(headers['wechatpay-signature']), /^WECHATPAY\/SIGNTEST\//)],
    ['stale', (notification) => assert.ok(isGenuine(notification) && secondsAgo(notification) > 300)],
    ['future', (notification) => assert.ok(isGenuine(notification) && secondsAgo(notification) < -300)],
    ['tampered-amount', (notification) => assert.equal(open(notification).amount.total, 3981)],
    ['foreign-appid', (notification) => assert.notEqual(open(notification).appid, merchant.env.WECHAT_APP_ID)],
    ['foreign-mchid', (notification) => assert.notEqual(open(notification).mchid, merchant.env.WECHAT_PAY_MCH_ID)],
  ];
  for (const [fault, check] of faults) {
    it(`is as ${fault} would have it while the knob is set, then genuine again`, async () => {
      wechat.control.set({ notifications: fault });
      shop = await receiveNotifications(401, 204);
      const outTradeNo = await newOrder();
      wechat.control.set({ retrySpeed: 100 });
      wechat.control.pay(outTradeNo);
      while (shop.received.length < 1) await new Promise((resolve) => setTimeout(resolve, 2));
      check(shop.received[0]!);
      wechat.control.set({ notifications: 'send' });
      await wechat.control.notificationsSettled();
      assert.equal(shop.received.length, 2);
      assert.ok(isGenuine(shop.received[1]!));
      assert.equal(open(shop.received[1]!).amount.total, 3980);
    });
  }

  it('is signed by the certificate, or by shares while switching', async () => {
    shop = await receiveNotifications(204);
    const outTradeNo = await newOrder();
    const { publicKey, certificates } = wechat.control.serials();
    const signer = async () => {
      await wechat.control.notify(outTradeNo);
      return shop.received.at(-1)!.headers['wechatpay-serial'];
    };
    wechat.control.set({ payMode: 'certificate' });
    assert.equal(await signer(), certificates[0]);
    wechat.control.set({ payMode: 'switching', publicKeyShare: 0 });
    assert.equal(await signer(), certificates[0]);
    wechat.control.set({ publicKeyShare: 1 });
    assert.equal(await signer(), publicKey);
  });

  it('can be sent once, changed at will, with the answer handed back', async () => {
    shop = await receiveNotifications(204, 401);
    const outTradeNo = await newOrder();
    wechat.control.pay(outTradeNo, { notify: false });
    assert.equal((await wechat.control.notify(outTradeNo)).status, 204);
    const answer = await wechat.control.notify(outTradeNo, {
      transaction: { trade_state: 'REFUND' },
      envelope: { event_type: 'REFUND.SUCCESS' },
      headers: { 'wechatpay-nonce': undefined, 'x-more': '1' },
      timestamp: 1_700_000_000,
    });
    assert.deepEqual([answer.status, answer.body], [401, '{"code":"FAIL","message":"no"}']);
    const changed = shop.received[1]!;
    assert.equal(open(changed).trade_state, 'REFUND');
    assert.equal(JSON.parse(changed.body).event_type, 'REFUND.SUCCESS');
    assert.equal(changed.headers['wechatpay-nonce'], undefined);
    assert.equal(changed.headers['x-more'], '1');
    assert.equal(changed.headers['wechatpay-timestamp'], '1700000000');
    await wechat.control.notify(outTradeNo, { fault: 'sign-test' });
    assert.match(String(shop.received[2]!.headers['wechatpay-signature']), /^WECHATPAY\/SIGNTEST\//);
    assert.equal(shop.received.length, 3);
  });

  it('stands in the list of calls, with its string to sign', async () => {
    await payWith(204);
    const listed = wechat.calls.at(-1)!;
    assert.deepEqual([listed.direction, listed.method, listed.path, listed.status], ['out', 'POST', shop.url, 204]);
    assert.equal(
      listed.stringToSign,
      `${listed.requestHeaders['wechatpay-timestamp']}\n${listed.requestHeaders['wechatpay-nonce']}\n${listed.requestBody}\n`,
    );
  });
});
