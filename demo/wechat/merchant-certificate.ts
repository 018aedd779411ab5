import type { TLSSocket } from 'node:tls';
import type { ExchangeContext, ExchangeMiddleware } from './exchange.ts';

/**
 * Lets only who shows the merchant's certificate through; others get the page of WeChat's nginx, before anything of
 * the request is looked at.
 * @see https://github.com/binarywang/WxJava/issues/3740
 */
export const demandCertificate: ExchangeMiddleware = async (ctx, next) => {
  const socket = ctx.req.socket as TLSSocket;
  const shown = socket.encrypted ? socket.getPeerCertificate() : {};
  if (Object.keys(shown).length === 0) return refuse(ctx, 'No required SSL certificate was sent');
  if (!socket.authorized) return refuse(ctx, 'The SSL certificate error');
  await next();
};

function refuse(ctx: ExchangeContext, reason: string): void {
  ctx.state.message = reason;
  ctx.status = 400;
  ctx.type = 'text/html';
  ctx.body = [
    '<html>',
    `<head><title>400 ${reason}</title></head>`,
    '<body bgcolor="white">',
    '<center><h1>400 Bad Request</h1></center>',
    `<center>${reason}</center>`,
    '<hr><center>nginx</center>',
    '</body>',
    '</html>',
    '',
  ].join('\r\n');
}
