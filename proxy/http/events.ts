import { z } from 'zod';
import { Event, EventList, EventType } from '../api.ts';
import type { Events } from '../outbox/events.ts';
import { type Route, route } from './route.ts';

const EventFilter = z.strictObject({ type: EventType.optional(), cursor: z.string().max(256).optional() });

export function eventRoutes({ events }: { events: Events }): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/events',
      callers: ['merchant'],
      summary: 'List events, the newest first, with the state of their delivery.',
      query: EventFilter,
      answers: { 200: EventList },
      async handle({ query }) {
        return { status: 200, body: await events.list(query) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/events/:id/redeliver',
      callers: ['merchant'],
      summary: 'Deliver an event once more, under the same id.',
      answers: { 202: Event },
      errors: ['event_not_found', 'webhook_not_configured'],
      async handle({ params }) {
        return { status: 202, body: await events.redeliver(params.id!) };
      },
    }),
  ];
}
