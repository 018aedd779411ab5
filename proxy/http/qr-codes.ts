import { z } from 'zod';
import { QrCode, QrCodeRequest } from '../api.ts';
import type { QrCodes } from '../wechat/account/qr-code.ts';
import { type Route, route } from './route.ts';

/** Nothing else is asked for at WeChat. Other parameters are let be: pages and clients add theirs to addresses of pictures. */
const TicketQuery = z.object({
  ticket: z.string().regex(/^[0-9A-Za-z_=+/-]{20,512}$/, 'is no ticket: give that of POST /v1/qrcodes, url-encoded'),
});

/** What a ticket stands for never changes, but may come to its end; any page may show it. */
const HEADERS = {
  'cache-control': 'public, max-age=86400',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};

export function qrCodeRoutes({ qrCodes }: { qrCodes: QrCodes }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/qrcodes',
      callers: ['merchant'],
      summary: 'Create a code that leads to the official account: permanent, or for `expiresIn` seconds.',
      body: QrCodeRequest,
      answers: { 201: QrCode },
      errors: ['wechat_refused', 'wechat_unavailable'],
      async handle({ body: { scene, expiresIn } }) {
        const { expiresAt, ...code } = await qrCodes.create(scene, expiresIn);
        return {
          status: 201,
          body: { ...code, ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }) },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/qrcodes/image',
      callers: ['anyone'],
      summary: 'The picture of a code, for pages that may show none from WeChat’s servers.',
      query: TicketQuery,
      answers: { 200: 'image/*' },
      errors: ['qrcode_not_found', 'rate_limited', 'wechat_unavailable'],
      async handle({ query }) {
        const { type, bytes } = await qrCodes.picture(query.ticket);
        return { status: 200, body: bytes, headers: { ...HEADERS, 'content-type': type } };
      },
    }),
  ];
}
