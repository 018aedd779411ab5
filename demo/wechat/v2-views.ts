import { beijingDigits, beijingTime } from './beijing-time.ts';
import { isPaid, type PayOrder } from './pay-orders.ts';
import type { PayRefund } from './refunds.ts';
import type { Signed } from './v2-signature.ts';

const STATE_TEXTS = {
  NOTPAY: '订单未支付',
  SUCCESS: '支付成功',
  CLOSED: '订单已关闭',
  REFUND: '订单发生过退款，退款详情请查询退款单',
};

/** How version 2 names the states of a refund. */
export const V2_REFUND_STATES = {
  PROCESSING: 'PROCESSING',
  SUCCESS: 'SUCCESS',
  CLOSED: 'REFUNDCLOSE',
  ABNORMAL: 'CHANGE',
};

/**
 * An order as `/pay/orderquery` shows it.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941131
 */
export function orderQueryView(order: PayOrder): Signed {
  const shown = {
    device_info: order.deviceInfo,
    out_trade_no: order.outTradeNo,
    trade_state: order.state,
    trade_state_desc: STATE_TEXTS[order.state],
    total_fee: order.total,
  };
  return isPaid(order) ? { ...shown, ...payment(order) } : shown;
}

/**
 * What the notification of a payment tells, unsigned.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941129
 */
export function paymentNotice(order: PayOrder): Signed {
  return {
    appid: order.appid,
    mch_id: order.mchid,
    device_info: order.deviceInfo,
    out_trade_no: order.outTradeNo,
    result_code: 'SUCCESS',
    return_code: 'SUCCESS',
    total_fee: order.total,
    ...payment(order),
  };
}

/**
 * What `req_info` of a refund's notification tells.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941141
 */
export function refundInfo(refund: PayRefund): Signed {
  return {
    out_refund_no: refund.outRefundNo,
    out_trade_no: refund.outTradeNo,
    refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
    refund_fee: refund.amount,
    refund_id: refund.refundId,
    // So spelled.
    refund_recv_accout: '支付用户零钱',
    refund_request_source: 'API',
    refund_status: V2_REFUND_STATES[refund.state],
    settlement_refund_fee: refund.amount,
    settlement_total_fee: refund.total,
    success_time: refund.succeededAt === undefined ? undefined : spacedTime(refund.succeededAt),
    total_fee: refund.total,
    transaction_id: refund.transactionId,
  };
}

/** `2017-12-15 09:46:01`, Beijing's time. */
export function spacedTime(milliseconds: number): string {
  return beijingTime(milliseconds).slice(0, 19).replace('T', ' ');
}

function payment(order: PayOrder): Signed {
  return {
    openid: order.openid,
    is_subscribe: 'Y',
    trade_type: order.tradeType,
    bank_type: 'OTHERS',
    fee_type: order.currency,
    cash_fee: order.total,
    cash_fee_type: order.currency,
    transaction_id: order.transactionId,
    attach: order.attach,
    time_end: order.paidAt === undefined ? undefined : beijingDigits(order.paidAt),
  };
}
