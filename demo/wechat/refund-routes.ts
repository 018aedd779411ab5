import Router from '@koa/router';
import type { Exchange, ExchangeMiddleware } from './exchange.ts';
import { checkFields, type FieldRules, paramError, parseBody } from './field-rules.ts';
import { checkNotifyUrl } from './order-rules.ts';
import { answerJson } from './pay-authentication.ts';
import { PayRefusal } from './pay-refusal.ts';
import type { NewRefund, PayRefund, Refunds } from './refunds.ts';
import { refundView } from './v3-views.ts';

const MONEY = (label: string) => ({ label, type: 'integer', required: true, min: 1 }) as const;

/** Fields of `POST /v3/refund/domestic/refunds`: https://pay.weixin.qq.com/doc/v3/merchant/4012791903 */
const RULES: FieldRules = {
  transaction_id: { label: '微信支付订单号', type: 'string', min: 1, max: 32 },
  out_trade_no: { label: '商户订单号', type: 'string', min: 6, max: 32, pattern: /^[0-9a-zA-Z_\-|*]{1,}$/ },
  out_refund_no: {
    label: '商户退款单号',
    type: 'string',
    required: true,
    max: 64,
    pattern: /^[0-9a-zA-Z_\-|*@]{1,}$/,
  },
  reason: { label: '退款原因', type: 'string', max: 80 },
  notify_url: { label: '退款结果回调url', type: 'string', max: 256 },
  funds_account: { label: '退款资金来源', type: 'string', pattern: /^(AVAILABLE|UNSETTLED)$/ },
  amount: {
    label: '金额信息',
    type: 'object',
    required: true,
    fields: {
      refund: MONEY('退款金额'),
      total: MONEY('原订单金额'),
      currency: { label: '退款币种', type: 'string', required: true, max: 16, pattern: /^CNY$/ },
      from: {
        label: '退款出资账户及金额',
        type: 'array',
        fields: {
          account: { label: '出资账户类型', type: 'string', required: true, pattern: /^(UN)?AVAILABLE$/ },
          amount: MONEY('出资金额'),
        },
      },
    },
  },
  goods_detail: {
    label: '退款商品',
    type: 'array',
    fields: {
      merchant_goods_id: { label: '商户侧商品编码', type: 'string', required: true, max: 32 },
      wechatpay_goods_id: { label: '微信侧商品编码', type: 'string', max: 32 },
      goods_name: { label: '商品名称', type: 'string', max: 256 },
      unit_price: { label: '商品单价', type: 'integer', required: true, min: 0 },
      refund_amount: { label: '商品退款金额', type: 'integer', required: true, min: 0 },
      refund_quantity: { label: '商品退货数量', type: 'integer', required: true, min: 1 },
    },
  },
};

interface World {
  refunds: Refunds;
  /** Lets a new refund take its course, once its answer is out. */
  settle: (refund: PayRefund) => void;
}

/** Refunds at api.mch.weixin.qq.com, version 3. */
export function refundRoutes({ refunds, settle }: World, guarded: ExchangeMiddleware): Router<Exchange> {
  const router = new Router<Exchange>({ prefix: '/v3/refund/domestic/refunds' });

  router.post('/', guarded, (ctx) => {
    const { refund, isNew } = refunds.request(parseRefund(ctx.state.rawBody));
    if (isNew) ctx.res.once('close', () => settle(refund));
    answerJson(ctx, refundView(refund));
  });

  router.get('/:outRefundNo', guarded, (ctx) => {
    const refund = refunds.byOutRefundNo(ctx.params.outRefundNo ?? '');
    if (!refund) throw new PayRefusal(404, 'RESOURCE_NOT_EXISTS', '退款单不存在');
    answerJson(ctx, refundView(refund));
  });

  return router;
}

/** @throws PayRefusal 400 PARAM_ERROR */
function parseRefund(body: Buffer): NewRefund {
  const parsed = parseBody(body);
  checkFields(parsed, RULES);
  const asked = parsed as unknown as {
    transaction_id?: string;
    out_trade_no?: string;
    out_refund_no: string;
    reason?: string;
    notify_url?: string;
    amount: { refund: number; total: number };
  };
  if (!asked.transaction_id && !asked.out_trade_no) {
    throw paramError('/transaction_id', undefined, '微信支付订单号和商户订单号不能同时为空');
  }
  if (asked.notify_url !== undefined) checkNotifyUrl(asked.notify_url);
  return {
    payVersion: 'v3',
    transactionId: asked.transaction_id,
    outTradeNo: asked.out_trade_no,
    outRefundNo: asked.out_refund_no,
    amount: asked.amount.refund,
    total: asked.amount.total,
    reason: asked.reason,
    notifyUrl: asked.notify_url,
  };
}
