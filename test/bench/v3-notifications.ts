import { createDecipheriv, createVerify } from 'node:crypto';
import { type Post, rateOf, rateOfPosts, report, startBareKoa } from './measure.ts';
import { API_KEY, ORIGIN, startBenchProxy } from './proxy.ts';

const COUNT = 600;
const CONNECTIONS = 20;
const NOTIFY_PATH = '/wechat/pay/v3/notify';
type BenchProxy = Awaited<ReturnType<typeof startBenchProxy>>;

/** Payment notifications of API v3: each proved, decrypted, checked against its order and committed to the disk. */
export async function benchV3Notifications(): Promise<void> {
  const proxy = await startBenchProxy();
  const posts: Post[] = [];
  for (let i = 0; i < COUNT; i++) posts.push(await paidNotification(proxy));
  const bare = await startBareKoa(async (ctx) => {
    for await (const _ of ctx.req);
    ctx.status = 204;
  });

  const bareRate = await rateOfPosts(bare.url, posts, CONNECTIONS);
  const firstRate = await rateOfPosts(proxy.url, posts, CONNECTIONS);
  const againRate = await rateOfPosts(proxy.url, posts, CONNECTIONS);

  report('Payment notifications, POST /wechat/pay/v3/notify', [
    { name: 'bare Koa that reads the body and answers 204', rate: bareRate },
    { name: 'the proxy, each for the first time (order paid, event)', rate: firstRate },
    { name: 'the proxy, each once more (no effect)', rate: againRate },
    { name: 'RSA verification and AES-GCM decryption alone', rate: cryptoRate(proxy, posts[0]!) },
  ]);
  await Promise.all([bare.stop(), proxy.stop()]);
}

async function paidNotification(proxy: BenchProxy): Promise<Post> {
  const call = async (path: string, body: object, authorization: string, origin?: string) => {
    const headers = { authorization, 'content-type': 'application/json', ...(origin && { origin }) };
    const response = await fetch(proxy.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Record<string, string>;
  };
  const { openid } = proxy.wechat.control.users[0]!;
  const outTradeNo = `B${process.hrtime.bigint()}`;
  const amount = { total: 100, currency: 'CNY' };
  const order = await call('/v1/orders', { outTradeNo, description: 'Tea', amount }, `Bearer ${API_KEY}`);
  const session = await call('/v1/sessions', { openid }, `Bearer ${API_KEY}`);
  await call(`/v1/orders/${order.id}/payments`, { channel: 'jsapi' }, `Bearer ${session.token}`, ORIGIN);
  const paid = proxy.wechat.control.pay(outTradeNo, { notify: false });
  const transaction = {
    appid: proxy.config.WECHAT_APP_ID,
    mchid: proxy.config.WECHAT_PAY_MCH_ID,
    out_trade_no: outTradeNo,
    transaction_id: paid.transactionId,
    trade_type: 'JSAPI',
    trade_state: 'SUCCESS',
    success_time: new Date().toISOString(),
    payer: { openid },
    amount: { ...amount, payer_total: amount.total, payer_currency: 'CNY' },
  };
  const body = JSON.stringify({
    id: outTradeNo,
    create_time: new Date().toISOString(),
    resource_type: 'encrypt-resource',
    event_type: 'TRANSACTION.SUCCESS',
    resource: proxy.wechat.control.encrypt(JSON.stringify(transaction), 'transaction'),
  });
  const headers = { 'content-type': 'application/json', ...proxy.wechat.control.sign(body) };
  return { path: NOTIFY_PATH, headers, body };
}

/** What no implementation can save: written here anew, with nothing of the proxy's. */
function cryptoRate({ config }: BenchProxy, { headers, body }: Post): number {
  const read = (name: string) => String(Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]);
  const message = `${read('wechatpay-timestamp')}\n${read('wechatpay-nonce')}\n${body}\n`;
  const { resource } = JSON.parse(body) as { resource: { ciphertext: string; nonce: string; associated_data: string } };
  return rateOf(() => {
    const verifier = createVerify('RSA-SHA256').update(message);
    if (!verifier.verify(config.WECHAT_PAY_PUBLIC_KEY!, read('wechatpay-signature'), 'base64'))
      throw new Error('forged');
    const bytes = Buffer.from(resource.ciphertext, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', config.WECHAT_PAY_V3_KEY, resource.nonce);
    decipher.setAAD(Buffer.from(resource.associated_data)).setAuthTag(bytes.subarray(-16));
    decipher.update(bytes.subarray(0, -16));
    decipher.final();
  });
}
