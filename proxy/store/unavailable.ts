/**
 * Whether an error says that the database is not there, rather than that a query is wrong. PostgreSQL's classes 08
 * (connection), 53 (resources), 57P (shutdown): https://www.postgresql.org/docs/current/errcodes-appendix.html
 * SQLite's busy, I/O error, full, cannot open: https://www.sqlite.org/rescode.html
 */
export function isStoreUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode, message } = error as Error & { code?: unknown; errcode?: unknown };
  if (code === 'ERR_SQLITE_ERROR') return SQLITE.has(Number(errcode) & 0xff);
  return POSTGRES.test(String(code)) || PG.test(message);
}

/** What `pg` says by itself of a connection that broke, without a code. */
const PG = /^(Connection terminated|Client has encountered a connection error)/;

const POSTGRES = /^(08...|53...|57P0[123]|ECONNRESET|ECONNREFUSED|EPIPE)$/;
const SQLITE = new Set([5, 10, 13, 14]);
