import type { Text } from '../core/language.ts';

export const TEXTS = {
  pay: ['微信支付', 'Pay'],
  retry: ['重新支付', 'Pay'],
  preparing: ['正在准备支付…', 'Preparing payment…'],
  paid: ['已支付', 'Paid'],
  refunded: ['已退款', 'Refunded'],
  closed: ['订单已关闭', 'Order closed'],
  expired: ['订单已过期', 'Order expired'],
} as const satisfies Record<string, Text>;
