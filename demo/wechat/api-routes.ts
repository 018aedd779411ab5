import Router from '@koa/router';
import type { Account } from './account.ts';
import { answerApi } from './api-answer.ts';
import { apiBody } from './api-body.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { Knobs } from './control.ts';
import { type Exchange, type ExchangeContext, queryValue } from './exchange.ts';
import { nonce } from './nonce.ts';
import type { OauthCodes } from './oauth-codes.ts';
import type { Tokens } from './tokens.ts';

interface World {
  account: Account;
  tokens: Tokens;
  codes: OauthCodes;
  knobs: () => Knobs;
}

/** What api.weixin.qq.com answers: always HTTP 200, with `errcode` where it refuses. */
export function apiRoutes({ account, tokens, codes, knobs }: World): Router<Exchange> {
  const router = new Router<Exchange>();

  router.all('/cgi-bin/stable_token', (ctx) =>
    answerApi(ctx, 'POST', () => {
      const { grant_type: grantType, appid, secret, force_refresh: forceRefresh } = apiBody(ctx);
      checkGrantType(grantType, 'client_credential');
      checkCredentials(account, appid, secret);
      checkAddress(ctx, knobs().allowedAddresses);
      if (forceRefresh !== undefined && typeof forceRefresh !== 'boolean') throw new ApiRefusal(40097);
      return tokens.stable(forceRefresh === true);
    }),
  );

  router.all('/cgi-bin/token', (ctx) =>
    answerApi(ctx, 'GET', () => {
      checkGrantType(queryValue(ctx, 'grant_type'), 'client_credential');
      checkCredentials(account, queryValue(ctx, 'appid'), queryValue(ctx, 'secret'));
      checkAddress(ctx, knobs().allowedAddresses);
      return tokens.classic();
    }),
  );

  router.all('/cgi-bin/ticket/getticket', (ctx) =>
    answerApi(ctx, 'GET', () => {
      tokens.check(queryValue(ctx, 'access_token'));
      if (queryValue(ctx, 'type') !== 'jsapi') throw new ApiRefusal(40097);
      return { errcode: 0, errmsg: 'ok', ...tokens.ticket() };
    }),
  );

  router.all('/sns/oauth2/access_token', (ctx) =>
    answerApi(ctx, 'GET', () => {
      checkCredentials(account, queryValue(ctx, 'appid'), queryValue(ctx, 'secret'));
      const code = queryValue(ctx, 'code');
      if (!code) throw new ApiRefusal(41008);
      checkGrantType(queryValue(ctx, 'grant_type'), 'authorization_code');
      return {
        access_token: `${nonce(2)}_${nonce(86)}`,
        expires_in: 7200,
        refresh_token: `${nonce(2)}_${nonce(86)}`,
        ...codes.redeem(code),
      };
    }),
  );

  return router;
}

function checkGrantType(grantType: unknown, expected: string): void {
  if (grantType !== expected) throw new ApiRefusal(40002);
}

function checkCredentials(account: Account, appid: unknown, secret: unknown): void {
  if (!appid) throw new ApiRefusal(41002);
  if (appid !== account.appId) throw new ApiRefusal(40013);
  if (!secret) throw new ApiRefusal(41004);
  if (secret !== account.appSecret) throw new ApiRefusal(40125);
}

function checkAddress(ctx: ExchangeContext, allowed: string[] | null): void {
  const address = ctx.ip.replace(/^::ffff:/, '');
  if (allowed && !allowed.includes(address)) {
    throw new ApiRefusal(40164, `invalid ip ${address} ipv6 ::ffff:${address}, not in whitelist`);
  }
}
