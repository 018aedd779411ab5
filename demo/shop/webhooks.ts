import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';

/** An event from the proxy, as it was received. */
export interface ReceivedEvent {
  /** `webhook-id`: stays the same when the event is delivered again. */
  id: string;
  type: string;
  /** When it happened, RFC 3339. */
  timestamp: string;
  data: Record<string, unknown>;
}

export interface WebhookReceiver {
  /** Every event once, oldest first. */
  readonly events: ReceivedEvent[];
  /**
   * Checks the signature over the raw body and gives the event, or `undefined` where it had come before.
   * Throws `WebhookVerificationError` where the signature is wrong or too old.
   */
  receive(rawBody: string, headers: IncomingHttpHeaders): ReceivedEvent | undefined;
}

/** Receives events as https://www.standardwebhooks.com describes them. `secret` is of the form `whsec_…`. */
export function createWebhookReceiver(secret: string): WebhookReceiver {
  const webhook = new Webhook(secret);
  const seen = new Set<string>();
  const events: ReceivedEvent[] = [];

  return {
    events,
    receive(rawBody, headers) {
      const body = webhook.verify(rawBody, headers as Record<string, string>) as Omit<ReceivedEvent, 'id'>;
      const id = String(headers['webhook-id']);
      if (seen.has(id)) return undefined;
      seen.add(id);
      const event = { id, type: body.type, timestamp: body.timestamp, data: body.data };
      events.push(event);
      return event;
    },
  };
}
