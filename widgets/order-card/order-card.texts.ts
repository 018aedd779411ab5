import type { OrderStatus } from '../../proxy/api.ts';
import type { Text } from '../core/language.ts';

export const STATUS_TEXTS: Record<OrderStatus, Text> = {
  created: ['待支付', 'Awaiting payment'],
  paying: ['待支付', 'Awaiting payment'],
  paid: ['已支付', 'Paid'],
  partially_refunded: ['部分退款', 'Partly refunded'],
  refunded: ['已退款', 'Refunded'],
  closed: ['已关闭', 'Closed'],
  expired: ['已过期', 'Expired'],
};

/** What else there is to say of an order that was paid. */
export const REFUND_TEXTS: Partial<Record<OrderStatus, Text>> = {
  partially_refunded: ['部分金额已退回原支付方式。', 'Partly refunded to your original payment method.'],
  refunded: ['已退回原支付方式。', 'Refunded to your original payment method.'],
};

export const TEXTS = {
  loading: ['正在加载订单…', 'Loading the order…'],
  total: ['合计', 'Total'],
  items: ['商品', 'Items'],
  quantity: ['数量', 'Quantity'],
  timeLeft: ['剩余支付时间', 'Time left to pay'],
  retry: ['重新加载', 'Try again'],
} as const satisfies Record<string, Text>;
