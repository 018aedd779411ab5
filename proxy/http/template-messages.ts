import { AcceptedMessage, SubscriptionMessageRequest, TemplateMessageRequest } from '../api.ts';
import type { TemplateMessages } from '../messages/template-messages.ts';
import { type Route, route } from './route.ts';

export function templateMessageRoutes({ templateMessages }: { templateMessages: TemplateMessages }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/template-messages',
      callers: ['merchant'],
      summary:
        'Send a template message to a follower. `template.delivered` or `template.failed` tells what became of it.',
      body: TemplateMessageRequest,
      answers: { 202: AcceptedMessage },
      async handle({ body: request }) {
        return { status: 202, body: await templateMessages.send({ kind: 'template', request }) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/subscription-messages',
      callers: ['merchant'],
      summary:
        'Send a message that its user has subscribed to. `template.delivered` or `template.failed` tells what became of it.',
      body: SubscriptionMessageRequest,
      answers: { 202: AcceptedMessage },
      async handle({ body: request }) {
        return { status: 202, body: await templateMessages.send({ kind: 'subscription', request }) };
      },
    }),
  ];
}
