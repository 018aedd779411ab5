import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type ErrorCode, ProxyError } from '../errors.ts';
import { refusal } from './refusals.ts';

const CODES: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** For the server's `clientError`: what is no HTTP is refused as everything is, with an id and in the usual form. */
export function createRefuseBroken(logger: Logger) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    // Nobody listens any more, or an answer is on its way already.
    if (!socket.writable || (socket as Socket).bytesWritten > 0) {
      socket.destroy();
      return;
    }
    const requestId = randomUUID();
    const refused = new ProxyError(CODES[error.code ?? ''] ?? 'malformed_http');
    const { status, body, headers } = refusal(refused, requestId);
    logger.info({ requestId, status, code: refused.code }, 'request');
    const text = JSON.stringify(body);
    const lines = Object.entries({
      ...headers,
      'x-request-id': requestId,
      'content-length': Buffer.byteLength(text),
      connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`);
  };
}
