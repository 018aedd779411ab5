import { randomBytes } from 'node:crypto';
import Router from '@koa/router';
import { answerApi } from './api-answer.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { Knobs } from './control.ts';
import { type Exchange, type ExchangeContext, queryValue } from './exchange.ts';
import type { Media, MediaStore } from './media-store.ts';
import { mediaUpload } from './media-upload.ts';
import type { Tokens } from './tokens.ts';

interface World {
  media: MediaStore;
  tokens: Tokens;
  knobs: () => Knobs;
  origin: { url: string };
}

/**
 * Temporary media of api.weixin.qq.com.
 * @see https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Get_temporary_materials.html
 */
export function mediaRoutes({ media, tokens, knobs, origin }: World): Router<Exchange> {
  const router = new Router<Exchange>();

  router.all('/cgi-bin/media/get', async (ctx) => {
    await answerApi(ctx, 'GET', () => {
      tokens.check(queryValue(ctx, 'access_token'));
      const found = media.living(queryValue(ctx, 'media_id') ?? '');
      if (!found) throw new ApiRefusal(40007, `invalid media_id hint: [${hint()}]`);
      if (found.type === 'video') return { video_url: `${origin.url}/video/${found.mediaId}.mp4` };
      send(ctx, found);
      return undefined;
    });
    if (ctx.state.code) ctx.set('content-type', knobs().mediaErrorType);
  });

  router.all('/cgi-bin/media/upload', (ctx) =>
    answerApi(ctx, 'POST', async () => {
      tokens.check(queryValue(ctx, 'access_token'));
      const { type, mediaId, createdAt } = media.add(...(await mediaUpload(ctx, queryValue(ctx, 'type'))));
      return { type, [type === 'thumb' ? 'thumb_media_id' : 'media_id']: mediaId, created_at: createdAt };
    }),
  );

  router.get('/video/:mediaId.mp4', (ctx) => {
    const found = media.living(ctx.params.mediaId ?? '');
    if (found) send(ctx, found);
  });

  return router;
}

function send(ctx: ExchangeContext, { mediaId, contentType, extension, bytes }: Media): void {
  ctx.set({
    'content-type': contentType,
    'content-disposition': `attachment; filename="${mediaId}.${extension}"`,
    'cache-control': 'no-cache, must-revalidate',
  });
  ctx.body = bytes;
}

/** WeChat's hints are for its own engineers, and differ each time. */
function hint(): string {
  return randomBytes(8).toString('base64url');
}
