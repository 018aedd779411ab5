/** The description of the API, made from the routes themselves. */
import { z } from 'zod';
import { Problem } from '../api.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { ERROR_MEANINGS } from '../errors.zh-CN.ts';
import type { CallerKind, Route } from './route.ts';

const SECURITY: Record<CallerKind, object> = {
  merchant: { apiKey: [] },
  page: { session: [] },
  wechat: {},
  anyone: {},
};

const REFUSALS: Record<NonNullable<Route['refusal']>, string> = {
  problem: 'Problem',
  page: 'Problem',
  'wechat-pay': 'WechatPayRefusal',
  'wechat-pay-v2': 'WechatPayV2Refusal',
};

const WECHAT_PAY_REFUSAL = {
  type: 'object',
  properties: { code: { const: 'FAIL' }, message: { type: 'string' } },
  required: ['code', 'message'],
};

/** A binary file has no type. https://spec.openapis.org/oas/v3.1.0#considerations-for-file-uploads */
const UPLOAD = { type: 'object', properties: { file: {} }, required: ['file'] };

/** OpenAPI 3.1: its schemas are JSON Schema 2020-12, which is what Zod writes. */
export function openapi(routes: readonly Route[], serverUrl: string): object {
  const components = new Map<string, unknown>();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = openapiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, components) };
  }
  const problem = schemaOf(Problem, 'output', components);
  return {
    openapi: '3.1.0',
    info: { title: 'weixin-widgets proxy', version: '1', license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas: Object.fromEntries(components),
      responses: {
        Problem: { description: 'Refused.', content: { 'application/problem+json': { schema: problem } } },
        WechatPayRefusal: {
          description: 'Refused, as WeChat Pay wants to be told.',
          content: { 'application/json': { schema: WECHAT_PAY_REFUSAL } },
        },
        WechatPayV2Refusal: {
          description: 'Refused, as version 2 of WeChat Pay wants to be told.',
          content: { 'text/xml': { schema: { type: 'string' } } },
        },
      },
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'The merchant’s API key.' },
        session: { type: 'http', scheme: 'bearer', description: 'A payer’s session.' },
      },
    },
    'x-error-codes': Object.fromEntries(
      Object.entries(ERRORS).map(([code, [status, meaning, remedy]]) => [
        code,
        { status, meaning, remedy, 'zh-CN': ERROR_MEANINGS[code as ErrorCode] },
      ]),
    ),
  };
}

function operation(route: Route, components: Map<string, unknown>): object {
  const answers = Object.entries(route.answers).map(([status, answer]) => [
    status,
    {
      description: route.summary,
      ...(typeof answer === 'string' && { content: { [answer]: {} } }),
      ...(typeof answer === 'object' &&
        answer && { content: { 'application/json': { schema: schemaOf(answer, 'output', components) } } }),
    },
  ]);
  const refusal = { $ref: `#/components/responses/${REFUSALS[route.refusal ?? 'problem']}` };
  const statuses = new Set((route.errors ?? []).map((code) => ERRORS[code][0]));
  const refusals = [...statuses].map((status) => [String(status), refusal]);
  return {
    summary: route.summary,
    security: route.callers.map((caller) => SECURITY[caller]),
    parameters: [...pathParameters(route.path), ...queryParameters(route, components)],
    ...(route.body && { requestBody: { required: true, content: contentOf(route, components) } }),
    responses: { ...Object.fromEntries(answers), ...Object.fromEntries(refusals), default: refusal },
    'x-errors': (route.errors ?? []) satisfies readonly ErrorCode[],
  };
}

function contentOf({ body, json }: Route, components: Map<string, unknown>): object {
  if (body === 'bytes' || body === 'anything') return { '*/*': {} };
  const schema = schemaOf(body === 'upload' ? json! : body!, 'input', components);
  return { ...(body === 'upload' && { 'multipart/form-data': { schema: UPLOAD } }), 'application/json': { schema } };
}

/** Named schemas go to the components, once. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Map<string, unknown>): object {
  const { $defs, $schema, ...rest } = z.toJSONSchema(schema, { io, reused: 'inline' }) as Record<string, unknown>;
  const text = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/'));
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, unknown>)) {
    components.set(name, text(definition));
  }
  const id = schema.meta()?.id;
  if (typeof id !== 'string') return text(rest);
  if (!components.has(id)) components.set(id, text(rest));
  return { $ref: `#/components/schemas/${id}` };
}

function openapiPath(path: string): string {
  return path.replaceAll(/[:*](\w+)/g, '{$1}');
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/[:*](\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(route: Route, components: Map<string, unknown>): object[] {
  if (!route.query) return [];
  const schema = schemaOf(route.query, 'input', components) as { properties?: object; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }));
}
