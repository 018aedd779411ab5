import Router from '@koa/router';
import type { Account } from './account.ts';
import { encryptResource } from './aead.ts';
import { beijingTime } from './beijing-time.ts';
import type { Knobs } from './control.ts';
import { type Exchange, type ExchangeContext, type ExchangeMiddleware, queryValue } from './exchange.ts';
import { checkFields, parseBody } from './field-rules.ts';
import { parseOrder } from './order-rules.ts';
import { answerJson } from './pay-authentication.ts';
import { mchidMismatch, orderNotExist, type PayOrder, type PayOrders, type Prepaid } from './pay-orders.ts';
import { PayRefusal } from './pay-refusal.ts';
import type { PlatformKeys } from './platform-keys.ts';
import { transactionView } from './v3-views.ts';

interface World {
  account: Account;
  keys: PlatformKeys;
  orders: PayOrders;
  knobs: () => Knobs;
  /** Where the H5 page of an order is. */
  h5Url: (prepaid: Prepaid) => string;
}

/** Orders and certificates at api.mch.weixin.qq.com, version 3. `guarded` lets only the merchant through. */
export function payRoutes(world: World, guarded: ExchangeMiddleware): Router<Exchange> {
  const { account, orders, h5Url } = world;
  const router = new Router<Exchange>({ prefix: '/v3' });

  router.post('/pay/transactions/jsapi', guarded, (ctx) => {
    const { prepayId } = orders.create(parseOrder(ctx.state.rawBody, 'JSAPI'));
    answerJson(ctx, { prepay_id: prepayId });
  });

  router.post('/pay/transactions/native', guarded, (ctx) => {
    const { codeUrl } = orders.create(parseOrder(ctx.state.rawBody, 'NATIVE'));
    answerJson(ctx, { code_url: codeUrl });
  });

  router.post('/pay/transactions/h5', guarded, (ctx) => {
    answerJson(ctx, { h5_url: h5Url(orders.create(parseOrder(ctx.state.rawBody, 'MWEB'))) });
  });

  router.get('/pay/transactions/id/:transactionId', guarded, (ctx) => {
    showOrder(ctx, orders.byTransactionId(ctx.params.transactionId ?? ''));
  });

  router.get('/pay/transactions/out-trade-no/:outTradeNo', guarded, (ctx) => {
    showOrder(ctx, orders.byOutTradeNo(ctx.params.outTradeNo ?? ''));
  });

  router.post('/pay/transactions/out-trade-no/:outTradeNo/close', guarded, (ctx) => {
    const body = parseBody(ctx.state.rawBody);
    checkFields(body, { mchid: { label: '直连商户号', type: 'string', required: true, max: 32 } });
    if (body.mchid !== account.mchid) throw mchidMismatch();
    orders.close(ctx.params.outTradeNo ?? '');
    ctx.status = 204;
  });

  router.get('/certificates', guarded, (ctx) => answerJson(ctx, { data: listedCertificates(world) }));

  function showOrder(ctx: ExchangeContext, order: PayOrder | undefined): void {
    const mchid = queryValue(ctx, 'mchid');
    if (!mchid) {
      throw new PayRefusal(
        400,
        'PARAM_ERROR',
        '输入源“/query/mchid”映射到字段“直连商户号”必填性规则校验失败，此字段为必填项',
        { detail: { field: 'mchid', location: 'query', value: null } },
      );
    }
    if (mchid !== account.mchid) throw mchidMismatch();
    if (!order) throw orderNotExist();
    answerJson(ctx, transactionView(order));
  }

  return router;
}

function listedCertificates({ account, keys, knobs }: World): object[] {
  if (knobs().payMode === 'public-key') {
    throw new PayRefusal(404, 'RESOURCE_NOT_EXISTS', '无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。');
  }
  return keys.certificates.map(({ serialNo, certificate, effectiveAt, expiresAt }) => ({
    serial_no: serialNo,
    effective_time: beijingTime(effectiveAt),
    expire_time: beijingTime(expiresAt),
    encrypt_certificate: encryptResource(certificate, account.apiV3Key, 'certificate'),
  }));
}
