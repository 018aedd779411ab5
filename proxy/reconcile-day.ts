import type { Config } from './config.ts';
import type { Difference, Report } from './orders/reconciliation.ts';
import { createServices } from './services.ts';

const KINDS: Record<Difference['kind'], string> = {
  missing_here: 'missing here 这里没有',
  missing_there: 'missing in the bill 账单没有',
  amount: 'amount differs 金额不同',
  status: 'status differs 状态不同',
};

/**
 * `npm run reconcile -- 2026-11-21`: compares the bill of a day with the orders, and mends what WeChat confirms.
 * @throws {ProxyError} `bill_not_ready`, `bill_corrupt`, `store_unavailable`, …
 */
export async function reconcileDay(config: Config, date: string): Promise<{ text: string; isClean: boolean }> {
  const onError = (error: unknown, doing: string) => console.error(`${doing}: ${(error as Error).message}`);
  const { store, reconciliation } = await createServices(config, { now: Date.now, onError });
  try {
    const report = await reconciliation.run(date);
    return { text: write(report), isClean: report.differences.every(({ healed }) => healed) };
  } finally {
    await store.close();
  }
}

function write({ date, payments, refunds, differences }: Report): string {
  const open = differences.filter(({ healed }) => !healed).length;
  const healed = differences.length - open;
  return [
    `${date}  bill 账单: ${payments} payments 笔支付, ${refunds} refunds 笔退款`,
    ...differences.map(line),
    differences.length === 0
      ? 'Everything agrees. 全部一致。'
      : `${open} differences, ${healed} healed. ${open} 处差异，已修复 ${healed} 处。`,
  ].join('\n');
}

function line(difference: Difference): string {
  const { kind, tradeNo, outRefundNo, transactionId, orderId, amount, here, there, healed } = difference;
  const facts = {
    out_trade_no: tradeNo,
    out_refund_no: outRefundNo,
    transaction_id: transactionId,
    order: orderId,
    'amount 金额': shown(amount),
    'here 这里': shown(here),
    'WeChat 微信': shown(there),
  };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  const text = known.map(([name, value]) => `${name} ${value}`).join('  ');
  return `- ${KINDS[kind]}${healed ? ' (healed 已修复)' : ''}  ${text}`;
}

function shown(value: string | number | null): string {
  if (value === null) return '—';
  return typeof value === 'number' ? `¥${(value / 100).toFixed(2)}` : value;
}
