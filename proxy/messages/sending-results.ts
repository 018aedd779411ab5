/** What WeChat tells of template and subscription messages after it has taken them. */
import type { SentMessagesTable } from '../store/schema.ts';
import type { Message } from '../wechat/account/message-push.ts';
import { isXmlTree } from '../wechat/xml.ts';

export interface SendingResult {
  kind: SentMessagesTable['kind'];
  /** WeChat's number. */
  messageId: string;
  openid: string;
  /** Told of subscription messages only. */
  templateId: string | undefined;
  /** Undefined where the message has been delivered. */
  failure: { code: string; message: string } | undefined;
}

/** None where the message tells of something else. */
export function resultsOf(message: Message): SendingResult[] {
  if (message.type !== 'event') return [];
  switch (message.fields.Event) {
    case 'TEMPLATESENDJOBFINISH':
      return templateResult(message);
    case 'subscribe_msg_sent_event':
      return subscriptionResults(message);
    default:
      return [];
  }
}

/** https://developers.weixin.qq.com/doc/service/guide/product/template_message/Template_Message_Interface.html */
function templateResult({ openid, fields }: Message): SendingResult[] {
  const { MsgID: messageId, Status: status } = fields;
  if (typeof messageId !== 'string' || typeof status !== 'string') return [];
  const [, reason] = /^failed:?\s*(.*)$/.exec(status) ?? [];
  const failure = status === 'success' ? undefined : { code: reasonCode(reason ?? status), message: status };
  return [{ kind: 'template', messageId, openid, templateId: undefined, failure }];
}

/** https://developers.weixin.qq.com/doc/service/guide/product/subscription_messages/push.html */
function subscriptionResults({ openid, fields }: Message): SendingResult[] {
  const { SubscribeMsgSentEvent: sent } = fields;
  const list = isXmlTree(sent) ? sent.List : fields.List;
  return (Array.isArray(list) ? list : [list]).filter(isXmlTree).flatMap((entry): SendingResult[] => {
    const { TemplateId: templateId, MsgID: messageId, ErrorCode: code, ErrorStatus: status } = entry;
    if (typeof messageId !== 'string' || typeof code !== 'string') return [];
    const failure = code === '0' ? undefined : { code, message: typeof status === 'string' ? status : '' };
    const template = typeof templateId === 'string' ? templateId : undefined;
    return [{ kind: 'subscription', messageId, openid, templateId: template, failure }];
  });
}

/** `user block` → `user_block`; `failed` where none is given. */
function reasonCode(reason: string): string {
  return reason.toLowerCase().match(/\w+/g)?.join('_') ?? 'failed';
}
