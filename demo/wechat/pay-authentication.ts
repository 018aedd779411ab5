import { randomBytes } from 'node:crypto';
import type { Account } from './account.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import type { ExchangeContext, ExchangeMiddleware } from './exchange.ts';
import { nonce } from './nonce.ts';
import { PayRefusal } from './pay-refusal.ts';
import { answerToSign, rsaSign, SeenNonces, verifyRequest } from './pay-signature.ts';
import type { PlatformKeys, SigningKey } from './platform-keys.ts';

interface World {
  account: Account;
  keys: PlatformKeys;
  clock: Clock;
  knobs: () => Knobs;
}

/**
 * Lets only the merchant through and signs what comes back. What is refused before that bears no signature, and a
 * refusal after it does; `unsigned` leaves it out, as for files.
 */
export function payAuthentication({ account, keys, clock, knobs }: World): ExchangeMiddleware {
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
    if (signer && !ctx.state.unsigned) signAnswer(ctx, signer, clock);
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

export function answerJson(ctx: ExchangeContext, body: object): void {
  ctx.status = 200;
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}
