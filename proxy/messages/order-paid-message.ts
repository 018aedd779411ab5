import type { TemplateMessageRequest } from '../api.ts';
import type { OrderRow } from '../store/schema.ts';

const CHINA = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
});

/** 购买成功通知: what was bought, for how much, when. Its reader is the payer, in WeChat: so it is in Chinese. */
export function orderPaidMessage(templateId: string, order: OrderRow): TemplateMessageRequest | undefined {
  const { openid, description, total, paidAt, outTradeNo, returnUrl } = order;
  if (openid === null || paidAt === null) return undefined;
  return {
    openid,
    templateId,
    ...(returnUrl !== null && { url: returnUrl }),
    data: {
      first: { value: '您好，您已购买成功。' },
      product: { value: description },
      price: { value: `¥${(total / 100).toFixed(2)}` },
      time: { value: CHINA.format(paidAt) },
      remark: { value: `订单号：${outTradeNo}。感谢您的惠顾！` },
    },
  };
}
