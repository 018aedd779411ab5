import Router from '@koa/router';
import { answerApi } from './api-answer.ts';
import { apiBody } from './api-body.ts';
import { ApiRefusal } from './api-refusal.ts';
import { type Exchange, queryValue } from './exchange.ts';
import type { QrCodes, Scene } from './qr-codes.ts';
import { qrPicture } from './qr-picture.ts';
import type { Tokens } from './tokens.ts';

interface World {
  qrCodes: QrCodes;
  tokens: Tokens;
}

/** Seconds: what a temporary code lives where nothing is said, and at most. */
const DEFAULT_LIFETIME = 60;
const LONGEST_LIFETIME = 2_592_000;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_PERMANENT_ID = 100_000;
/** Characters. */
const LONGEST_SCENE = 64;

/** By `action_name`: where the scene stands, how far its number may go, and whether the code lasts. */
const KINDS = {
  QR_SCENE: { field: 'scene_id', max: MAX_UINT32, isPermanent: false },
  QR_STR_SCENE: { field: 'scene_str', max: LONGEST_SCENE, isPermanent: false },
  QR_LIMIT_SCENE: { field: 'scene_id', max: MAX_PERMANENT_ID, isPermanent: true },
  QR_LIMIT_STR_SCENE: { field: 'scene_str', max: LONGEST_SCENE, isPermanent: true },
} as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

/**
 * Codes with a scene, at api.weixin.qq.com, and their pictures, at mp.weixin.qq.com.
 * @see https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
 */
export function qrCodeRoutes({ qrCodes, tokens }: World): Router<Exchange> {
  const router = new Router<Exchange>();

  router.all('/cgi-bin/qrcode/create', (ctx) =>
    answerApi(ctx, 'POST', () => {
      tokens.check(queryValue(ctx, 'access_token'));
      const { action_name: name, action_info: info, expire_seconds: lifetime } = apiBody(ctx);
      const kind = kindOf(name);
      const scene = sceneOf(info, kind);
      if (kind.isPermanent) {
        const { ticket, url } = qrCodes.permanent(scene);
        return { ticket, url };
      }
      const expireSeconds = lifetimeOf(lifetime);
      const { ticket, url } = qrCodes.temporary(scene, expireSeconds);
      return { ticket, expire_seconds: expireSeconds, url };
    }),
  );

  router.get('/cgi-bin/showqrcode', async (ctx) => {
    const code = qrCodes.living(queryValue(ctx, 'ticket') ?? '');
    if (!code) return;
    ctx.set({ 'content-type': 'image/jpg', 'cache-control': 'max-age=604800' });
    ctx.body = await qrPicture(code.url);
  });

  return router;
}

function kindOf(name: unknown): Kind {
  if (typeof name !== 'string' || !Object.hasOwn(KINDS, name)) throw new ApiRefusal(40052);
  return KINDS[name as keyof typeof KINDS];
}

function sceneOf(info: unknown, { field, max }: Kind): Scene {
  const scene = memberOf(memberOf(info, 'scene'), field);
  const isNumber = field === 'scene_id' && Number.isSafeInteger(scene);
  const isText = field === 'scene_str' && typeof scene === 'string';
  const measure = isNumber ? (scene as number) : isText ? [...(scene as string)].length : 0;
  if (measure < 1 || measure > max) throw new ApiRefusal(40053);
  return scene as Scene;
}

/** The documents do not say how WeChat refuses other lifetimes: this is its code for arguments that are wrong. */
function lifetimeOf(lifetime: unknown = DEFAULT_LIFETIME): number {
  const isRight = Number.isSafeInteger(lifetime) && Number(lifetime) >= 1 && Number(lifetime) <= LONGEST_LIFETIME;
  if (!isRight) throw new ApiRefusal(40097);
  return Number(lifetime);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
