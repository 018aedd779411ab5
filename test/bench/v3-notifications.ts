import { rateOfPosts, report, startBareKoa } from './measure.ts';
import { benchPeerKoa } from './peer-koa.ts';
import { type V3Message, v3Peers } from './peers.ts';
import { AMOUNT, type BenchProxy, startBenchProxy } from './proxy.ts';

const COUNT = 500;
const CONNECTIONS = 20;
const PATH = '/wechat/pay/v3/notify';

/** Payment notifications of version 3: each proved, decrypted, checked against its order and committed to the disk. */
export async function benchV3Notifications(): Promise<void> {
  const proxy = await startBenchProxy();
  const messages: V3Message[] = [];
  for (let i = 0; i < COUNT; i++) messages.push(await paidNotification(proxy));
  const posts = messages.map((message) => ({ path: PATH, ...message }));
  const bare = await startBareKoa(async (ctx) => {
    for await (const _ of ctx.req);
    ctx.status = 204;
  });

  // Node's compiler warms up on the first of them.
  await rateOfPosts(bare.url, posts, CONNECTIONS);
  const rows = [
    { name: 'bare Koa that reads the body and answers 204', rate: await rateOfPosts(bare.url, posts, CONNECTIONS) },
    { name: 'the proxy: order paid, event, commit', rate: await rateOfPosts(proxy.url, posts, CONNECTIONS) },
    { name: 'the proxy: each once more (no effect)', rate: await rateOfPosts(proxy.url, posts, CONNECTIONS) },
  ];
  for (const peer of v3Peers(proxy)) {
    const read = (body: string, headers: Record<string, string>) => peer.readNotification({ body, headers });
    rows.push(await benchPeerKoa(peer.name, posts, CONNECTIONS, read));
  }
  report('Payment notifications, version 3 (the peers only verify and decrypt)', rows);
  await Promise.all([bare.stop(), proxy.stop()]);
}

async function paidNotification(proxy: BenchProxy): Promise<V3Message> {
  const { id, outTradeNo } = await proxy.createOrder();
  await proxy.startPayment(id!);
  const paid = proxy.wechat.control.pay(outTradeNo!, { notify: false });
  const transaction = {
    appid: proxy.config.WECHAT_APP_ID,
    mchid: proxy.config.WECHAT_PAY_MCH_ID,
    out_trade_no: outTradeNo,
    transaction_id: paid.transactionId,
    trade_type: 'NATIVE',
    trade_state: 'SUCCESS',
    success_time: new Date().toISOString(),
    payer: { openid: proxy.wechat.control.users[0]!.openid },
    amount: { ...AMOUNT, payer_total: AMOUNT.total, payer_currency: 'CNY' },
  };
  const body = JSON.stringify({
    id: outTradeNo,
    create_time: new Date().toISOString(),
    resource_type: 'encrypt-resource',
    event_type: 'TRANSACTION.SUCCESS',
    resource: proxy.wechat.control.encrypt(JSON.stringify(transaction), 'transaction'),
  });
  return { headers: { 'content-type': 'application/json', ...proxy.wechat.control.sign(body) }, body };
}
