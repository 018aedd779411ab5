import { ApiRefusal } from './api-refusal.ts';
import type { ExchangeContext } from './exchange.ts';

/** The body as a JSON object. @throws ApiRefusal 47001 */
export function apiBody(ctx: ExchangeContext): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(ctx.state.rawBody.toString());
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Not JSON: refused below.
  }
  throw new ApiRefusal(47001);
}
