import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import Router from '@koa/router';
import { BILL_TYPES, type Bills, type BillType, isDate } from './bills.ts';
import type { Clock } from './clock.ts';
import { type Exchange, type ExchangeContext, type ExchangeMiddleware, queryValue } from './exchange.ts';
import { nonce } from './nonce.ts';
import { answerJson } from './pay-authentication.ts';
import { PayRefusal } from './pay-refusal.ts';

const LINK_LIFETIME = 300_000;

interface World {
  bills: Bills;
  clock: Clock;
}

/**
 * Bills at api.mch.weixin.qq.com, version 3: a signed answer says where the file is and what it hashes to; the file
 * itself bears no signature.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012556654
 */
export function billRoutes({ bills, clock }: World, guarded: ExchangeMiddleware): Router<Exchange> {
  const router = new Router<Exchange>({ prefix: '/v3' });
  const files = new Map<string, { csv: string; gzip: boolean; expiresAt: number }>();

  router.get('/bill/tradebill', guarded, (ctx) => {
    const date = queryValue(ctx, 'bill_date') ?? '';
    if (!isDate(date)) throw queryError('bill_date', date, '账单日期格式错误，格式应为yyyy-MM-dd');
    const type = oneOf(ctx, 'bill_type', BILL_TYPES) ?? 'ALL';
    const gzip = oneOf(ctx, 'tar_type', ['GZIP'] as const) !== undefined;
    checkState(bills, date, type);
    const csv = bills.bill(date, type);
    const token = nonce(64);
    files.set(token, { csv, gzip, expiresAt: clock.now() + LINK_LIFETIME });
    answerJson(ctx, {
      download_url: `${ctx.protocol}://${ctx.host}/v3/billdownload/file?token=${token}${gzip ? '&tartype=gzip' : ''}`,
      hash_type: 'SHA1',
      hash_value: createHash('sha1').update(csv).digest('hex'),
    });
  });

  router.get('/billdownload/file', guarded, (ctx) => {
    const file = files.get(queryValue(ctx, 'token') ?? '');
    if (!file || file.expiresAt <= clock.now()) {
      throw new PayRefusal(400, 'PARAM_ERROR', '账单下载地址已失效，请重新申请账单');
    }
    ctx.state.unsigned = true;
    ctx.type = file.gzip ? 'application/x-gzip' : 'text/plain';
    ctx.body = file.gzip ? gzipSync(file.csv) : file.csv;
  });

  return router;
}

function checkState(bills: Bills, date: string, type: BillType): void {
  switch (bills.stateOf(date, type)) {
    case 'creating':
      throw new PayRefusal(400, 'STATEMENT_CREATING', '账单生成中');
    case 'none':
      throw new PayRefusal(400, 'NO_STATEMENT_EXIST', '请求的账单文件不存在');
    case 'future':
      throw new PayRefusal(400, 'INVALID_REQUEST', '账单日期不能晚于当前日期');
    case 'too-old':
      throw new PayRefusal(400, 'INVALID_REQUEST', '仅支持三个月内的账单下载申请');
  }
}

function oneOf<const T extends string>(ctx: ExchangeContext, name: string, values: readonly T[]): T | undefined {
  const value = queryValue(ctx, name);
  if (value === undefined) return undefined;
  if (!values.includes(value as T)) throw queryError(name, value, `${name}取值错误`);
  return value as T;
}

function queryError(field: string, value: string, issue: string): PayRefusal {
  return new PayRefusal(400, 'PARAM_ERROR', issue, { detail: { field, issue, location: 'query', value } });
}
