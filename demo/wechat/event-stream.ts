import type { ExchangeContext } from './exchange.ts';

/** Server-sent events: keeps the answer open and writes events to it. */
export interface EventStream {
  send(event: string, data: unknown): void;
  onClose(listener: () => void): void;
}

export function openEventStream(ctx: ExchangeContext): EventStream {
  const { res } = ctx;
  ctx.respond = false;
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  res.write(': open\n\n');
  return {
    send(event, data) {
      if (res.writable) res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    onClose(listener) {
      res.once('close', listener);
    },
  };
}
