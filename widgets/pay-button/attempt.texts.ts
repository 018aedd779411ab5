import type { Text } from '../core/language.ts';
import type { PayChannel } from './channel.ts';

/** What the payer is asked to do. */
export const PAYING_NOTES: Record<PayChannel, Text> = {
  jsapi: ['请在微信支付页面中完成付款。', 'Pay on WeChat’s pay sheet.'],
  native: ['用微信扫一扫付款', 'Scan with WeChat to pay'],
  h5: ['正在前往微信付款…', 'Taking you to WeChat to pay…'],
  'mini-program': ['正在前往小程序付款…', 'Taking you to the mini program to pay…'],
};

export const ATTEMPT_TEXTS = {
  paying: ['等待付款…', 'Waiting for payment…'],
  confirming: ['正在确认支付结果…', 'Confirming payment…'],
  isBack: ['我已付款', 'I have paid'],
  isBackNote: ['付款完成了吗？我们会向微信核实。', 'Have you paid? We will check with WeChat.'],
  slowNote: [
    '确认时间比平时长，请稍候。您的付款不会丢失，也不会重复扣款。',
    'This takes longer than usual. Nothing is lost; you will not be charged twice.',
  ],
  cancelledNote: ['支付已取消，可以重新支付。', 'Cancelled. You can try again.'],
  again: ['没有完成付款？重新支付', 'Didn’t complete it? Pay again'],
  codeExpired: ['二维码已过期', 'Code expired'],
  codeExpiredNote: ['二维码已过期，请刷新。', 'The code has expired. Refresh it.'],
  codeElsewhere: ['请扫描页面上的付款二维码。', 'Scan the code on this page.'],
} as const satisfies Record<string, Text>;

/** What is said around a code. */
export const CODE_TEXTS = {
  label: ['微信支付二维码', 'WeChat Pay code'],
  refresh: ['刷新', 'Refresh'],
  close: ['取消支付', 'Cancel'],
  timeLeft: ['二维码有效时间', 'Code valid for'],
  offline: ['网络不佳，仍在等待付款', 'Poor connection; still waiting'],
} as const satisfies Record<string, Text>;
