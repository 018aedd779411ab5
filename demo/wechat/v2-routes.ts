import { gzipSync } from 'node:zlib';
import Router from '@koa/router';
import type { Account } from './account.ts';
import { type Bills, type BillType, isDate } from './bills.ts';
import type { Exchange, ExchangeContext } from './exchange.ts';
import { demandCertificate } from './merchant-certificate.ts';
import { isNotifyUrl } from './order-rules.ts';
import { orderNotExist, type PayOrder, type PayOrders, type Prepaid } from './pay-orders.ts';
import { PayRefusal } from './pay-refusal.ts';
import type { PayRefund, Refunds } from './refunds.ts';
import { answerV2, fail, readCall, V2Failure, type V2Fields, type V2Rules } from './v2-answers.ts';
import { FEN, newV2Order, OUT_TRADE_NO, UNIFIED_ORDER } from './v2-order-rules.ts';
import type { Signed } from './v2-signature.ts';
import { orderQueryView, spacedTime, V2_REFUND_STATES } from './v2-views.ts';

const REFUNDS_A_PAGE = 10;
const OUT_REFUND_NO = { max: 64, pattern: /^[0-9a-zA-Z_\-|*@]+$/ };

/** Fields of `/secapi/pay/refund`: https://pay.weixin.qq.com/doc/v2/merchant/4011941137 */
const REFUND: V2Rules = {
  transaction_id: { max: 32 },
  out_trade_no: OUT_TRADE_NO,
  out_refund_no: { required: true, ...OUT_REFUND_NO },
  total_fee: FEN,
  refund_fee: FEN,
  refund_fee_type: { max: 8, pattern: /^CNY$/ },
  refund_desc: { max: 80 },
  refund_account: { max: 30, pattern: /^REFUND_SOURCE_(UNSETTLED|RECHARGE)_FUNDS$/ },
  notify_url: { max: 256 },
};

const REFUND_QUERY: V2Rules = {
  transaction_id: { max: 32 },
  out_trade_no: OUT_TRADE_NO,
  out_refund_no: OUT_REFUND_NO,
  refund_id: { max: 32 },
  offset: { max: 2, pattern: /^\d+$/ },
};

const BILL: V2Rules = {
  bill_date: { required: true, max: 8, pattern: /^\d{8}$/ },
  bill_type: { max: 16, pattern: /^(ALL|SUCCESS|REFUND)$/ },
  tar_type: { max: 4, pattern: /^GZIP$/ },
};

interface World {
  account: Account;
  orders: PayOrders;
  refunds: Refunds;
  bills: Bills;
  h5Url: (prepaid: Prepaid) => string;
  /** Lets a new refund take its course, once its answer is out. */
  settle: (refund: PayRefund) => void;
}

/** What api.mch.weixin.qq.com answers in version 2: XML, signed with the API key. */
export function v2Routes(world: World): Router<Exchange> {
  const { account, orders, refunds, h5Url, settle } = world;
  const router = new Router<Exchange>();

  router.all(
    '/pay/unifiedorder',
    answerV2(account, UNIFIED_ORDER, (fields) => {
      const prepaid = orders.create(newV2Order(fields));
      return {
        prepay_id: prepaid.prepayId,
        trade_type: prepaid.order.tradeType,
        code_url: prepaid.codeUrl,
        mweb_url: prepaid.h5Package && h5Url(prepaid),
      };
    }),
  );

  router.all(
    '/pay/orderquery',
    answerV2(account, { transaction_id: { max: 32 }, out_trade_no: OUT_TRADE_NO }, (fields) =>
      orderQueryView(findOrder(orders, fields)),
    ),
  );

  router.all(
    '/pay/closeorder',
    answerV2(account, { out_trade_no: { required: true, ...OUT_TRADE_NO } }, ({ out_trade_no: outTradeNo = '' }) => {
      if (orders.byOutTradeNo(outTradeNo)?.state === 'CLOSED') {
        throw new PayRefusal(400, 'ORDER_CLOSED', '订单已关闭，无法重复关闭');
      }
      orders.close(outTradeNo);
      return {};
    }),
  );

  router.all(
    '/secapi/pay/refund',
    demandCertificate,
    answerV2(account, REFUND, (fields, ctx) => {
      const { refund, isNew } = refunds.request(newRefund(fields));
      if (isNew) ctx.res.once('close', () => settle(refund));
      return {
        transaction_id: refund.transactionId,
        out_trade_no: refund.outTradeNo,
        out_refund_no: refund.outRefundNo,
        refund_id: refund.refundId,
        refund_channel: '',
        refund_fee: refund.amount,
        coupon_refund_fee: 0,
        total_fee: refund.total,
        cash_fee: refund.total,
        coupon_refund_count: 0,
        cash_refund_fee: refund.amount,
      };
    }),
  );

  router.all(
    '/pay/refundquery',
    answerV2(account, REFUND_QUERY, (fields) => showRefunds(orders, refunds, fields)),
  );

  router.all('/pay/downloadbill', (ctx) => {
    try {
      showBill(ctx, world.bills, readCall(ctx, account, BILL));
    } catch (error) {
      if (!(error instanceof V2Failure)) throw error;
      fail(ctx, error, { error_code: /^\d+$/.test(error.code) ? error.code : '20001' });
    }
  });

  return router;
}

