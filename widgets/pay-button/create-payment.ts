import type { Channel, Payment } from '../../proxy/api.ts';
import type { ProxyClient } from '../core/proxy-client.ts';

/** Asks the proxy for what `channel` needs, with the payer's session if there is one. */
export function createPayment(proxy: ProxyClient, orderId: string, channel: Channel, token?: string): Promise<Payment> {
  return proxy.call(`/v1/orders/${encodeURIComponent(orderId)}/payments`, { body: { channel }, token }, 'channel');
}
