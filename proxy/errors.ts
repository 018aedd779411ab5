/**
 * Every error code that the proxy can answer with: its HTTP status, what it means, and what to do about it.
 * The codes are stable: programs test against them. The tables in the documentation are generated from here.
 */
export const ERRORS = {
  // The request itself
  invalid_request: [400, 'The request is not of the documented form.', 'Correct the fields that `detail` names.'],
  malformed_json: [400, 'The body is not valid JSON.', 'Send UTF-8 JSON with `content-type: application/json`.'],
  unsupported_media_type: [
    415,
    'The body is of another kind than this route takes.',
    'Send `content-type: application/json` (an image also as `multipart/form-data`), uncompressed.',
  ],
  malformed_http: [400, 'This is not HTTP.', 'Look at what stands between the caller and the proxy.'],
  headers_too_large: [431, 'The headers are too large.', 'Send fewer, or shorter ones.'],
  request_timeout: [408, 'The request did not arrive in time.', 'Send it again.'],
  body_too_large: [413, 'The body is larger than this route accepts.', 'Send a smaller body.'],
  not_found: [404, 'There is nothing at this address.', 'Look the address up in `/openapi.json`.'],
  method_not_allowed: [405, 'The address exists, this method does not.', 'Use a method that the `allow` header names.'],
  rate_limited: [429, 'Too many requests from this address.', 'Wait as long as `retry-after` says.'],

  // Who is asking
  unauthorized: [401, 'This route is for the merchant’s server.', 'Send `authorization: Bearer <API key>`.'],
  session_required: [401, 'This needs a payer’s session.', 'Get one by OAuth, or let the merchant’s server make one.'],
  session_invalid: [401, 'The session is not valid or has expired.', 'Get a new session.'],
  origin_not_allowed: [403, 'This origin may not use the proxy.', 'Add the origin to ALLOWED_ORIGINS, exactly.'],
  payer_mismatch: [403, 'The order is meant for another payer.', 'Let the payer pay whom the order was made for.'],

  // OAuth
  oauth_state_invalid: [400, 'The sign-in is unknown or too old.', 'Go back to the page and start again.'],
  oauth_code_invalid: [400, 'The sign-in code is wrong, used or too old.', 'Start the sign-in again.'],
  oauth_failed: [502, 'WeChat did not say who the user is.', 'Try again; see `upstream` for WeChat’s reason.'],

  // Orders and payments
  order_not_found: [404, 'There is no such order.', 'Use the `id` that `POST /v1/orders` answered with.'],
  order_conflict: [409, 'An order with this outTradeNo and other content exists.', 'Use a new outTradeNo.'],
  order_paid: [409, 'The order is paid already.', 'Nothing: show it as paid.'],
  order_closed: [409, 'The order is closed.', 'Create a new order.'],
  order_expired: [409, 'The order has expired.', 'Create a new order.'],
  payment_refused: [502, 'WeChat Pay refused the payment order.', 'See `upstream` for WeChat’s reason.'],
  trade_no_used: [409, 'WeChat Pay knows this number for another order.', 'Create an order with a new outTradeNo.'],

  // Refunds
  refund_not_found: [404, 'There is no such refund.', 'Check the refund number.'],
  refund_conflict: [409, 'This outRefundNo stands for another refund.', 'Use a new outRefundNo.'],
  refund_exceeds_paid: [409, 'More would be given back than was paid.', 'Ask for less; refunds under way count too.'],
  order_not_paid: [409, 'The order is not paid: there is nothing to give back.', 'Close it instead.'],
  refund_refused: [
    502,
    'WeChat Pay refused the refund.',
    'See `upstream` for WeChat’s reason; then ask again with the same outRefundNo.',
  ],
  refund_certificate_missing: [
    409,
    'Refunds by version 2 of the API need the merchant certificate, which is not configured.',
    'Set WECHAT_PAY_V2_CERT (apiclient_cert.p12).',
  ],

  // Printed codes (Native mode 1)
  products_need_v2: [
    409,
    'Only version 2 of the API offers printed codes.',
    'Set WECHAT_PAY_API=v2, or use channel `native` for each order.',
  ],
  product_not_found: [404, 'There is no such product.', 'Create it by `POST /v1/products`.'],

  // What WeChat Pay says no to, by its reason
  wechat_pay_balance_too_low: [
    502,
    'The merchant’s account holds too little for the refund.',
    'Top it up at pay.weixin.qq.com, then ask again with the same outRefundNo.',
  ],
  wechat_pay_not_permitted: [
    502,
    'This product or permission is not granted to the merchant number.',
    'Apply for it at pay.weixin.qq.com → 产品中心; H5 payments also need the domain registered there.',
  ],
  wechat_pay_account_mismatch: [
    502,
    'The merchant number is unknown, or not bound to the AppID.',
    'Check WECHAT_PAY_MCH_ID, and bind WECHAT_APP_ID at pay.weixin.qq.com → 产品中心 → AppID账号管理.',
  ],
  wechat_pay_signature_refused: [
    502,
    'WeChat Pay does not accept the proxy’s signature or certificate.',
    'Check WECHAT_PAY_MCH_ID, WECHAT_PAY_PRIVATE_KEY and WECHAT_PAY_SERIAL_NO (version 2: WECHAT_PAY_V2_KEY, WECHAT_PAY_V2_CERT); set the clock.',
  ],
  wechat_pay_busy: [
    503,
    'WeChat Pay is busy, or was asked too often.',
    'Try again with the same number, as late as `retry-after` says.',
  ],
  wechat_pay_rule_limit: [
    502,
    'A rule or limit of WeChat Pay forbids it.',
    'See `upstream` for WeChat’s reason; ask WeChat Pay.',
  ],

  // Images
  image_not_found: [404, 'There is no such image.', 'Use the `id` that `POST /v1/images` answered with.'],
  image_too_large: [413, 'The image has too many bytes.', 'Shrink it, or raise UPLOAD_MAX_BYTES.'],
  image_type_not_allowed: [
    415,
    'The bytes are not those of a JPEG, PNG, GIF or WebP picture.',
    'Send one of these; save HEIC and others as JPEG first.',
  ],
  image_broken: [422, 'The picture is damaged or not whole.', 'Send it again, or save it anew.'],
  image_too_many_pixels: [
    422,
    'The picture has too many pixels.',
    'Shrink it to 67 megapixels (JPEG) or 33 (all others, all frames together).',
  ],
  image_suspicious: [422, 'There is something else than a picture in the file.', 'Save the picture anew.'],
  range_not_satisfiable: [416, 'The picture has no such bytes.', 'Ask for a range within its size.'],
  media_not_found: [
    404,
    'WeChat has no such media, or no longer: it keeps them for three days.',
    'Upload the picture to WeChat again.',
  ],
  upload_quota_exceeded: [429, 'This payer has uploaded too many images.', 'Wait as long as `retry-after` says.'],

  // Reconciliation
  bill_not_ready: [
    502,
    'There is no bill of this day yet, or nothing was paid on it.',
    'Try again after 10:00 of the next day, China time.',
  ],
  bill_corrupt: [502, 'The bill is damaged, or not of the documented form.', 'Try again; report it if it stays.'],

  // The rest of the account
  wechat_path_not_allowed: [
    403,
    'This interface of WeChat is not passed through.',
    'Use the interfaces of an official account; tokens are had from `GET /v1/access-token`.',
  ],

  qrcode_not_found: [
    404,
    'WeChat has no picture for this ticket, or no longer.',
    'Use the `ticket` that `POST /v1/qrcodes` answered with, url-encoded, or create another code.',
  ],

  // Notifications from WeChat
  invalid_signature: [401, 'The signature does not prove that WeChat sent this.', 'Sign the raw bytes as WeChat does.'],
  signature_probe: [401, 'WeChat has tried whether false signatures are refused.', 'Nothing: they are.'],
  notification_expired: [
    401,
    'The timestamp is more than 300 s from now.',
    'Set the clock; send it again freshly signed.',
  ],
  unknown_serial: [
    401,
    'The signing key is not known.',
    'Check WECHAT_PAY_PUBLIC_KEY_ID, or the certificate download.',
  ],
  decryption_failed: [
    400,
    'The notification cannot be decrypted.',
    'Check WECHAT_PAY_V3_KEY; for version 2, WECHAT_PAY_V2_KEY; for messages, WECHAT_MESSAGE_AES_KEY.',
  ],
  malformed_notification: [400, 'The notification is not of WeChat’s form.', 'Send what WeChat’s documents describe.'],
  merchant_mismatch: [
    400,
    'The notification is for another app or merchant.',
    'Check WECHAT_APP_ID, WECHAT_PAY_MCH_ID.',
  ],
  amount_mismatch: [400, 'The paid amount or currency is not the order’s.', 'Look at the order in WeChat’s console.'],
  transaction_conflict: [409, 'The order has been paid by another transaction.', 'Compare both in WeChat’s console.'],
  pay_api_not_configured: [
    404,
    'Notifications of this version of the API are not configured.',
    'Set WECHAT_PAY_API and the keys of that version.',
  ],

  messages_not_configured: [
    404,
    'The message push is not configured.',
    'Set WECHAT_MESSAGE_TOKEN, and WECHAT_MESSAGE_AES_KEY for safe mode.',
  ],

  // Events
  event_not_found: [404, 'There is no such event.', 'Use an id from `GET /v1/events`.'],
  webhook_not_configured: [409, 'No receiver of events is configured.', 'Set WEBHOOK_URL and WEBHOOK_SECRET.'],

  // What we depend on
  wechat_unavailable: [502, 'WeChat cannot be reached or does not answer.', 'Try again shortly.'],
  wechat_refused: [502, 'WeChat refused the call.', 'See `upstream` for WeChat’s reason.'],
  wechat_untrusted: [
    502,
    'An answer that should be WeChat’s bears no valid signature.',
    'Check the keys and WECHAT_PAY_URL.',
  ],
  store_unavailable: [503, 'The database does not answer.', 'Try again shortly.'],
  image_store_unavailable: [503, 'The storage of the images does not answer.', 'Try again shortly.'],
  draining: [503, 'The proxy is shutting down.', 'Try again: another process will answer.'],
  widgets_not_built: [503, 'The widgets have not been built.', 'Run `npm run build`.'],
  internal: [500, 'The proxy made a mistake.', 'Report it with the `x-request-id`.'],
} as const satisfies Record<string, readonly [status: number, meaning: string, remedy: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** What WeChat itself said, where it refused. */
export interface Upstream {
  code: string;
  message: string;
}

/** An error that the caller is told about. `message` is public: no secret belongs in it. */
export class ProxyError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly upstream: Upstream | undefined;
  readonly headers: Record<string, string>;

  constructor(
    code: ErrorCode,
    message?: string,
    options: { cause?: unknown; upstream?: Upstream; headers?: Record<string, string> } = {},
  ) {
    super(message ?? ERRORS[code][1], { cause: options.cause });
    this.name = 'ProxyError';
    this.code = code;
    this.status = ERRORS[code][0];
    this.upstream = options.upstream;
    this.headers = options.headers ?? {};
  }
}
