import type { Payment as PaymentAnswer } from '../../proxy/api.ts';
import type { ErrorCode } from '../core/error-texts.ts';
import { metaSession } from '../core/meta-session.ts';
import type { ProxyClient } from '../core/proxy-client.ts';
import type { BridgeAnswer } from '../core/wechat/bridge.ts';
import type { Wechat } from '../core/wechat/wechat.ts';
import type { WidgetError } from '../core/widget-error.ts';
import type { Prepared } from './attempt.ts';
import { createPayment } from './create-payment.ts';
import { leaveFor, untilBack } from './leave.ts';
import type { PayWay } from './payment.ts';

/** What the channels need of the page. */
export interface ChannelWorld {
  orderId: string;
  proxy: ProxyClient;
  wechat(): Promise<Wechat>;
  loadNative(): Promise<unknown>;
  failure(code: ErrorCode): WidgetError;
}

/** Asks the proxy for what the channel needs. See `AttemptWorld`. */
export async function prepare(
  { orderId, proxy, wechat, loadNative }: ChannelWorld,
  { channel, path = '', resumed }: PayWay,
  begin: () => void,
): Promise<Prepared> {
  if (channel === 'mini-program') {
    begin();
    return { channel, path };
  }
  const create = (session?: string) => {
    begin();
    return createPayment(proxy, orderId, channel, session);
  };
  if (channel === 'jsapi')
    return (await wechat()).sessionOf(proxy).with({ purpose: orderId, mayLeave: !resumed }, create);
  // Before the proxy is asked: a page that cannot show the code needs none.
  if (channel === 'native') await loadNative();
  return withOrWithout(metaSession(), create);
}

/** With the site's own session, if it has one that the proxy still takes: nobody signs in only to scan a code. */
async function withOrWithout(
  session: string | undefined,
  create: (session?: string) => Promise<PaymentAnswer>,
): Promise<PaymentAnswer> {
  try {
    return await create(session);
  } catch (error) {
    if (session && /^session_/.test((error as WidgetError).code)) return create();
    throw error;
  }
}

/** Lets the payer pay. See `AttemptWorld`. */
export async function open(
  { wechat, failure }: ChannelWorld,
  prepared: Prepared,
): Promise<BridgeAnswer | 'back' | undefined> {
  // A code is there to be scanned until the attempt ends.
  if (prepared.channel === 'native') return new Promise(() => {});
  if (prepared.channel === 'jsapi') return (await wechat()).openPaySheet(prepared.params);
  const back = untilBack();
  if (prepared.channel === 'mini-program')
    await Promise.race([back, (await wechat()).openMiniProgramPage(prepared.path)]);
  else if (!leaveFor(prepared.url)) throw failure('proxy_answer_invalid');
  await back;
  return 'back';
}
