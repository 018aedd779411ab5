import { isIP } from 'node:net';
import { isNotifyUrl } from './order-rules.ts';
import type { NewPayOrder, TradeType } from './pay-orders.ts';
import { signTypeOfCall, V2Failure, type V2Fields, type V2Rules } from './v2-answers.ts';

export const OUT_TRADE_NO = { min: 6, max: 32, pattern: /^[0-9a-zA-Z_\-|*]+$/ };
export const FEN = { required: true, max: 10, pattern: /^[1-9]\d*$/ };
const DIGITS = /^\d{14}$/;

/** Fields of `/pay/unifiedorder`: https://pay.weixin.qq.com/doc/v2/merchant/4011936530 */
export const UNIFIED_ORDER: V2Rules = {
  device_info: { max: 32 },
  body: { required: true, max: 127 },
  detail: { max: 6144 },
  attach: { max: 127 },
  out_trade_no: { required: true, ...OUT_TRADE_NO },
  fee_type: { max: 16, pattern: /^CNY$/ },
  total_fee: FEN,
  spbill_create_ip: { required: true, max: 64 },
  time_start: { max: 14, pattern: DIGITS },
  time_expire: { max: 14, pattern: DIGITS },
  goods_tag: { max: 32 },
  notify_url: { required: true, max: 256 },
  trade_type: { required: true, max: 16, pattern: /^(JSAPI|NATIVE|MWEB)$/ },
  product_id: { max: 32 },
  limit_pay: { max: 32, pattern: /^no_credit$/ },
  openid: { max: 128 },
  receipt: { max: 8, pattern: /^[YN]$/ },
  profit_sharing: { max: 16, pattern: /^[YN]$/ },
  scene_info: { max: 256 },
};

/** @throws V2Failure */
export function newV2Order(fields: V2Fields): NewPayOrder {
  const { nonce_str: _nonceStr, sign: _sign, sign_type: _signType, ...parameters } = fields;
  const tradeType = fields.trade_type as TradeType;
  if (!isIP(fields.spbill_create_ip!)) throw invalid('spbill_create_ip');
  if (!isNotifyUrl(fields.notify_url!)) throw invalid('notify_url');
  if (tradeType === 'JSAPI' && !fields.openid) throw new V2Failure('LACK_PARAMS', 'JSAPI支付必须传openid');
  if (tradeType === 'NATIVE' && !fields.product_id) throw new V2Failure('LACK_PARAMS', '缺少参数product_id');
  if (tradeType === 'MWEB') checkScene(fields.scene_info);
  return {
    payVersion: 'v2',
    tradeType,
    appid: fields.appid!,
    mchid: fields.mch_id!,
    description: fields.body!,
    outTradeNo: fields.out_trade_no!,
    notifyUrl: fields.notify_url!,
    total: Number(fields.total_fee),
    openid: tradeType === 'JSAPI' ? fields.openid : undefined,
    attach: fields.attach || undefined,
    deviceInfo: fields.device_info || undefined,
    productId: fields.product_id || undefined,
    expiresAt: fields.time_expire ? timeOf(fields.time_expire) : undefined,
    payerAddress: fields.spbill_create_ip,
    signType: signTypeOfCall(fields),
    parameters,
  };
}

/** Of H5 orders: `{"h5_info": {"type": "Wap", …}}`. */
function checkScene(sceneInfo: string | undefined): void {
  if (!sceneInfo) throw new V2Failure('LACK_PARAMS', '缺少参数scene_info');
  try {
    const type: unknown = JSON.parse(sceneInfo).h5_info?.type;
    if (typeof type === 'string' && /^(IOS|iOS|Android|Wap)$/.test(type)) return;
  } catch {
    // Not JSON: refused as well.
  }
  throw invalid('scene_info');
}

/** `20091227091010`, Beijing's time. */
function timeOf(digits: string): number {
  const [, date, hours, minutes, seconds] = /^(\d{8})(\d\d)(\d\d)(\d\d)$/.exec(digits)!;
  const day = date!.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  const time = Date.parse(`${day}T${hours}:${minutes}:${seconds}+08:00`);
  if (Number.isNaN(time)) throw invalid('time_expire');
  return time;
}

function invalid(name: string): V2Failure {
  return new V2Failure('PARAM_ERROR', `invalid ${name}`);
}
