/**
 * Refunds, as version 2 of the API writes them: https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_4 and, for
 * `refundquery`, https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_5
 */
import { z } from 'zod';
import type { XmlFields } from '../../xml.ts';
import type { NewRefund, RefundState } from '../gateway.ts';
import { ChinaTime, cutToBytes, Fen, readFields } from './fields.ts';

/** In bytes. */
const MAX_REASON = 80;

const STATUSES = {
  SUCCESS: 'SUCCESS',
  PROCESSING: 'PROCESSING',
  /** The payer's account takes nothing: the merchant has to see to it. */
  CHANGE: 'ABNORMAL',
  REFUNDCLOSE: 'CLOSED',
} as const satisfies Record<string, RefundState['state']>;

const Refund = z
  .object({
    mch_id: z.string(),
    out_refund_no: z.string().max(64),
    refund_id: z.string().max(32),
    out_trade_no: z.string().max(32),
    refund_status: z.enum(Object.keys(STATUSES) as (keyof typeof STATUSES)[]),
    refund_fee: Fen,
    total_fee: Fen,
    success_time: ChinaTime.optional(),
  })
  .transform(
    (fields): RefundState => ({
      mchId: fields.mch_id,
      outRefundNo: fields.out_refund_no,
      refundId: fields.refund_id,
      tradeNo: fields.out_trade_no,
      state: STATUSES[fields.refund_status],
      amount: fields.refund_fee,
      total: fields.total_fee,
      ...(fields.success_time !== undefined && { succeededAt: fields.success_time }),
    }),
  );

export function refundFields(refund: NewRefund, notifyUrl: string): XmlFields {
  return {
    out_trade_no: refund.tradeNo,
    out_refund_no: refund.outRefundNo,
    total_fee: String(refund.total),
    refund_fee: String(refund.amount),
    ...(refund.reason && { refund_desc: cutToBytes(refund.reason, MAX_REASON) }),
    notify_url: notifyUrl,
  };
}

/** What `refund` answers: that the refund is accepted. What becomes of it is told later. */
export function readRefundAnswer(answer: XmlFields): RefundState | undefined {
  return readFields(Refund, { ...answer, refund_status: 'PROCESSING' });
}

/** The inside of a notice. */
export function readRefundInfo(mchId: string, info: XmlFields): RefundState | undefined {
  return readFields(Refund, { ...info, mch_id: mchId });
}

/** What `refundquery` answers: refunds numbered from 0, one of which is the one asked for. */
export function readRefundQuery(outRefundNo: string, answer: XmlFields): RefundState | undefined {
  const named = Object.keys(answer).find((name) => /^out_refund_no_\d+$/.test(name) && answer[name] === outRefundNo);
  if (!named) return undefined;
  const ofThis = (name: string) => answer[`${name}_${named.slice('out_refund_no_'.length)}`] ?? '';
  return readFields(Refund, {
    ...answer,
    out_refund_no: outRefundNo,
    refund_id: ofThis('refund_id'),
    refund_fee: ofThis('refund_fee'),
    refund_status: ofThis('refund_status'),
    success_time: ofThis('refund_success_time'),
  });
}
