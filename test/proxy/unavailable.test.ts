import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStoreUnavailable } from '../../proxy/store/unavailable.ts';

const gone = {
  'PostgreSQL is shut down': { code: '57P01', message: 'terminating connection due to administrator command' },
  'PostgreSQL starts up': { code: '57P03', message: 'the database system is starting up' },
  'PostgreSQL has no connection left': { code: '53300', message: 'too many clients' },
  'the connection is reset': { code: 'ECONNRESET', message: 'read ECONNRESET' },
  'the connection ends': { message: 'Connection terminated unexpectedly' },
  'the connection has ended': { message: 'Client has encountered a connection error and is not queryable' },
  'SQLite is locked': { code: 'ERR_SQLITE_ERROR', errcode: 5, message: 'database is locked' },
  'SQLite meets a full disk': { code: 'ERR_SQLITE_ERROR', errcode: 13, message: 'database or disk is full' },
  'SQLite cannot read': { code: 'ERR_SQLITE_ERROR', errcode: 10 | (1 << 8), message: 'disk I/O error' },
};
const wrong = {
  'a column is missing': { code: '42703', message: 'column does not exist' },
  'a key is taken': { code: 'ERR_SQLITE_ERROR', errcode: 1555, message: 'UNIQUE constraint failed' },
  'there is a mistake in the code': { message: 'x is not a function' },
};

for (const [what, fields] of Object.entries(gone)) {
  test(`the store is not there where ${what}`, () => {
    assert.equal(isStoreUnavailable(Object.assign(new Error(), fields)), true);
  });
}

for (const [what, fields] of Object.entries(wrong)) {
  test(`the store is there where ${what}`, () => {
    assert.equal(isStoreUnavailable(Object.assign(new Error(), fields)), false);
  });
}
