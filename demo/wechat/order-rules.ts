import { isIP } from 'node:net';
import { checkFields, type FieldRules, paramError, parseBody } from './field-rules.ts';
import { isLoopback } from './loopback.ts';
import type { NewPayOrder, TradeType } from './pay-orders.ts';

/** What `POST /v3/pay/transactions/{jsapi,native,h5}` have in common. */
const COMMON: FieldRules = {
  appid: { label: '公众号ID', type: 'string', required: true, max: 32 },
  mchid: { label: '直连商户号', type: 'string', required: true, max: 32 },
  description: { label: '商品描述', type: 'string', required: true, max: 127 },
  out_trade_no: {
    label: '商户订单号',
    type: 'string',
    required: true,
    min: 6,
    max: 32,
    pattern: /^[0-9a-zA-Z_\-|*]{1,}$/,
  },
  time_expire: { label: '支付结束时间', type: 'string', max: 64 },
  attach: { label: '附加数据', type: 'string', max: 128 },
  notify_url: { label: '通知地址', type: 'string', required: true, max: 255 },
  goods_tag: { label: '订单优惠标记', type: 'string', max: 32 },
  support_fapiao: { label: '电子发票入口开放标识', type: 'boolean' },
  amount: {
    label: '订单金额',
    type: 'object',
    required: true,
    fields: {
      total: { label: '总金额', type: 'integer', required: true, min: 1 },
      currency: { label: '货币类型', type: 'string', max: 16, pattern: /^CNY$/ },
    },
  },
  detail: {
    label: '优惠功能',
    type: 'object',
    fields: {
      cost_price: { label: '订单原价', type: 'integer', min: 0 },
      invoice_id: { label: '商品小票ID', type: 'string', max: 32 },
      goods_detail: {
        label: '单品列表',
        type: 'array',
        fields: {
          merchant_goods_id: { label: '商户侧商品编码', type: 'string', required: true, max: 32 },
          wechatpay_goods_id: { label: '微信支付商品编码', type: 'string', max: 32 },
          goods_name: { label: '商品名称', type: 'string', max: 256 },
          quantity: { label: '商品数量', type: 'integer', required: true, min: 1 },
          unit_price: { label: '商品单价', type: 'integer', required: true, min: 0 },
        },
      },
    },
  },
  settle_info: {
    label: '结算信息',
    type: 'object',
    fields: { profit_sharing: { label: '是否指定分账', type: 'boolean' } },
  },
};

const SCENE: FieldRules = {
  payer_client_ip: { label: '用户终端IP', type: 'string', required: true, max: 45 },
  device_id: { label: '商户端设备号', type: 'string', max: 32 },
  store_info: {
    label: '商户门店信息',
    type: 'object',
    fields: {
      id: { label: '门店编号', type: 'string', required: true, max: 32 },
      name: { label: '门店名称', type: 'string', max: 256 },
      area_code: { label: '地区编码', type: 'string', max: 32 },
      address: { label: '详细地址', type: 'string', max: 512 },
    },
  },
};

const H5_INFO: FieldRules = {
  type: { label: '场景类型', type: 'string', required: true, max: 32, pattern: /^(iOS|IOS|Android|Wap)$/ },
  app_name: { label: '应用名称', type: 'string', max: 64 },
  app_url: { label: '网站URL', type: 'string', max: 128 },
  bundle_id: { label: 'iOS平台BundleID', type: 'string', max: 128 },
  package_name: { label: 'Android平台PackageName', type: 'string', max: 128 },
};

/**
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791856 (JSAPI)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (Native)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791834 (H5)
 */
const RULES: Record<TradeType, FieldRules> = {
  JSAPI: {
    ...COMMON,
    payer: {
      label: '支付者',
      type: 'object',
      required: true,
      fields: { openid: { label: '用户标识', type: 'string', required: true, max: 128 } },
    },
    scene_info: { label: '场景信息', type: 'object', fields: SCENE },
  },
  NATIVE: { ...COMMON, scene_info: { label: '场景信息', type: 'object', fields: SCENE } },
  MWEB: {
    ...COMMON,
    scene_info: {
      label: '场景信息',
      type: 'object',
      required: true,
      fields: { ...SCENE, h5_info: { label: 'H5场景信息', type: 'object', required: true, fields: H5_INFO } },
    },
  },
};

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/;

/** An order as the merchant asked for it in version 3, every field checked. */
interface AskedOrder {
  appid: string;
  mchid: string;
  description: string;
  out_trade_no: string;
  time_expire?: string;
  attach?: string;
  notify_url: string;
  amount: { total: number; currency?: 'CNY' };
  payer?: { openid: string };
  scene_info?: { payer_client_ip: string };
}

/** @throws PayRefusal 400 PARAM_ERROR */
export function parseOrder(body: Buffer, tradeType: TradeType): NewPayOrder {
  const parsed = parseBody(body);
  checkFields(parsed, RULES[tradeType]);
  const asked = parsed as unknown as AskedOrder;
  checkNotifyUrl(asked.notify_url);
  if (asked.time_expire !== undefined && !isTime(asked.time_expire)) {
    throw paramError('/time_expire', asked.time_expire, '支付结束时间格式错误，需遵循rfc3339标准格式');
  }
  const payerAddress = asked.scene_info?.payer_client_ip;
  if (payerAddress !== undefined && !isIP(payerAddress)) {
    throw paramError('/scene_info/payer_client_ip', payerAddress, '用户终端IP格式错误');
  }
  return {
    payVersion: 'v3',
    tradeType,
    appid: asked.appid,
    mchid: asked.mchid,
    description: asked.description,
    outTradeNo: asked.out_trade_no,
    notifyUrl: asked.notify_url,
    total: asked.amount.total,
    openid: tradeType === 'JSAPI' ? asked.payer?.openid : undefined,
    attach: asked.attach,
    expiresAt: asked.time_expire === undefined ? undefined : Date.parse(asked.time_expire),
    payerAddress,
    parameters: parsed,
  };
}

/** @throws PayRefusal 400 PARAM_ERROR */
export function checkNotifyUrl(url: string): void {
  if (!isNotifyUrl(url)) throw paramError('/notify_url', url, '无效的notify_url，必须为https地址，且不能携带参数');
}

function isTime(value: string): boolean {
  return RFC_3339.test(value) && Number.isFinite(Date.parse(value));
}

/** https without a query; plain http is for loopback, where this WeChat and the merchant share a machine. */
export function isNotifyUrl(value: string): boolean {
  if (!URL.canParse(value) || /[?#]/.test(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
