import type { AccountChat, ChatEntry, Saying } from './account-chat.ts';
import type { Followers } from './followers.ts';
import type { MediaStore } from './media-store.ts';
import type { MessagePush, Pushed } from './message-push.ts';
import type { Reply } from './passive-reply.ts';
import type { Phones } from './phones.ts';
import type { QrCode } from './qr-codes.ts';
import type { WritableFields } from './xml-tree.ts';

const OUT_OF_ORDER = '该公众号提供的服务出现故障，请稍后再试';
/** Events whose maker looks at the chat, so that the account may answer there, and is missed where it does not. */
const ANSWERED_EVENTS = ['subscribe', 'SCAN', 'CLICK'];

interface World {
  chat: AccountChat;
  followers: Followers;
  media: MediaStore;
  messagePush: MessagePush;
  phones: Phones;
  origin: { url: string };
}

/** What users do with the account, and what it answers: each deed is pushed to the merchant. */
export class Conversations {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** `code`: what was scanned to come here. Who follows already does nothing. */
  async follow(openid: string, code?: QrCode): Promise<Reply | undefined> {
    const { chat, followers, phones } = this.#world;
    if (followers.isFollowing(openid)) return undefined;
    followers.follow(openid, code);
    phones.tellUser(openid, 'following', { following: true });
    chat.add(openid, note('followed', '已关注该公众号'));
    const about = code ? { EventKey: `qrscene_${code.scene}`, Ticket: code.ticket } : { EventKey: '' };
    return this.event(openid, { Event: 'subscribe', ...about });
  }

  async unfollow(openid: string): Promise<void> {
    const { chat, followers, phones } = this.#world;
    if (!followers.isFollowing(openid)) return;
    followers.unfollow(openid);
    phones.tellUser(openid, 'following', { following: false });
    chat.add(openid, note('unfollowed', '已取消关注该公众号'));
    await this.event(openid, { Event: 'unsubscribe', EventKey: '' });
  }

  /** A follower has scanned a code with a scene. */
  scanned(openid: string, { scene, ticket }: QrCode): Promise<Reply | undefined> {
    this.#world.followers.hear(openid);
    this.#world.chat.add(openid, note('scanned', '扫描了公众号的二维码'));
    return this.event(openid, { Event: 'SCAN', EventKey: String(scene), Ticket: ticket });
  }

  /** Any message, by WeChat's names. @throws TypeError where the user is a stranger */
  say(openid: string, fields: WritableFields): { entry: ChatEntry; reply: Promise<Reply | undefined> } {
    const { chat, followers } = this.#world;
    if (!followers.isFollowing(openid)) throw new TypeError(`${openid} does not follow the account.`);
    followers.hear(openid);
    const entry = chat.add(openid, this.#said(fields));
    return { entry, reply: this.tell(openid, fields).then((pushed) => pushed?.reply) };
  }

  /** A picture from the phone. */
  sayPicture(openid: string, bytes: Uint8Array): ReturnType<Conversations['say']> {
    const { media, origin } = this.#world;
    const { mediaId } = media.add(bytes, 'image');
    return this.say(openid, { MsgType: 'image', PicUrl: origin.url + mediaUrl(mediaId), MediaId: mediaId });
  }

  /** Any event, by WeChat's names. */
  async event(openid: string, fields: WritableFields): Promise<Reply | undefined> {
    this.#world.followers.user(openid);
    return (await this.tell(openid, { MsgType: 'event', ...fields }))?.reply;
  }

  /**
   * Tells the merchant of a message or an event by WeChat's names, whether or not it came about; the chat shows the answer.
   * @returns undefined where no address is set
   */
  async tell(openid: string, fields: WritableFields): Promise<Pushed | undefined> {
    const { chat, messagePush } = this.#world;
    const pushed = await messagePush.push(openid, fields);
    if (!pushed) return undefined;
    const isMessage = fields.MsgType !== 'event';
    const isMissed = pushed.why !== undefined && (isMessage || ANSWERED_EVENTS.includes(String(fields.Event)));
    if (isMissed) chat.add(openid, { ...note('service-failed', OUT_OF_ORDER), why: pushed.why });
    const reply = shownReply(pushed.reply, isMessage);
    if (reply) chat.add(openid, sayingOf(reply));
    return { ...pushed, reply };
  }

  #said(fields: WritableFields): Saying {
    const type = String(fields.MsgType);
    if (type === 'text') return { from: 'user', kind: 'text', text: String(fields.Content ?? '') };
    const mediaId = String(fields.MediaId ?? '');
    if (type === 'image' && this.#world.media.get(mediaId)) {
      return { from: 'user', kind: 'image', mediaId, url: mediaUrl(mediaId) };
    }
    const { MsgType: _type, ...rest } = fields;
    return { from: 'user', kind: 'other', type, fields: rest };
  }
}

/** Only one article answers a message: the others are not shown. */
function shownReply(reply: Reply | undefined, isMessage: boolean): Reply | undefined {
  if (reply?.type !== 'news' || !isMessage) return reply;
  return { ...reply, articles: reply.articles.slice(0, 1) };
}

function mediaUrl(mediaId: string): string {
  return `/client/media/${mediaId}`;
}

function sayingOf(reply: Reply): Saying {
  const from = 'account';
  switch (reply.type) {
    case 'text':
      return { from, kind: 'text', text: reply.content };
    case 'image':
    case 'voice':
      return { from, kind: reply.type, mediaId: reply.mediaId, url: mediaUrl(reply.mediaId) };
    case 'news':
      return { from, kind: 'news', articles: reply.articles };
    case 'transfer_customer_service':
      return { ...note('transferred', '已转接人工客服'), kfAccount: reply.kfAccount };
  }
}

type Note = Extract<Saying, { kind: 'note' }>;

function note(about: Note['note'], text: string): Note {
  return { from: 'note', kind: 'note', note: about, text };
}
