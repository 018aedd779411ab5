import Router from '@koa/router';
import type { AccountChat } from './account-chat.ts';
import { answerApi } from './api-answer.ts';
import { apiBody } from './api-body.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { Clock } from './clock.ts';
import { type Exchange, type ExchangeContext, queryValue } from './exchange.ts';
import type { Followers, Tie } from './followers.ts';
import type { MessagePush } from './message-push.ts';
import type { TakenMessage, TemplateMessages } from './template-messages.ts';
import type { Tokens } from './tokens.ts';

interface World {
  chat: AccountChat;
  clock: Clock;
  followers: Followers;
  messagePush: MessagePush;
  templateMessages: TemplateMessages;
  tokens: Tokens;
}

/** Bytes of a text, and the seconds after a deed of the user in which the account may write by itself. */
const LONGEST_TEXT = 2048;
const TWO_DAYS = 172_800;

/** What the account sends to users, and asks of them, at api.weixin.qq.com. */
export function messageRoutes(world: World): Router<Exchange> {
  const { chat, clock, followers, messagePush, templateMessages, tokens } = world;
  const router = new Router<Exchange>();

  /** When the answer is out, or was lost. */
  function deliverAfterwards(ctx: ExchangeContext, { deliver }: TakenMessage): void {
    void messagePush.track(new Promise((resolve) => ctx.res.once('close', resolve)).then(deliver));
  }

  router.all('/cgi-bin/message/template/send', (ctx) =>
    answerApi(ctx, 'POST', () => {
      tokens.check(queryValue(ctx, 'access_token'));
      const taken = templateMessages.sendTemplate(apiBody(ctx));
      deliverAfterwards(ctx, taken);
      return { errcode: 0, errmsg: 'ok', msgid: taken.msgid };
    }),
  );

  router.all('/cgi-bin/message/subscribe/bizsend', (ctx) =>
    answerApi(ctx, 'POST', () => {
      tokens.check(queryValue(ctx, 'access_token'));
      deliverAfterwards(ctx, templateMessages.sendSubscription(apiBody(ctx)));
      // Unlike the other one, it does not tell the message's id.
      return { errcode: 0, errmsg: 'ok' };
    }),
  );

  router.all('/cgi-bin/message/custom/send', (ctx) =>
    answerApi(ctx, 'POST', () => {
      tokens.check(queryValue(ctx, 'access_token'));
      const { touser, msgtype, text } = apiBody(ctx);
      const { openid, tie } = known(followers, touser);
      if (msgtype !== 'text') throw new ApiRefusal(40008);
      const content = contentOf(text);
      if (!tie.following || clock.seconds() - tie.heardAt > TWO_DAYS) throw new ApiRefusal(45015);
      chat.add(openid, { from: 'account', kind: 'text', text: content });
      return { errcode: 0, errmsg: 'ok' };
    }),
  );

  router.all('/cgi-bin/user/info', (ctx) =>
    answerApi(ctx, 'GET', () => {
      tokens.check(queryValue(ctx, 'access_token'));
      const { openid, tie } = known(followers, queryValue(ctx, 'openid'));
      return tie.following ? followerView(openid, tie) : { subscribe: 0, openid, tagid_list: [] };
    }),
  );

  return router;
}

/** @throws ApiRefusal 40003 */
function known(followers: Followers, openid: unknown): { openid: string; tie: Readonly<Tie> } {
  const tie = typeof openid === 'string' ? followers.tie(openid) : undefined;
  if (!tie) throw new ApiRefusal(40003);
  return { openid: openid as string, tie };
}

function contentOf(text: unknown): string {
  const content = typeof text === 'object' && text !== null ? (text as { content?: unknown }).content : undefined;
  if (typeof content !== 'string' || content === '') throw new ApiRefusal(44004);
  if (Buffer.byteLength(content) > LONGEST_TEXT) throw new ApiRefusal(45002);
  return content;
}

/** @see https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo.html */
function followerView(openid: string, { followedAt, code }: Tie): object {
  const scene = code?.scene;
  return {
    subscribe: 1,
    openid,
    language: 'zh_CN',
    subscribe_time: followedAt,
    remark: '',
    groupid: 0,
    tagid_list: [],
    subscribe_scene: code ? 'ADD_SCENE_QR_CODE' : 'ADD_SCENE_SEARCH',
    qr_scene: typeof scene === 'number' ? scene : 0,
    qr_scene_str: typeof scene === 'string' ? scene : '',
  };
}
