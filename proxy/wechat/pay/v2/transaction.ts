import { z } from 'zod';
import type { Channel } from '../../../api.ts';
import { TRADE_STATES, type Transaction } from '../gateway.ts';
import { ChinaTime, Fen } from './fields.ts';

const CHANNELS = new Map<string, Channel>([
  ['JSAPI', 'jsapi'],
  ['NATIVE', 'native'],
  ['MWEB', 'h5'],
]);

const Paid = z.object({
  appid: z.string(),
  mch_id: z.string(),
  out_trade_no: z.string(),
  transaction_id: z.string().max(32),
  total_fee: Fen,
  fee_type: z.string().default('CNY'),
  openid: z.string().optional(),
  time_end: ChinaTime,
  trade_type: z.string(),
});

/** Of an order that is not paid there is little more than its number; of one that is given back, not always all. */
const Unpaid = Paid.partial().required({ appid: true, mch_id: true, out_trade_no: true });

/** A payment notice: https://pay.weixin.qq.com/doc/v2/merchant/4011937248 */
export const PaidTransaction = Paid.transform((fields) => transaction('SUCCESS', fields));

/** An answer of `orderquery`: https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_2 */
export const QueriedTransaction = z
  .discriminatedUnion('trade_state', [
    Paid.extend({ trade_state: z.literal('SUCCESS') }),
    Unpaid.extend({ trade_state: z.enum(TRADE_STATES).exclude(['SUCCESS']) }),
  ])
  .transform((fields) => transaction(fields.trade_state, fields));

function transaction(state: Transaction['state'], fields: z.infer<typeof Unpaid>): Transaction {
  const channel = CHANNELS.get(fields.trade_type ?? '');
  return {
    appId: fields.appid,
    mchId: fields.mch_id,
    tradeNo: fields.out_trade_no,
    state,
    ...(fields.transaction_id && { transactionId: fields.transaction_id }),
    ...(fields.total_fee !== undefined && { total: fields.total_fee, currency: fields.fee_type }),
    ...(fields.openid && { openid: fields.openid }),
    ...(fields.time_end !== undefined && { paidAt: fields.time_end }),
    ...(channel && { channel }),
  };
}
