import { beijingTime } from './beijing-time.ts';
import { isPaid, type PayOrder } from './pay-orders.ts';
import type { PayRefund } from './refunds.ts';

const STATE_TEXTS = {
  NOTPAY: '订单未支付',
  SUCCESS: '支付成功',
  CLOSED: '订单已关闭',
  REFUND: '订单发生过退款，退款详情请查询退款单',
};

/**
 * An order as queries and notifications of version 3 show it.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791900
 */
export function transactionView(order: PayOrder): Record<string, unknown> {
  const shown = {
    appid: order.appid,
    mchid: order.mchid,
    out_trade_no: order.outTradeNo,
    trade_state: order.state,
    trade_state_desc: STATE_TEXTS[order.state],
    promotion_detail: [],
  };
  if (!isPaid(order)) return { ...shown, amount: { total: order.total, currency: order.currency } };
  return {
    ...shown,
    transaction_id: order.transactionId,
    trade_type: order.tradeType,
    bank_type: 'OTHERS',
    attach: order.attach ?? '',
    success_time: beijingTime(order.paidAt!),
    payer: { openid: order.openid },
    amount: { total: order.total, payer_total: order.total, currency: order.currency, payer_currency: order.currency },
  };
}

/**
 * A refund as it is answered and shown by queries.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791904
 */
export function refundView(refund: PayRefund): Record<string, unknown> {
  const { amount, total } = refund;
  return {
    refund_id: refund.refundId,
    out_refund_no: refund.outRefundNo,
    transaction_id: refund.transactionId,
    out_trade_no: refund.outTradeNo,
    channel: 'ORIGINAL',
    user_received_account: '支付用户零钱',
    ...succeeded(refund),
    create_time: beijingTime(refund.createdAt),
    status: refund.state,
    funds_account: 'AVAILABLE',
    amount: {
      total,
      refund: amount,
      from: [],
      payer_total: total,
      payer_refund: amount,
      settlement_refund: amount,
      settlement_total: total,
      discount_refund: 0,
      currency: 'CNY',
      refund_fee: 0,
    },
    promotion_detail: [],
  };
}

/**
 * A refund as its notification shows it.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791906
 */
export function refundNotice(refund: PayRefund, mchid: string): Record<string, unknown> {
  return {
    mchid,
    out_trade_no: refund.outTradeNo,
    transaction_id: refund.transactionId,
    out_refund_no: refund.outRefundNo,
    refund_id: refund.refundId,
    refund_status: refund.state,
    ...succeeded(refund),
    user_received_account: '支付用户零钱',
    amount: {
      total: refund.total,
      refund: refund.amount,
      payer_total: refund.total,
      payer_refund: refund.amount,
    },
  };
}

function succeeded({ succeededAt }: PayRefund): { success_time?: string } {
  return succeededAt === undefined ? {} : { success_time: beijingTime(succeededAt) };
}
