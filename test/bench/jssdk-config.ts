import autocannon from 'autocannon';
import { jssdkSignature } from '../../proxy/wechat/account/jsapi-ticket.ts';
import { rateOf, report, startBareKoa } from './measure.ts';
import { ORIGIN, startBenchProxy } from './proxy.ts';

const SECONDS = 5;
const CONNECTIONS = 20;

/** Requests for what `wx.config` wants, which every page view in WeChat makes. */
export async function benchJssdkConfig(): Promise<void> {
  const proxy = await startBenchProxy();
  const path = `/v1/jssdk/config?url=${encodeURIComponent(`${ORIGIN}/order_pay?order=1`)}`;
  const answer = await fetch(proxy.url + path).then((response) => response.text());
  const bare = await startBareKoa((ctx) => {
    ctx.type = 'application/json';
    ctx.body = answer;
  });

  const [bareRate, proxyRate] = [await rateOfGets(bare.url + path), await rateOfGets(proxy.url + path)];
  const signature = rateOf(() => {
    jssdkSignature({ jsapiTicket: 'x'.repeat(86), nonceStr: 'n'.repeat(32), timestamp: 1_700_000_000, url: ORIGIN });
  });

  report('JS-SDK config, GET /v1/jssdk/config', [
    { name: 'bare Koa with the same answer', rate: bareRate },
    { name: 'the proxy', rate: proxyRate },
    { name: 'the signature alone, no HTTP', rate: signature },
  ]);
  await Promise.all([bare.stop(), proxy.stop()]);
}

async function rateOfGets(url: string): Promise<number> {
  const options = { url, connections: CONNECTIONS, headers: { origin: ORIGIN } };
  await autocannon({ ...options, duration: 1 });
  const result = await autocannon({ ...options, duration: SECONDS });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`);
  return result.requests.average;
}
