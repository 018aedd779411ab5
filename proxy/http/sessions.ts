import { z } from 'zod';
import { Session, SessionRequest, Text } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { Sessions } from '../sessions.ts';
import type { SignIns } from '../sign-ins.ts';
import { type Route, route } from './route.ts';

/** base64url of a SHA-256. */
const Challenge = z.string().regex(/^[0-9A-Za-z_-]{43}$/, 'the base64url SHA-256 of a verifier');

const AuthorizeQuery = z.strictObject({
  return_to: z.url({ protocol: /^https?$/ }).max(2048),
  challenge: Challenge,
  scope: z.enum(['snsapi_base', 'snsapi_userinfo']).default('snsapi_base'),
});

/** WeChat may add parameters of its own. */
const CallbackQuery = z.object({
  state: Text.max(128).default(''),
  code: z.string().min(1).max(512).optional(),
});

export interface SessionRoutesOptions {
  sessions: Sessions;
  signIns: SignIns;
  allowedOrigins: readonly string[];
}

export function sessionRoutes({ sessions, signIns, allowedOrigins }: SessionRoutesOptions): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/oauth/authorize',
      callers: ['anyone'],
      summary: 'Send the browser to WeChat’s consent, and from there back to the page.',
      query: AuthorizeQuery,
      answers: { 302: null },
      errors: ['origin_not_allowed'],
      refusal: 'page',
      async handle({ query }) {
        const { return_to, challenge, scope } = query;
        const { origin, username, password } = new URL(return_to);
        if (!allowedOrigins.includes(origin) || username || password) throw new ProxyError('origin_not_allowed');
        return redirect(await signIns.start(return_to, challenge, scope));
      },
    }),
    route({
      method: 'GET',
      path: '/v1/oauth/callback',
      callers: ['wechat'],
      summary: 'Where WeChat sends the browser back to; it goes on to the page with `#wx_code=…` or `#wx_error=…`.',
      query: CallbackQuery,
      answers: { 302: null },
      errors: ['oauth_state_invalid'],
      refusal: 'page',
      async handle({ query }) {
        return redirect(await signIns.finish(query.state, query.code));
      },
    }),
    route({
      method: 'POST',
      path: '/v1/sessions',
      callers: ['page', 'merchant'],
      summary: 'Get a session: a page for the code it came back with, the merchant’s server for a payer it knows.',
      body: SessionRequest,
      answers: { 200: Session },
      errors: ['oauth_code_invalid', 'unauthorized'],
      async handle({ caller, body }) {
        if ('code' in body)
          return { status: 200, body: await sessions.issue(await signIns.redeem(body.code, body.verifier)) };
        if (caller.kind !== 'merchant') throw new ProxyError('unauthorized');
        return { status: 200, body: await sessions.issue(body.openid) };
      },
    }),
  ];
}

/** Neither the address nor what it bears may stay anywhere. */
function redirect(location: string) {
  return { status: 302, headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' } };
}
