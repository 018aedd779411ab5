import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './control.ts';
import type { ExchangeContext, ExchangeMiddleware } from './exchange.ts';
import { pathPattern } from './path-pattern.ts';
import { writeXml } from './xml.ts';

/** Faults that wait for the calls they are meant for. */
export class Faults {
  #waiting: { fault: Fault; pattern: RegExp; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, pattern: pathPattern(fault.path), left: fault.count ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  middleware(): ExchangeMiddleware {
    return async (ctx, next) => {
      const fault = this.#take(ctx.method, ctx.path);
      if (fault && fault.when !== 'after') await strike(ctx, fault);
      if (fault?.kind !== 'latency' && fault && fault.when !== 'after') return;
      await next();
      if (fault?.when === 'after') await strike(ctx, fault);
    };
  }

  #take(method: string, path: string): Fault | undefined {
    const waiting = this.#waiting.find(
      ({ fault, pattern }) => (fault.method ?? method) === method && pattern.test(path),
    );
    if (!waiting) return undefined;
    waiting.left -= 1;
    if (waiting.left <= 0) this.#waiting = this.#waiting.filter((other) => other !== waiting);
    return waiting.fault;
  }
}

async function strike(ctx: ExchangeContext, fault: Fault): Promise<void> {
  if (fault.kind === 'latency') {
    await sleep(fault.ms ?? 1000, undefined, { ref: false });
    return;
  }
  if (fault.kind === 'disconnect') {
    ctx.respond = false;
    ctx.req.socket.destroy();
    return;
  }
  const { code } = fault;
  const isV2 = /^\/(pay|secapi)\//.test(ctx.path);
  ctx.status = fault.status ?? (isV2 && code ? 200 : 500);
  ctx.remove('wechatpay-signature');
  ctx.remove('content-disposition');
  if (isV2) {
    ctx.type = 'text/xml';
    ctx.body = writeXml(v2Fault(ctx.status, code));
  } else {
    ctx.type = 'application/json';
    ctx.body = JSON.stringify(
      ctx.path.startsWith('/v3/') ? payFault(ctx.status, code) : { errcode: -1, errmsg: 'system error' },
    );
  }
  ctx.state.code = code;
  ctx.state.message = 'fault by control';
}

/** What goes wrong in version 2 comes with 200; anything else is of a gateway before it. */
function v2Fault(status: number, code = 'SYSTEMERROR'): Record<string, string> {
  if (status !== 200) return { return_code: 'FAIL', return_msg: payFault(status).message };
  return {
    return_code: 'SUCCESS',
    return_msg: 'OK',
    result_code: 'FAIL',
    err_code: code,
    err_code_des: '系统异常，请用相同参数重新调用',
  };
}

function payFault(status: number, code?: string): { code: string; message: string } {
  if (code) return { code, message: '系统异常，请稍后重试' };
  if (status === 429) return { code: 'FREQUENCY_LIMITED', message: '频率超限' };
  if (status === 502 || status === 503) return { code: 'SERVICE_UNAVAILABLE', message: '服务不可用，请稍后重试' };
  return { code: 'SYSTEM_ERROR', message: '系统异常，请稍后重试' };
}
