import { ProxyError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { type Route, route } from './route.ts';

export interface OperationRoutesOptions {
  metrics: Metrics;
  /** Throws where the proxy should get no more requests. */
  assertReady: () => Promise<void>;
  verificationFiles: readonly { name: string; content: string }[];
}

export function operationRoutes({ metrics, assertReady, verificationFiles }: OperationRoutesOptions): Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      callers: ['anyone'],
      summary: 'The process lives.',
      answers: { 200: null },
      async handle() {
        return { status: 200, body: 'ok\n' };
      },
    }),
    route({
      method: 'GET',
      path: '/readyz',
      callers: ['anyone'],
      summary: 'The database answers and the proxy is not shutting down.',
      answers: { 200: null },
      errors: ['store_unavailable', 'draining'],
      async handle() {
        await assertReady();
        return { status: 200, body: 'ok\n' };
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      callers: ['merchant'],
      summary: 'Prometheus text.',
      answers: { 200: null },
      async handle() {
        const { registry } = metrics;
        return { status: 200, body: await registry.metrics(), headers: { 'content-type': registry.contentType } };
      },
    }),
    route({
      method: 'GET',
      path: '/MP_verify_:key.txt',
      callers: ['anyone'],
      summary: 'The file by which WeChat sees that this domain is the merchant’s.',
      answers: { 200: null },
      errors: ['not_found'],
      async handle({ params }) {
        const file = verificationFiles.find(({ name }) => name === `MP_verify_${params.key}.txt`);
        if (!file) throw new ProxyError('not_found');
        return { status: 200, body: file.content };
      },
    }),
  ];
}
