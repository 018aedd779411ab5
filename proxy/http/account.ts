import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AccessToken } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { ScratchFolder } from '../images/scratch-folder.ts';
import type { AccessToken as Token } from '../wechat/account/access-token.ts';
import type { PassThrough } from '../wechat/account/pass-through.ts';
import { bounded } from './bounded.ts';
import { type Request, type Route, route } from './route.ts';

export interface AccountRoutesOptions {
  accessToken: Pick<Token, 'get'>;
  passThrough: PassThrough;
  scratch: ScratchFolder;
}

const PREFIX = '/v1/wechat';
/** WeChat takes no larger files. */
const MAX_BYTES = 32 * 1_048_576;

/** What the merchant's other programs need of the official account. */
export function accountRoutes({ accessToken, passThrough, scratch }: AccountRoutesOptions): Route[] {
  const pass = (method: 'GET' | 'POST') =>
    route({
      method,
      path: `${PREFIX}/*path`,
      callers: ['merchant'],
      summary: 'Any call of `api.weixin.qq.com`, such as `/v1/wechat/cgi-bin/user/info`, with the access token added.',
      ...(method === 'POST' && { body: 'anything' as const }),
      answers: { 200: '*/*' },
      errors: ['wechat_path_not_allowed', 'wechat_unavailable', 'body_too_large'],
      handle: ({ incoming }: Request) =>
        scratch.with(async (file) => {
          const body = method === 'POST' ? file : undefined;
          if (body) await write(incoming, body);
          const { pathname, searchParams: query } = new URL(incoming.url!, 'http://proxy');
          const path = pathname.slice(PREFIX.length);
          const contentType = incoming.headers['content-type'];
          return passThrough.call({ method, path, query, contentType, body });
        }),
    });
  return [
    route({
      method: 'GET',
      path: '/v1/access-token',
      callers: ['merchant'],
      summary: 'The access token, for programs that cannot do without. Do not fetch one beside it: the older one dies.',
      answers: { 200: AccessToken },
      errors: ['wechat_unavailable', 'wechat_refused'],
      async handle() {
        const { token, expiresAt } = await accessToken.get();
        return { status: 200, body: { token, expiresAt: new Date(expiresAt).toISOString() } };
      },
    }),
    pass('GET'),
    pass('POST'),
  ];
}

async function write(request: IncomingMessage, file: string): Promise<void> {
  const tooLarge = new ProxyError('body_too_large', `The body is larger than ${MAX_BYTES} bytes.`);
  await pipeline(Readable.from(bounded(request, MAX_BYTES, tooLarge)), createWriteStream(file));
}
