import { rateOfPosts, report, startBareKoa } from './measure.ts';
import { benchPeerKoa } from './peer-koa.ts';
import { v2Notification, v2Peers } from './peers.ts';
import { AMOUNT, type BenchProxy, startBenchProxy } from './proxy.ts';

const COUNT = 500;
const CONNECTIONS = 20;
const PATH = '/wechat/pay/v2/notify';

/** Payment notifications of version 2: each proved, checked against its order and committed to the disk. */
export async function benchV2Notifications(): Promise<void> {
  const proxy = await startBenchProxy('v2');
  const bodies: string[] = [];
  for (let i = 0; i < COUNT; i++) bodies.push(await paidNotification(proxy));
  const headers = { 'content-type': 'text/xml' };
  const posts = bodies.map((body) => ({ path: PATH, headers, body }));
  const bare = await startBareKoa(async (ctx) => {
    for await (const _ of ctx.req);
    ctx.body = '<xml/>';
  });

  // Node's compiler warms up on the first of them.
  await rateOfPosts(bare.url, posts, CONNECTIONS);
  const rows = [
    { name: 'bare Koa that reads the body and answers', rate: await rateOfPosts(bare.url, posts, CONNECTIONS) },
    { name: 'the proxy: order paid, event, commit', rate: await rateOfPosts(proxy.url, posts, CONNECTIONS) },
    { name: 'the proxy: each once more (no effect)', rate: await rateOfPosts(proxy.url, posts, CONNECTIONS) },
  ];
  for (const peer of v2Peers(proxy)) {
    rows.push(await benchPeerKoa(peer.name, posts, CONNECTIONS, (body) => peer.readNotification(body)));
  }
  report('Payment notifications, version 2 (the peers only verify and parse)', rows);
  await Promise.all([bare.stop(), proxy.stop()]);
}

async function paidNotification(proxy: BenchProxy): Promise<string> {
  const { id, outTradeNo } = await proxy.createOrder();
  await proxy.startPayment(id!);
  const { transactionId } = proxy.wechat.control.pay(outTradeNo!, { notify: false });
  const fields = {
    ...{ return_code: 'SUCCESS', result_code: 'SUCCESS', bank_type: 'OTHERS', is_subscribe: 'N', fee_type: 'CNY' },
    appid: proxy.config.WECHAT_APP_ID,
    mch_id: proxy.config.WECHAT_PAY_MCH_ID,
    nonce_str: 'n'.repeat(32),
    openid: proxy.wechat.control.users[0]!.openid,
    trade_type: 'NATIVE',
    total_fee: String(AMOUNT.total),
    cash_fee: String(AMOUNT.total),
    transaction_id: transactionId!,
    out_trade_no: outTradeNo!,
    time_end: '20261122103000',
  };
  return v2Notification(fields, proxy.config.WECHAT_PAY_V2_KEY!);
}
