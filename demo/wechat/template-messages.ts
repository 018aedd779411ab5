import type { AccountChat, TemplateCard } from './account-chat.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import type { Conversations } from './conversations.ts';
import type { Followers } from './followers.ts';
import { messageId } from './message-id.ts';
import { Quotas } from './quotas.ts';
import { readTemplateData } from './template-data.ts';
import type { Template, Templates } from './templates.ts';

type Body = Record<string, unknown>;

/** A message that was taken: `deliver` hands it over and tells the merchant how that went. */
export interface TakenMessage {
  msgid: bigint;
  deliver: () => Promise<unknown>;
}

interface World {
  chat: AccountChat;
  clock: Clock;
  conversations: Conversations;
  followers: Followers;
  knobs: () => Knobs;
  templates: Templates;
}

/** Seconds that a message is told from its repetition by its `client_msg_id`, and how long that may be. */
const REMEMBERED = 600;
const LONGEST_CLIENT_ID = 32;
/** The documents do not say which code a failed subscription message has. */
const FAILED = 10001;

/**
 * Template messages, which followers get, and subscription messages, which who has allowed them gets.
 * @see https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage.html
 * @see https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg.html
 */
export class TemplateMessages {
  readonly #world: World;
  readonly #quotas: Quotas;
  readonly #sent = new Map<string, { msgid: bigint; at: number }>();
  /** How many messages a user will still take, by openid and template. */
  readonly #allowed = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.#quotas = new Quotas(world.clock);
  }

  /** The user has agreed to so many messages of a subscription template, beside those agreed to before. */
  allow(openid: string, templateId: string, count: number): void {
    const { followers, templates } = this.#world;
    if (!templates.get(templateId, 'subscription'))
      throw new TypeError(`There is no subscription template ${templateId}.`);
    const key = `${followers.user(openid).openid} ${templateId}`;
    this.#allowed.set(key, (this.#allowed.get(key) ?? 0) + count);
  }

  /** How many messages of this template the user will still take. */
  allowance(openid: string, templateId: string): number {
    return this.#allowed.get(`${openid} ${templateId}`) ?? 0;
  }

  /** Nobody has allowed anything. */
  reset(): void {
    this.#allowed.clear();
  }

  /** @throws ApiRefusal */
  sendTemplate(body: Body): TakenMessage {
    const { followers, knobs } = this.#world;
    const { openid, template } = this.#address(body, 'template');
    const clientId = clientIdOf(body.client_msg_id);
    if (!followers.isFollowing(openid)) throw new ApiRefusal(43004);
    if (followers.tie(openid)?.isBlacklisted) throw new ApiRefusal(43019);
    const known = clientId && this.#sent.get(`${openid} ${clientId}`);
    if (known && this.#world.clock.seconds() - known.at < REMEMBERED)
      return { msgid: known.msgid, deliver: async () => {} };
    const card = this.#card(template, body, addressOf(body.url));
    this.#quotas.spend('template/send', knobs().templatesADay, 'day');
    const msgid = BigInt(card.messageId);
    if (clientId) this.#sent.set(`${openid} ${clientId}`, { msgid, at: this.#world.clock.seconds() });
    return { msgid, deliver: () => this.#deliver(openid, card, 'template') };
  }

  /** @throws ApiRefusal */
  sendSubscription(body: Body): TakenMessage {
    const { openid, template } = this.#address(body, 'subscription');
    const card = this.#card(template, body, addressOf(body.page));
    const left = this.allowance(openid, template.id);
    if (left < 1) throw new ApiRefusal(43101);
    this.#quotas.spend('subscribe/bizsend', this.#world.knobs().templatesADay, 'day');
    this.#allowed.set(`${openid} ${template.id}`, left - 1);
    return { msgid: BigInt(card.messageId), deliver: () => this.#deliver(openid, card, 'subscription') };
  }

  /** @throws ApiRefusal 40003, 40037 */
  #address({ touser, template_id: id }: Body, kind: Template['kind']): { openid: string; template: Template } {
    if (typeof touser !== 'string' || !this.#world.followers.tie(touser)) throw new ApiRefusal(40003);
    const template = this.#world.templates.get(id, kind);
    if (!template) throw new ApiRefusal(40037);
    return { openid: touser, template };
  }

  #card(template: Template, { data, miniprogram }: Body, url: string | undefined): TemplateCard {
    return {
      messageId: String(messageId(this.#world.clock.seconds())),
      templateId: template.id,
      title: template.title,
      rows: readTemplateData(template, data),
      url,
      miniProgram: miniProgramOf(miniprogram),
    };
  }

  async #deliver(openid: string, card: TemplateCard, kind: Template['kind']): Promise<void> {
    const { chat, conversations, knobs } = this.#world;
    const delivery = knobs().templateDelivery;
    if (!delivery.startsWith('failed')) chat.add(openid, { from: 'account', kind, ...card });
    if (delivery === 'none') return;
    const event = kind === 'template' ? jobFinished(card, delivery) : subscriptionSent(card, delivery);
    await conversations.event(openid, event);
  }
}

function jobFinished({ messageId: id }: TemplateCard, status: string) {
  return { Event: 'TEMPLATESENDJOBFINISH', MsgID: BigInt(id), Status: status };
}

/** @see https://developers.weixin.qq.com/doc/service/guide/product/subscription_messages/push.html */
function subscriptionSent({ messageId: id, templateId }: TemplateCard, status: string) {
  const ErrorCode = status === 'success' ? 0 : FAILED;
  const ErrorStatus = status.replace(/^failed: ?/, '');
  return {
    Event: 'subscribe_msg_sent_event',
    SubscribeMsgSentEvent: { List: { TemplateId: templateId, MsgID: BigInt(id), ErrorCode, ErrorStatus } },
  };
}

/** The documents do not say how WeChat refuses a longer one: this is its code for arguments that are wrong. */
function clientIdOf(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string' || [...value].length > LONGEST_CLIENT_ID) throw new ApiRefusal(40097);
  return value;
}

function addressOf(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string' || !URL.canParse(value)) throw new ApiRefusal(40048);
  return value;
}

function miniProgramOf(value: unknown): TemplateCard['miniProgram'] {
  if (value === undefined) return undefined;
  const { appid, pagepath = '' } = (value ?? {}) as Body;
  if (typeof appid !== 'string' || !/^wx[0-9a-f]{16}$/.test(appid)) throw new ApiRefusal(40013);
  if (typeof pagepath !== 'string') throw new ApiRefusal(40165);
  return { appId: appid, pagePath: pagepath };
}
