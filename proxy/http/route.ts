import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { ErrorCode } from '../errors.ts';

/**
 * Who may call a route.
 * - `page`: a page of an allowed origin; where `session` is set, with a payer's session
 * - `merchant`: the merchant's server, with an API key
 * - `wechat`: WeChat, which proves itself by signing the body, or a browser that WeChat has sent
 * - `anyone`: whoever reaches the proxy
 */
export type CallerKind = 'page' | 'merchant' | 'wechat' | 'anyone';

/** Who is calling, proved. */
export type Caller = { kind: 'merchant' } | { kind: 'page'; openid?: string } | { kind: 'anyone' };

export interface Request<Query = unknown, Body = unknown> {
  caller: Caller;
  params: Record<string, string>;
  query: Query;
  body: Body;
  headers: IncomingHttpHeaders;
  /** The caller's IP address. */
  address: string;
  /** The bytes as they came, for routes that take `bytes`. */
  bytes: Buffer;
  /** The request itself, for routes that take an `upload`. */
  incoming: IncomingMessage;
}

export interface Answer {
  status: number;
  /** Sent as JSON where it is an object; as it is where it is text, bytes or a stream of them. */
  body?: object | string | Buffer | Readable;
  headers?: Record<string, string>;
}

/** One address and method: all that the app, the documentation and the tests need to know of it. */
export interface Route<Query extends z.ZodType = z.ZodType, Body extends z.ZodType = z.ZodType> {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  callers: readonly CallerKind[];
  summary: string;
  query?: Query;
  /**
   * A schema: JSON of that shape. `bytes`: whatever comes, unread, to be proved first. `upload`: a form with one file,
   * `file`, or JSON of the shape `json`, which the route reads itself. `anything`: of any size, which it passes on.
   */
  body?: Body | 'bytes' | 'upload' | 'anything';
  json?: z.ZodType;
  /** Pages ask for many at once: never turned away for it. */
  isUnlimited?: true;
  /** What is answered, by status: JSON of a shape, or bytes of a media type. Null: something else, or nothing. */
  answers: Record<number, z.ZodType | string | null>;
  /** The codes that only this route refuses with; those of authentication, validation and so on go without saying. */
  errors?: readonly ErrorCode[];
  /** How a refusal is written: as a problem (RFC 9457), as WeChat Pay wants it, or as a page where a browser asks. */
  refusal?: 'problem' | 'wechat-pay' | 'wechat-pay-v2' | 'page';
  handle(request: Request<z.infer<Query>, z.infer<Body>>): Promise<Answer>;
}

/** Ties the handler's types to the schemas. */
export function route<Query extends z.ZodType = z.ZodUndefined, Body extends z.ZodType = z.ZodUndefined>(
  definition: Route<Query, Body>,
): Route {
  return definition as unknown as Route;
}
