import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { JssdkConfig } from '../api.ts';
import { ProxyError } from '../errors.ts';
import { type JsapiTicket, jssdkSignature } from '../wechat/account/jsapi-ticket.ts';
import { type Route, route } from './route.ts';

const ConfigQuery = z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(4096) });

export interface JssdkRoutesOptions {
  appId: string;
  jsapiTicket: JsapiTicket;
  allowedOrigins: readonly string[];
  now: () => number;
}

export function jssdkRoutes({ appId, jsapiTicket, allowedOrigins, now }: JssdkRoutesOptions): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/jssdk/config',
      callers: ['page'],
      summary: 'What `wx.config` wants, signed for the page at `url`.',
      query: ConfigQuery,
      answers: { 200: JssdkConfig },
      errors: ['wechat_unavailable', 'wechat_refused'],
      async handle({ query: { url } }) {
        if (!allowedOrigins.includes(new URL(url).origin)) throw new ProxyError('origin_not_allowed');
        const timestamp = Math.floor(now() / 1_000);
        const nonceStr = randomBytes(16).toString('hex');
        const signature = jssdkSignature({ jsapiTicket: await jsapiTicket.get(), nonceStr, timestamp, url });
        return { status: 200, body: { appId, timestamp, nonceStr, signature } };
      },
    }),
  ];
}
