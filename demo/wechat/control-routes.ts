import Router from '@koa/router';
import type { Control, Fault, NotificationOverrides } from './control.ts';
import { type Exchange, type ExchangeContext, json, queryValue } from './exchange.ts';
import type { MediaType } from './media-kind.ts';
import type { PushOverrides } from './message-push.ts';
import type { RefundEnd } from './refunds.ts';
import type { NewTemplate } from './templates.ts';
import type { DeadTokenCode } from './tokens.ts';
import type { WritableFields } from './xml-tree.ts';

type Input = Record<string, unknown>;

/** `control` over HTTP: `GET` and `PATCH /control` for the knobs, `POST /control/<deed>` with its arguments by name. */
export function controlRoutes(control: Control): Router<Exchange> {
  const router = new Router<Exchange>();
  const deeds: Record<string, (input: Input) => unknown> = {
    reset: () => control.reset(),
    fail: (input) => control.fail(input as unknown as Fault),
    advance: ({ seconds }) => control.advance(Number(seconds)),
    'kill-token': ({ code }) => control.killToken(code as DeadTokenCode | undefined),
    'kill-ticket': () => control.killTicket(),
    'rotate-certificate': () => ({ serial: control.rotateCertificate() }),
    'sign-in': ({ phone, openid }) => control.signIn(String(phone), String(openid)),
    pay: ({ outTradeNo, ...options }) => control.pay(String(outTradeNo), options),
    notify: ({ outTradeNo, ...overrides }) => control.notify(String(outTradeNo), overrides as NotificationOverrides),
    scan: ({ text, ...options }) => control.scan(String(text), options),
    'pay-by-code': ({ codeUrl, ...options }) => control.payByCode(String(codeUrl), options),
    'pay-h5': ({ h5Url, ...options }) => control.payH5(String(h5Url), options),
    'finish-refund': ({ outRefundNo, state, ...options }) =>
      control.finishRefund(String(outRefundNo), state as RefundEnd, options),
    'notify-refund': ({ outRefundNo, ...overrides }) =>
      control.notifyRefund(String(outRefundNo), overrides as NotificationOverrides),
    printed: ({ codeUrl }) => control.printed(String(codeUrl)),
    'set-bill': ({ date, csv }) => control.setBill(String(date), String(csv)),
    'set-album': ({ pictures }) => {
      control.album = albumOf(pictures);
    },
    'fail-uploads': ({ count }) => control.failUploads(count === undefined ? 1 : Number(count)),
    'add-media': ({ base64, type }) => ({
      mediaId: control.addMedia(Buffer.from(String(base64), 'base64'), { type: type as MediaType | undefined }),
    }),
    'expire-media': () => control.expireMedia(),
    ...messageDeeds(control),
    'start-switch-week': () => control.startSwitchWeek(),
    'release-notifications': () => control.releaseNotifications(),
    sign: ({ body, ...options }) => control.sign(String(body), options),
    encrypt: ({ plaintext, associatedData }) =>
      control.encrypt(String(plaintext), associatedData as string | undefined),
  };

  router.get('/control', (ctx) => json(ctx, control.knobs));

  router.patch('/control', (ctx) =>
    guarded(ctx, () => {
      control.set(parse(ctx));
      return control.knobs;
    }),
  );

  router.get('/control/users', (ctx) => json(ctx, control.users));
  router.get('/control/serials', (ctx) => json(ctx, control.serials()));
  router.get('/control/orders/:outTradeNo', (ctx) => {
    const order = control.order(ctx.params.outTradeNo ?? '');
    if (order) json(ctx, order);
  });

  router.get('/control/refunds/:outRefundNo', (ctx) => {
    const refund = control.refund(ctx.params.outRefundNo ?? '');
    if (refund) json(ctx, refund);
  });
  router.get('/control/bills/:date', (ctx) => guarded(ctx, () => ({ csv: control.billOf(ctx.params.date ?? '') })));

  router.get('/control/media/:mediaId', (ctx) => {
    const media = control.media(ctx.params.mediaId ?? '');
    if (media) json(ctx, { ...media, bytes: undefined, base64: media.bytes.toString('base64') });
  });

  router.get('/control/chats/:openid', (ctx) => guarded(ctx, () => control.chat(ctx.params.openid ?? '')));
  router.get('/control/shares', (ctx) => json(ctx, control.shares(queryValue(ctx, 'phone'))));
  router.get('/control/templates', (ctx) => json(ctx, control.templates));

  router.post('/control/:deed', async (ctx) => {
    const name = ctx.params.deed ?? '';
    const deed = Object.hasOwn(deeds, name) ? deeds[name] : undefined;
    if (deed) await guarded(ctx, () => deed(parse(ctx)));
  });

  return router;
}

type Message = Parameters<Control['say']>[1];

function messageDeeds(control: Control): Record<string, (input: Input) => unknown> {
  const reply = async (answer: Promise<unknown>) => ({ reply: await answer });
  return {
    follow: ({ openid, ...options }) => reply(control.follow(String(openid), options)),
    unfollow: ({ openid }) => control.unfollow(String(openid)),
    blacklist: ({ openid, isBlacklisted }) => control.blacklist(String(openid), isBlacklisted !== false),
    say: ({ openid, message }) => reply(control.say(String(openid), message as Message)),
    'push-event': ({ openid, fields }) => reply(control.pushEvent(String(openid), fields as WritableFields)),
    'send-push': (overrides) => control.sendPush(overrides as PushOverrides),
    'check-message-push': () => control.checkMessagePush(),
    'add-template': (template) => control.addTemplate(template as unknown as NewTemplate),
    'allow-subscription': ({ openid, templateId, count }) =>
      control.allowSubscription(String(openid), String(templateId), count === undefined ? 1 : Number(count)),
  };
}

/** Over HTTP the bytes of pictures are base64. */
function albumOf(pictures: unknown): { name: string; bytes: Uint8Array }[] | null {
  if (pictures === null) return null;
  if (!Array.isArray(pictures)) throw new TypeError('pictures is a list of name and base64, or null.');
  return pictures.map(({ name, base64 }) => ({ name, bytes: Buffer.from(String(base64), 'base64') }));
}

async function guarded(ctx: ExchangeContext, work: () => unknown): Promise<void> {
  try {
    json(ctx, (await work()) ?? {});
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    ctx.status = 400;
    json(ctx, { message: error.message });
  }
}

function parse(ctx: ExchangeContext): Input {
  const text = ctx.state.rawBody.toString();
  return text ? JSON.parse(text) : {};
}
