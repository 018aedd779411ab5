import { randomBytes } from 'node:crypto';
import Router from '@koa/router';
import type { Account } from './account.ts';
import { encryptResource } from './aead.ts';
import { beijingTime } from './beijing-time.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import { type Exchange, type ExchangeContext, type ExchangeMiddleware, queryValue } from './exchange.ts';
import { checkFields, parseBody } from './field-rules.ts';
import { parseJsapiOrder } from './jsapi-order.ts';
import { nonce } from './nonce.ts';
import { mchidMismatch, orderNotExist, type PayOrder, type PayOrders, transaction } from './pay-orders.ts';
import { PayRefusal } from './pay-refusal.ts';
import { answerToSign, rsaSign, SeenNonces, verifyRequest } from './pay-signature.ts';
import type { PlatformKeys, SigningKey } from './platform-keys.ts';

interface World {
  account: Account;
  keys: PlatformKeys;
  orders: PayOrders;
  clock: Clock;
  knobs: () => Knobs;
}

/** What api.mch.weixin.qq.com answers: JSON, signed, once the merchant has proved itself. */
export function payRoutes(world: World): Router<Exchange> {
  const { account, orders } = world;
  const router = new Router<Exchange>({ prefix: '/v3' });
  const guarded = payAuthentication(world);

  router.post('/pay/transactions/jsapi', guarded, (ctx) => {
    const prepayId = orders.create(parseJsapiOrder(ctx.state.rawBody));
    json(ctx, { prepay_id: prepayId });
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

  router.get('/certificates', guarded, (ctx) => json(ctx, { data: listedCertificates(world) }));

  function showOrder(ctx: ExchangeContext, order: PayOrder | undefined): void {
    const mchid = queryValue(ctx, 'mchid');
    if (!mchid) {
      throw new PayRefusal(
        400,
        'PARAM_ERROR',
        '输入源“/query/mchid”映射到字段“直连商户号”必填性规则校验失败，此字段为必填项',
        {
          field: 'mchid',
          location: 'query',
          value: null,
        },
      );
    }
    if (mchid !== account.mchid) throw mchidMismatch();
    if (!order) throw orderNotExist();
    json(ctx, transaction(order));
  }

  return router;
}

/**
 * Lets only the merchant through and signs what comes back. What is refused before that bears no signature, and a
 * refusal after it does.
 */
function payAuthentication({ account, keys, clock, knobs }: World): ExchangeMiddleware {
  const nonces = new SeenNonces();
  return async (ctx, next) => {
    ctx.set('request-id', `${randomBytes(16).toString('hex').toUpperCase()}-0`);
    let signer: SigningKey | undefined;
    try {
      checkHeaders(ctx);
      const request = {
        method: ctx.method,
        url: ctx.req.url ?? '',
        body: ctx.state.rawBody,
        authorization: ctx.headers.authorization,
      };
      ctx.state.stringToSign = verifyRequest(request, account, clock.seconds(), nonces);
      signer = answerSigner(ctx.get('wechatpay-serial'), keys, knobs());
      await next();
    } catch (error) {
      if (!(error instanceof PayRefusal)) throw error;
      refuse(ctx, error);
    }
    if (signer) signAnswer(ctx, signer, clock);
  };
}

/** Both headers are demanded before anything else is looked at: https://pay.weixin.qq.com/doc/v3/merchant/4012081709 */
function checkHeaders(ctx: ExchangeContext): void {
  if (!ctx.headers.accept || !ctx.headers['user-agent']) {
    throw new PayRefusal(400, 'INVALID_REQUEST', 'Http头缺少Accept或User-Agent');
  }
  if (!ctx.accepts('application/json')) {
    throw new PayRefusal(406, 'INVALID_REQUEST', 'Http头Accept应包含application/json');
  }
  if (ctx.method === 'POST' && !ctx.is('application/json')) {
    throw new PayRefusal(400, 'INVALID_REQUEST', 'Http头Content-Type应为application/json');
  }
}

/**
 * The key that signs the answer, as the request's `Wechatpay-Serial` and the mode have it.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012154180
 */
function answerSigner(asked: string, keys: PlatformKeys, { payMode }: Knobs): SigningKey {
  const known = asked ? keys.find(asked) : undefined;
  const foreign = payMode === 'public-key' && known !== undefined && known !== keys.publicKey;
  if (asked && (!known || foreign)) throw new PayRefusal(400, 'PARAM_ERROR', '平台证书序列号Wechatpay-Serial错误');
  if (payMode === 'public-key') return keys.publicKey;
  if (payMode === 'switching' && known === keys.publicKey) return keys.publicKey;
  return keys.certificate;
}

function signAnswer(ctx: ExchangeContext, signer: SigningKey, clock: Clock): void {
  const timestamp = String(clock.seconds());
  const nonceStr = nonce(32);
  const body = typeof ctx.body === 'string' ? ctx.body : '';
  ctx.set({
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': nonceStr,
    'wechatpay-serial': signer.serialNo,
    'wechatpay-signature': rsaSign(answerToSign(timestamp, nonceStr, body), signer.privateKey),
    'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
  });
}

function refuse(ctx: ExchangeContext, error: PayRefusal): void {
  ctx.status = error.status;
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(error);
  ctx.state.code = error.code;
  ctx.state.message = error.message;
  const { sign_information: shown } = (error.detail ?? {}) as { sign_information?: { truncated_sign_message: string } };
  if (shown) ctx.state.stringToSign = shown.truncated_sign_message;
}

function json(ctx: ExchangeContext, body: object): void {
  ctx.status = 200;
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
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
