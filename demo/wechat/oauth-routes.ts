import Router from '@koa/router';
import type { Account } from './account.ts';
import type { Knobs } from './control.ts';
import { type Exchange, type ExchangeContext, queryValue } from './exchange.ts';
import { isLoopback } from './loopback.ts';
import { nonce } from './nonce.ts';
import type { OauthCodes, OauthGrant } from './oauth-codes.ts';

interface World {
  account: Account;
  codes: OauthCodes;
  knobs: () => Knobs;
}

interface Sought {
  redirectUri: string;
  scope: OauthGrant['scope'];
  state: string;
}

/** A refusal is a page; these numbers stand on it. */
class OauthRefusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'OauthRefusal';
    this.code = code;
  }
}

/**
 * What open.weixin.qq.com answers: the way to a payer's openid.
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 */
export function oauthRoutes({ account, codes, knobs }: World): Router<Exchange> {
  const router = new Router<Exchange>();
  const waiting = new Map<string, Sought>();

  router.get('/connect/oauth2/authorize', async (ctx) => {
    try {
      const sought = parseSought(ctx, account.appId, knobs().redirectDomains);
      if (sought.scope === 'snsapi_base') return await goBack(ctx, sought);
      const consent = nonce(32);
      waiting.set(consent, sought);
      showConsent(ctx, account, consent);
    } catch (error) {
      if (!(error instanceof OauthRefusal)) throw error;
      showError(ctx, error);
    }
  });

  router.get('/connect/oauth2/consent', async (ctx) => {
    const consent = queryValue(ctx, 'consent') ?? '';
    const sought = waiting.get(consent);
    waiting.delete(consent);
    if (!sought) return showError(ctx, new OauthRefusal(10000, '授权已失效'));
    await goBack(ctx, sought);
  });

  async function goBack(ctx: ExchangeContext, { redirectUri, scope, state }: Sought): Promise<void> {
    const code = codes.issue({ openid: userOf(ctx, account).openid, scope });
    const target = new URL(redirectUri);
    target.searchParams.append('code', code);
    target.searchParams.append('state', state);
    // WeChat has been seen to call the redirect uri itself before the browser does.
    if (knobs().redirectTwice) await fetch(target, { redirect: 'manual' }).catch(() => undefined);
    ctx.status = 302;
    ctx.set('location', target.href);
    ctx.body = '';
  }

  return router;
}

function parseSought(ctx: ExchangeContext, appId: string, domains: string[] | null): Sought {
  const appid = queryValue(ctx, 'appid');
  const redirectUri = queryValue(ctx, 'redirect_uri');
  const scope = queryValue(ctx, 'scope');
  const state = queryValue(ctx, 'state') ?? '';
  if (!appid) throw new OauthRefusal(10012, 'appid不能为空');
  if (appid !== appId) throw new OauthRefusal(10016, 'AppID 参数错误');
  if (!redirectUri) throw new OauthRefusal(10011, 'redirect_uri不能为空');
  if (!isAllowed(redirectUri, domains)) throw new OauthRefusal(10003, 'redirect_uri 域名与后台配置不一致');
  if (queryValue(ctx, 'response_type') !== 'code') throw new OauthRefusal(10004, 'response_type 参数错误');
  if (!scope) throw new OauthRefusal(10010, 'scope不能为空');
  if (scope !== 'snsapi_base' && scope !== 'snsapi_userinfo') {
    throw new OauthRefusal(10005, 'Scope 参数错误或没有 Scope 权限');
  }
  if (!/^[a-zA-Z0-9]{0,128}$/.test(state)) throw new OauthRefusal(10013, 'state 参数错误');
  return { redirectUri, scope, state };
}

function isAllowed(redirectUri: string, domains: string[] | null): boolean {
  if (!URL.canParse(redirectUri)) return false;
  const { protocol, host, hostname } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return false;
  return domains ? domains.includes(host) : isLoopback(hostname);
}

/** Whom the cookie names, or the account's first user. */
function userOf(ctx: ExchangeContext, account: Account) {
  const openid = ctx.cookies.get('wechat_user');
  return account.users.find((user) => user.openid === openid) ?? account.users[0]!;
}

const TEXTS = {
  zh: {
    lang: 'zh-CN',
    title: '微信授权',
    asks: '申请获取你的昵称、头像',
    allow: '允许',
    failed: '出错了',
    code: '错误码：',
  },
  en: {
    lang: 'en',
    title: 'Sign in with WeChat',
    asks: 'would like to see your nickname and profile photo',
    allow: 'Allow',
    failed: 'Something went wrong',
    code: 'Error code: ',
  },
};

function textsFor(ctx: ExchangeContext): (typeof TEXTS)['zh'] {
  return ctx.acceptsLanguages('zh', 'zh-CN', 'en') === 'en' ? TEXTS.en : TEXTS.zh;
}

function page(ctx: ExchangeContext, title: string, body: string): void {
  ctx.status = 200;
  ctx.type = 'text/html';
  ctx.set('cache-control', 'no-store');
  ctx.body = `<!doctype html><html lang="${textsFor(ctx).lang}"><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>
body{font:17px/1.5 system-ui,sans-serif;margin:0 auto;max-width:24rem;padding:3rem 2rem;text-align:center}
h1{font-size:1.3rem;margin:0 0 .5rem}
p{margin:0;opacity:.75}
a{background:#07823f;border-radius:8px;color:#fff;display:block;margin:2.5rem auto 0;max-width:11rem;padding:.6rem;text-decoration:none}
</style>
${body}</html>`;
}

function showConsent(ctx: ExchangeContext, account: Account, consent: string): void {
  const texts = textsFor(ctx);
  const { nickname } = userOf(ctx, account);
  const body = `<h1>${account.merchantName}</h1><p>${texts.asks}</p><p>${nickname}</p>
<a href="/connect/oauth2/consent?consent=${consent}">${texts.allow}</a>`;
  page(ctx, texts.title, body);
}

function showError(ctx: ExchangeContext, error: OauthRefusal): void {
  const texts = textsFor(ctx);
  ctx.state.code = String(error.code);
  ctx.state.message = error.message;
  page(ctx, texts.failed, `<h1>${error.message}</h1><p>${texts.code}${error.code}</p>`);
}
