import type { PageOrder } from '../../proxy/api.ts';

/** An order as the proxy shows it to pages, unpaid, with ten minutes to go. */
export function anOrder(changes: Partial<PageOrder> = {}): PageOrder {
  return {
    id: 'ord_1',
    description: '手冲咖啡豆 · 云南日晒',
    items: [{ name: '云南日晒 250 g', quantity: 1, unitPrice: 3980 }],
    amount: { total: 3980, currency: 'CNY' },
    status: 'created',
    createdAt: '2026-03-01T08:00:00.000Z',
    expiresAt: '2026-03-01T08:10:00.000Z',
    serverTime: '2026-03-01T08:00:00.000Z',
    ...changes,
  };
}
