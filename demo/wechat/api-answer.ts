import { ApiRefusal } from './api-refusal.ts';
import type { ExchangeContext } from './exchange.ts';
import { writeJson } from './write-json.ts';

/**
 * Answers as api.weixin.qq.com does: HTTP 200, and JSON with `errcode` where it refuses.
 * `work` gives the answer, or undefined where it has answered by itself.
 */
export async function answerApi(
  ctx: ExchangeContext,
  method: 'GET' | 'POST',
  work: () => object | undefined | Promise<object | undefined>,
): Promise<void> {
  let body: object | undefined;
  try {
    if (ctx.method !== method) throw new ApiRefusal(method === 'GET' ? 43001 : 43002);
    body = await work();
    if (!body) return;
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    ctx.state.code = String(error.errcode);
    ctx.state.message = error.message;
    body = error.toJSON();
  }
  ctx.status = 200;
  ctx.type = 'application/json';
  ctx.body = writeJson(body);
}
