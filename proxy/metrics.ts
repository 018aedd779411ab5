/** What an operator watches. Labels name routes and codes, never a payer or an order. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export interface Metrics {
  registry: Registry;
  /** Seconds of each request, by method, route and status. */
  requests: Histogram<'method' | 'route' | 'status'>;
  /** Notifications from WeChat, by how they ended: `accepted`, or the code of the refusal. */
  notifications: Counter<'result'>;
  /** Tries to deliver an event: `delivered`, `retry`, `stopped`, `failed`. */
  deliveries: Counter<'result'>;
  /** What the daily reconciliation has found to differ from WeChat's bills, and nothing has mended. */
  differences: Counter;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    requests: new Histogram({
      name: 'weixin_http_request_seconds',
      help: 'Duration of requests.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 5],
      registers,
    }),
    notifications: new Counter({
      name: 'weixin_notifications_total',
      help: 'Notifications from WeChat.',
      labelNames: ['result'],
      registers,
    }),
    deliveries: new Counter({
      name: 'weixin_event_deliveries_total',
      help: 'Tries to deliver an event to the merchant.',
      labelNames: ['result'],
      registers,
    }),
    differences: new Counter({
      name: 'weixin_reconciliation_differences_total',
      help: 'Differences from WeChat Pay’s bills.',
      registers,
    }),
  };
}
