import { ProxyError } from '../errors.ts';

/** Where a list goes on: after this time and id. Opaque to callers. */
export function writeCursor({ createdAt, id }: { createdAt: number; id: string }): string {
  return Buffer.from(`${createdAt}:${id}`).toString('base64url');
}

/** @throws {ProxyError} `invalid_request` */
export function readCursor(cursor: string): [createdAt: number, id: string] {
  const match = /^(\d{1,15}):(\w{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) throw new ProxyError('invalid_request', 'The cursor is none that a list has given.');
  return [Number(match[1]), match[2]!];
}
