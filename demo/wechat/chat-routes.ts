import type Router from '@koa/router';
import type { Account } from './account.ts';
import type { AccountChat } from './account-chat.ts';
import type { Album } from './album/album.ts';
import type { Conversations } from './conversations.ts';
import { type Exchange, type ExchangeContext, json, jsonBody, queryValue } from './exchange.ts';
import type { Followers } from './followers.ts';
import type { MediaStore } from './media-store.ts';
import type { Phones } from './phones.ts';
import type { QrCodes } from './qr-codes.ts';

export interface ChatWorld {
  account: Account;
  album: Album;
  chat: AccountChat;
  conversations: Conversations;
  followers: Followers;
  media: MediaStore;
  phones: Phones;
  qrCodes: QrCodes;
}

/** The chat with the account, as the phone page shows it. */
export function addChatRoutes(router: Router<Exchange>, world: ChatWorld): void {
  const { account, chat, conversations, followers, media, phones, qrCodes } = world;
  const openidOf = (phone: unknown) => phones.user(String(phone ?? '')).openid;

  router.get('/client/account', (ctx) => {
    const following = followers.isFollowing(openidOf(queryValue(ctx, 'phone')));
    json(ctx, { name: account.merchantName, originalId: account.originalId, following });
  });

  router.get('/client/chat', (ctx) => {
    const openid = openidOf(queryValue(ctx, 'phone'));
    const following = followers.isFollowing(openid);
    json(ctx, { account: { name: account.merchantName }, following, entries: chat.entries(openid) });
  });

  router.post('/client/chat', async (ctx) => {
    const { phone, text, picture } = jsonBody(ctx);
    const openid = openidOf(phone);
    if (!followers.isFollowing(openid)) return ctx.throw(409, 'the user does not follow the account');
    json(ctx, picture === undefined ? sayText(ctx, openid, text) : await sayPicture(ctx, openid, picture));
  });

  router.post('/client/follow', (ctx) => {
    const { phone, ticket } = jsonBody(ctx);
    const code = ticket === undefined ? undefined : qrCodes.find(String(ticket));
    if (ticket !== undefined && !code) return ctx.throw(400, 'there is no code with this ticket');
    void conversations.follow(openidOf(phone), code);
    json(ctx, { following: true });
  });

  router.post('/client/unfollow', (ctx) => {
    void conversations.unfollow(openidOf(jsonBody(ctx).phone));
    json(ctx, { following: false });
  });

  router.get('/client/users', (ctx) => {
    const me = openidOf(queryValue(ctx, 'phone'));
    const following = ({ openid }: { openid: string }) => followers.isFollowing(openid);
    json(
      ctx,
      account.users.map((user) => ({ ...user, following: following(user), isMe: user.openid === me })),
    );
  });

  router.get('/client/media/:mediaId', (ctx) => {
    const found = media.get(ctx.params.mediaId ?? '');
    if (!found) return;
    ctx.set({ 'content-type': found.contentType, 'cache-control': 'no-cache' });
    ctx.body = found.bytes;
  });

  function sayText(ctx: ExchangeContext, openid: string, text: unknown) {
    if (typeof text !== 'string' || text.trim() === '') return ctx.throw(400, 'text or picture is needed');
    return conversations.say(openid, { MsgType: 'text', Content: text }).entry;
  }

  async function sayPicture(ctx: ExchangeContext, openid: string, id: unknown) {
    const picture = world.album.get(String(id));
    if (!picture) return ctx.throw(400, 'there is no such picture in the album');
    return conversations.sayPicture(openid, await picture.read()).entry;
  }
}
