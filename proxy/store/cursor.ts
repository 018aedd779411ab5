import { ProxyError } from '../errors.ts';

/** How many rows a list gives at a time. Ask for one more, so that `pageOf` sees whether there are more. */
export const PAGE_SIZE = 50;

export function pageOf<Row extends { createdAt: number; id: string }>(found: readonly Row[]) {
  const rows = found.slice(0, PAGE_SIZE);
  return { rows, nextCursor: found.length > PAGE_SIZE ? writeCursor(rows[PAGE_SIZE - 1]!) : null };
}

/** Where a list goes on: after this time and id. Opaque to callers. */
function writeCursor({ createdAt, id }: { createdAt: number; id: string }): string {
  return Buffer.from(`${createdAt}:${id}`).toString('base64url');
}

/** @throws {ProxyError} `invalid_request` */
export function readCursor(cursor: string): [createdAt: number, id: string] {
  const match = /^(\d{1,15}):(\w{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) throw new ProxyError('invalid_request', 'The cursor is none that a list has given.');
  return [Number(match[1]), match[2]!];
}
