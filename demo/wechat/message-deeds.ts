import type { AccountChat, ChatEntry } from './account-chat.ts';
import type { Conversations } from './conversations.ts';
import type { Followers } from './followers.ts';
import type { MessagePush, PushAnswer, PushOverrides } from './message-push.ts';
import type { Reply } from './passive-reply.ts';
import type { Phones } from './phones.ts';
import type { QrCodes } from './qr-codes.ts';
import type { Share, Shares } from './shares.ts';
import type { TemplateMessages } from './template-messages.ts';
import type { NewTemplate, Template, Templates } from './templates.ts';
import type { WritableFields } from './xml-tree.ts';

/** What users do with the account and with pages, done from outside. All openids must be somebody's: else TypeError. */
export interface MessageControl {
  /** Who follows the account. At the start its first user does, the others are strangers. */
  isFollowing(openid: string): boolean;
  /** `ticket`: of the code that was scanned. @returns what the account answers to the event, if it does */
  follow(openid: string, options?: { ticket?: string }): Promise<Reply | undefined>;
  /** Resolves when the merchant has been told. */
  unfollow(openid: string): Promise<void>;
  /** The account wants nothing to do with this user, or has changed its mind. */
  blacklist(openid: string, isBlacklisted?: boolean): void;
  /**
   * A message to the account: `{type: 'text', content}`, or any other with its fields; their names may begin with a small
   * letter.
   * @returns what the account answers, if it does; what is wrong with an answer stands in the chat and among the calls
   * @throws TypeError where the user does not follow the account
   */
  say(openid: string, message: { type: string; [field: string]: unknown }): Promise<Reply | undefined>;
  /** Any event, by WeChat's names. @returns as `say` does */
  pushEvent(openid: string, fields: WritableFields): Promise<Reply | undefined>;
  /** One try of a push, changed at will; nobody's chat shows it. @throws TypeError where there is no address */
  sendPush(overrides?: PushOverrides): Promise<PushAnswer>;
  /** What WeChat asks when the address is set: to be sent back what it says. */
  checkMessagePush(): Promise<{ ok: boolean; status: number; body: string }>;
  /** What a user and the account have said to each other, oldest first. */
  chat(openid: string): ChatEntry[];
  /** What the user of a phone has shared and can see, newest first; without a phone, everything. */
  shares(phone?: string): Share[];
  readonly templates: readonly Template[];
  /** The account has chosen another template. */
  addTemplate(template: NewTemplate): Template;
  /** The user agrees to `count` more messages of a subscription template; default 1. */
  allowSubscription(openid: string, templateId: string, count?: number): void;
}

interface World {
  chat: AccountChat;
  conversations: Conversations;
  followers: Followers;
  messagePush: MessagePush;
  phones: Phones;
  qrCodes: QrCodes;
  shares: Shares;
  templateMessages: TemplateMessages;
  templates: Templates;
}

export function messageDeeds(world: World): Omit<MessageControl, 'templates'> {
  const { chat, conversations, followers, messagePush, phones, qrCodes, shares, templateMessages, templates } = world;
  return {
    isFollowing: (openid) => followers.isFollowing(followers.user(openid).openid),
    follow: async (openid, { ticket } = {}) => conversations.follow(openid, codeOf(qrCodes, ticket)),
    unfollow: (openid) => conversations.unfollow(openid),
    blacklist: (openid, isBlacklisted = true) => followers.blacklist(openid, isBlacklisted),
    say: async (openid, message) => conversations.say(openid, fieldsOf(message)).reply,
    pushEvent: async (openid, fields) => conversations.event(openid, fields),
    sendPush: async (overrides = {}) => messagePush.send(overrides),
    checkMessagePush: async () => messagePush.check(),
    chat: (openid) => chat.entries(followers.user(openid).openid),
    shares: (phone) => shares.list(phone === undefined ? undefined : phones.user(phone).openid),
    addTemplate: (template) => templates.add(template),
    allowSubscription: (openid, templateId, count = 1) => templateMessages.allow(openid, templateId, count),
  };
}

/** @throws TypeError where there is no such code */
export function codeOf(qrCodes: QrCodes, ticket: string | undefined) {
  if (ticket === undefined) return undefined;
  const code = qrCodes.find(ticket);
  if (!code) throw new TypeError(`There is no code with the ticket ${ticket}.`);
  return code;
}

/** `type` is WeChat's MsgType; the other names are WeChat's but for the size of their first letter. */
function fieldsOf({ type, ...fields }: { type: string; [field: string]: unknown }): WritableFields {
  const named = Object.entries(fields).map(([name, value]) => [
    name.replace(/^./, (first) => first.toUpperCase()),
    value,
  ]);
  return { MsgType: type, ...Object.fromEntries(named) };
}