function findOrder(orders: PayOrders, fields: V2Fields): PayOrder {
  const { transaction_id: transactionId, out_trade_no: outTradeNo } = fields;
  if (!transactionId && !outTradeNo) throw new V2Failure('LACK_PARAMS', '缺少参数out_trade_no');
  const order = transactionId ? orders.byTransactionId(transactionId) : orders.byOutTradeNo(outTradeNo!);
  if (!order) throw orderNotExist();
  return order;
}

function newRefund(fields: V2Fields) {
  const { transaction_id: transactionId, out_trade_no: outTradeNo, notify_url: notifyUrl } = fields;
  if (!transactionId && !outTradeNo) throw new V2Failure('LACK_PARAMS', '缺少参数out_trade_no');
  if (notifyUrl && !isNotifyUrl(notifyUrl)) throw new V2Failure('PARAM_ERROR', 'invalid notify_url');
  return {
    payVersion: 'v2' as const,
    transactionId,
    outTradeNo,
    outRefundNo: fields.out_refund_no!,
    amount: Number(fields.refund_fee),
    total: Number(fields.total_fee),
    reason: fields.refund_desc || undefined,
    notifyUrl: notifyUrl || undefined,
  };
}

/** @see https://pay.weixin.qq.com/doc/v2/merchant/4011941139 */
function showRefunds(orders: PayOrders, refunds: Refunds, fields: V2Fields): Signed {
  const { refund_id: refundId, out_refund_no: outRefundNo, offset = '0' } = fields;
  const one = refundId
    ? refunds.all().find((refund) => refund.refundId === refundId)
    : outRefundNo && refunds.byOutRefundNo(outRefundNo);
  const asksForOne = Boolean(refundId || outRefundNo);
  const found = asksForOne ? (one ? [one] : []) : refunds.of(findOrder(orders, fields));
  if (found.length === 0) throw new PayRefusal(404, 'RESOURCE_NOT_EXISTS', '退款单不存在');
  const page = found.slice(Number(offset), Number(offset) + REFUNDS_A_PAGE);
  const order = orders.byOutTradeNo(found[0]!.outTradeNo)!;
  return {
    transaction_id: order.transactionId,
    out_trade_no: order.outTradeNo,
    total_fee: order.total,
    settlement_total_fee: order.total,
    fee_type: order.currency,
    cash_fee: order.total,
    refund_count: page.length,
    total_refund_count: found.length,
    ...Object.assign({}, ...page.map(numbered)),
  };
}

function numbered(refund: PayRefund, index: number): Signed {
  const n = `_${index}`;
  return {
    [`out_refund_no${n}`]: refund.outRefundNo,
    [`refund_id${n}`]: refund.refundId,
    [`refund_channel${n}`]: 'ORIGINAL',
    [`refund_fee${n}`]: refund.amount,
    [`settlement_refund_fee${n}`]: refund.amount,
    [`refund_status${n}`]: V2_REFUND_STATES[refund.state],
    [`refund_account${n}`]: 'REFUND_SOURCE_RECHARGE_FUNDS',
    [`refund_recv_accout${n}`]: '支付用户零钱',
    [`refund_success_time${n}`]: refund.succeededAt === undefined ? undefined : spacedTime(refund.succeededAt),
  };
}

/** @see https://pay.weixin.qq.com/doc/v2/merchant/4011987833 */
function showBill(ctx: ExchangeContext, bills: Bills, fields: V2Fields): void {
  const date = fields.bill_date!.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  const type = (fields.bill_type || 'ALL') as BillType;
  if (!isDate(date)) throw new V2Failure('PARAM_ERROR', 'invalid bill_date');
  const state = bills.stateOf(date, type);
  if (state === 'creating') throw new V2Failure('20003', 'Bill Creating');
  if (state === 'none') throw new V2Failure('20002', 'No Bill Exist');
  if (state !== 'ready') throw new V2Failure('PARAM_ERROR', 'invalid bill_date');
  const csv = bills.bill(date, type);
  ctx.status = 200;
  ctx.type = fields.tar_type ? 'application/x-gzip' : 'text/plain';
  ctx.body = fields.tar_type ? gzipSync(csv) : csv;
}
