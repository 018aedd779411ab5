/** The shapes of WeChat Pay's answers and notifications, version 3, and what the gateway makes of them. */
import { z } from 'zod';
import type { Channel } from '../../../api.ts';
import { type Prepaid, REFUND_STATES, type RefundState, TRADE_STATES, type Transaction } from '../gateway.ts';
import { Resource } from './resource.ts';

export const PREPAID_ANSWERS = {
  jsapi: z
    .object({ prepay_id: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/) })
    .transform(({ prepay_id }): Prepaid => ({ prepayId: prepay_id })),
  native: z
    .object({ code_url: z.string().min(1).max(512) })
    .transform(({ code_url }): Prepaid => ({ codeUrl: code_url })),
  h5: z
    .object({ h5_url: z.url({ protocol: /^https?$/ }).max(1024) })
    .transform(({ h5_url }): Prepaid => ({ h5Url: h5_url })),
} satisfies Record<Channel, z.ZodType<Prepaid>>;

const CHANNELS: Record<string, Channel> = { JSAPI: 'jsapi', NATIVE: 'native', MWEB: 'h5' };

/** Absent, null and empty mean the same: of an unpaid order, WeChat answers now with one, now with another. */
const filled = (schema: z.ZodType<string>) => z.preprocess((value) => value || undefined, schema.optional());

export const TransactionAnswer = z
  .object({
    appid: z.string(),
    mchid: z.string(),
    out_trade_no: z.string(),
    transaction_id: filled(z.string().max(32)),
    trade_state: z.enum(TRADE_STATES),
    trade_type: z.string().nullish(),
    success_time: filled(z.iso.datetime({ offset: true })),
    payer: z.object({ openid: filled(z.string()) }).nullish(),
    amount: z.object({ total: z.int().nullish(), currency: filled(z.string()) }).nullish(),
  })
  .transform(
    (answer): Transaction => ({
      appId: answer.appid,
      mchId: answer.mchid,
      tradeNo: answer.out_trade_no,
      state: answer.trade_state,
      ...(answer.transaction_id && { transactionId: answer.transaction_id }),
      ...(typeof answer.amount?.total === 'number' && { total: answer.amount.total }),
      ...(answer.amount?.currency && { currency: answer.amount.currency }),
      ...(answer.payer?.openid && { openid: answer.payer.openid }),
      ...(answer.success_time && { paidAt: Date.parse(answer.success_time) }),
      channel: CHANNELS[answer.trade_type ?? ''],
    }),
  );

const RefundAmount = z.object({ refund: z.int(), total: z.int() });

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791904 */
export const RefundAnswer = z
  .object({
    out_refund_no: z.string(),
    refund_id: z.string().max(64),
    out_trade_no: z.string(),
    status: z.enum(REFUND_STATES),
    success_time: filled(z.iso.datetime({ offset: true })),
    amount: RefundAmount,
  })
  .transform(({ status, ...answer }) => ({ state: status, ...refundFields(answer) }));

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791906 */
export const RefundNotification = z
  .object({
    mchid: z.string(),
    out_refund_no: z.string(),
    refund_id: z.string().max(64),
    out_trade_no: z.string(),
    refund_status: z.enum(REFUND_STATES),
    success_time: filled(z.iso.datetime({ offset: true })),
    amount: RefundAmount,
  })
  .transform(
    ({ mchid, refund_status, ...notification }): RefundState => ({
      mchId: mchid,
      state: refund_status,
      ...refundFields(notification),
    }),
  );

interface RefundFields {
  out_refund_no: string;
  refund_id: string;
  out_trade_no: string;
  success_time?: string | undefined;
  amount: { refund: number; total: number };
}

function refundFields({ out_refund_no, refund_id, out_trade_no, success_time, amount }: RefundFields) {
  return {
    outRefundNo: out_refund_no,
    refundId: refund_id,
    tradeNo: out_trade_no,
    amount: amount.refund,
    total: amount.total,
    ...(success_time && { succeededAt: Date.parse(success_time) }),
  };
}

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791907 */
export const BillAnswer = z.object({ hash_type: z.literal('SHA1'), hash_value: z.string(), download_url: z.url() });

export const NotificationBody = z.object({ event_type: z.string(), resource: Resource });
