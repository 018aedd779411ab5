import { type ErrorCode, ProxyError } from '../errors.ts';

/**
 * Why WeChat Pay says no, by its codes: https://pay.weixin.qq.com/doc/v3/merchant/4012081709 and, for version 2,
 * https://pay.weixin.qq.com/doc/v2/merchant/4011935214. Spellings with and without underscores are both met.
 */
const REASONS: Record<string, ErrorCode> = {
  NOTENOUGH: 'wechat_pay_balance_too_low',
  NOAUTH: 'wechat_pay_not_permitted',
  APPIDMCHIDNOTMATCH: 'wechat_pay_account_mismatch',
  APPIDNOTEXIST: 'wechat_pay_account_mismatch',
  MCHNOTEXISTS: 'wechat_pay_account_mismatch',
  MCHIDNOTEXIST: 'wechat_pay_account_mismatch',
  SIGNERROR: 'wechat_pay_signature_refused',
  CERTERROR: 'wechat_pay_signature_refused',
  RULELIMIT: 'wechat_pay_rule_limit',
  OPENIDMISMATCH: 'payer_mismatch',
  FREQUENCYLIMITED: 'wechat_pay_busy',
  FREQUENCYLIMITEXCEED: 'wechat_pay_busy',
  RATELIMITEXCEEDED: 'wechat_pay_busy',
  INVALIDREQTOOMUCH: 'wechat_pay_busy',
  SYSTEMERROR: 'wechat_pay_busy',
  SERVICEUNAVAILABLE: 'wechat_pay_busy',
  BANKERROR: 'wechat_pay_busy',
  BIZERRNEEDRETRY: 'wechat_pay_busy',
};

/** Seconds. */
const BUSY_WAIT = 5;

/** @param error what WeChat has said, if it has */
export function busy(error?: ProxyError): ProxyError {
  return new ProxyError('wechat_pay_busy', undefined, {
    cause: error,
    ...(error?.upstream && { upstream: error.upstream }),
    headers: { 'retry-after': String(BUSY_WAIT) },
  });
}

/** The error as a caller can act on it: WeChat's reason where it is known, else `fallback`. What is not WeChat's refusal stays as it is. */
export function asRefusal(error: unknown, fallback: ErrorCode): unknown {
  if (!(error instanceof ProxyError) || error.code !== 'wechat_refused' || !error.upstream) return error;
  const { upstream } = error;
  const code = REASONS[upstream.code.replaceAll('_', '')] ?? fallback;
  return code === 'wechat_pay_busy' ? busy(error) : new ProxyError(code, undefined, { cause: error, upstream });
}

/** Whether WeChat may have done what it was asked: it did not answer, or said that it does not know. */
export function isUndecided(error: unknown): boolean {
  const refusal = asRefusal(error, 'wechat_refused');
  if (!(refusal instanceof ProxyError)) return false;
  return ['wechat_pay_busy', 'wechat_unavailable', 'wechat_untrusted'].includes(refusal.code);
}
