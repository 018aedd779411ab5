import { t, yuan } from './messages.js';

/**
 * What a message of WeChat Pay says, in the present language.
 *
 * @param {{kind: 'payment' | 'refund', amount: {total: number}, merchantName: string, description: string,
 *   outTradeNo: string, outRefundNo?: string, reason?: string}} receipt
 * @returns {{title: string, amount: string, summary: string, rows: Array<[name: string, value: string]>}}
 */
export function receiptTexts({ kind, amount, merchantName, description, outTradeNo, outRefundNo, reason }) {
  const money = yuan(amount);
  const title = t(`${kind}Receipt`);
  const rows =
    kind === 'refund'
      ? [
          [t('refundFrom'), merchantName],
          [t('item'), description],
          [t('refundReason'), reason],
          [t('refundTo'), t('balance')],
          [t('refundNumber'), outRefundNo],
          [t('orderNumber'), outTradeNo],
        ]
      : [
          [t('payee'), merchantName],
          [t('item'), description],
          [t('payWith'), t('balance')],
          [t('orderNumber'), outTradeNo],
        ];
  return { title, amount: money, summary: `${title} ${money}`, rows: rows.filter(([, value]) => value) };
}
