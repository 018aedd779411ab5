import { z } from 'zod';
import type { SubscriptionMessageRequest, TemplateMessageRequest } from '../../api.ts';
import { ProxyError } from '../../errors.ts';
import type { AccessToken } from './access-token.ts';
import type { ApiClient } from './api-client.ts';

export interface TemplateMessageOptions {
  api: ApiClient;
  accessToken: AccessToken;
}

export interface SendOptions extends TemplateMessageOptions {
  /** Runs when all is ready, before WeChat gets the message. */
  onAsk: () => Promise<void>;
}

/** WeChat's number is larger than a double can hold: it stays text. */
const SendAnswer = z.object({ msgid: z.union([z.string(), z.number().transform(String)]).optional() });

/** No token was to be had, and so WeChat has not got the message. */
export class MessageUnsent extends Error {
  readonly reason: ProxyError;

  constructor(reason: ProxyError) {
    super(reason.message);
    this.reason = reason;
  }
}

/**
 * Sends a template message.
 * @param id by which WeChat tells, for ten minutes, that it has got the same message before
 * @returns WeChat's number
 * @throws {ProxyError} `wechat_refused`, `wechat_unavailable`
 * @throws {MessageUnsent}
 * @see https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage
 */
export async function sendTemplateMessage(
  options: SendOptions,
  id: string,
  { url, ...message }: TemplateMessageRequest,
): Promise<string | undefined> {
  return send(options, '/cgi-bin/message/template/send', { ...common(message), url, client_msg_id: id });
}

/**
 * Sends a message that its user has subscribed to. WeChat has nothing by which it would tell a repetition.
 * @returns WeChat's number, which not every answer bears
 * @throws {ProxyError} `wechat_refused`, `wechat_unavailable`
 * @throws {MessageUnsent}
 * @see https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg
 */
export async function sendSubscriptionMessage(
  options: SendOptions,
  { page, ...message }: SubscriptionMessageRequest,
): Promise<string | undefined> {
  // These have no colours.
  const data = Object.fromEntries(Object.entries(message.data).map(([key, { value }]) => [key, { value }]));
  return send(options, '/cgi-bin/message/subscribe/bizsend', { ...common({ ...message, data }), page });
}

function common({ openid, templateId, data, miniProgram }: Omit<TemplateMessageRequest, 'url'>): object {
  return {
    touser: openid,
    template_id: templateId,
    ...(miniProgram && { miniprogram: { appid: miniProgram.appId, pagepath: miniProgram.pagePath } }),
    data,
  };
}

async function send({ api, accessToken, onAsk }: SendOptions, path: string, body: object): Promise<string | undefined> {
  let refusal: unknown;
  const ask = async (token: string) => {
    await onAsk();
    return api({ method: 'POST', path, query: { access_token: token }, body }).catch((error) => {
      refusal = error;
      throw error;
    });
  };
  const answer = await accessToken.use(ask).catch((error) => {
    throw error instanceof ProxyError && error !== refusal ? new MessageUnsent(error) : error;
  });
  return SendAnswer.safeParse(answer).data?.msgid;
}
