import type { Channel } from '../../../api.ts';
import type { XmlFields } from '../../xml.ts';
import { type NewOrder, payableUntil } from '../gateway.ts';
import { chinaTime, cutToBytes } from './fields.ts';

const TRADE_TYPES: Record<Channel, string> = { jsapi: 'JSAPI', native: 'NATIVE', h5: 'MWEB' };

/** Of `body` and of `attach`, in bytes: https://developers.weixin.qq.com/community/develop/doc/0004ea4a820ef0f560b97553053c00 */
const MAX_TEXT = 127;

/** What `unifiedorder` wants: https://pay.weixin.qq.com/doc/v2/merchant/4011936530 */
export function orderFields(order: NewOrder, notifyUrl: string, now: number): XmlFields {
  const attach = order.attach ?? '';
  return {
    body: cutToBytes(order.description, MAX_TEXT),
    out_trade_no: order.tradeNo,
    total_fee: String(order.total),
    spbill_create_ip: order.payerAddress,
    time_expire: chinaTime(payableUntil(order, now)),
    notify_url: notifyUrl,
    trade_type: TRADE_TYPES[order.channel],
    // Part of it would mislead whoever reads it in WeChat's console; the order itself keeps it whole.
    ...(attach && Buffer.byteLength(attach) <= MAX_TEXT && { attach }),
    ...channelFields(order, notifyUrl),
  };
}

function channelFields({ channel, openid, productId, tradeNo }: NewOrder, notifyUrl: string): XmlFields {
  if (channel === 'native') return { product_id: productId ?? tradeNo };
  if (channel === 'jsapi') return { openid: openid ?? '' };
  const { origin, hostname } = new URL(notifyUrl);
  return { scene_info: JSON.stringify({ h5_info: { type: 'Wap', wap_url: origin, wap_name: hostname } }) };
}
