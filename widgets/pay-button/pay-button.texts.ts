import type { Text } from '../core/language.ts';

export const TEXTS = {
  pay: ['微信支付', 'Pay'],
  retry: ['重新支付', 'Pay'],
  preparing: ['正在准备支付…', 'Preparing payment…'],
  paying: ['等待付款…', 'Waiting for payment…'],
  confirming: ['正在确认支付结果…', 'Confirming payment…'],
  paid: ['已支付', 'Paid'],
  refunded: ['已退款', 'Refunded'],
  closed: ['订单已关闭', 'Order closed'],
  expired: ['订单已过期', 'Order expired'],

  payingNote: ['请在微信支付页面中完成付款。', 'Pay on WeChat’s pay sheet.'],
  slowNote: [
    '确认时间比平时长，请稍候。您的付款不会丢失，也不会重复扣款。',
    'This takes longer than usual. Nothing is lost; you will not be charged twice.',
  ],
  cancelledNote: ['支付已取消，可以重新支付。', 'Cancelled. You can try again.'],
  again: ['没有完成付款？重新支付', 'Didn’t complete it? Pay again'],
} as const satisfies Record<string, Text>;
