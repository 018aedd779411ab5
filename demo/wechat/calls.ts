import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';

const KEPT = 1000;
const KEPT_BODY = 8192;

/** One call that WeChat received (`in`), or one notification that it sent (`out`). */
export interface Call {
  id: string;
  /** RFC 3339, UTC. */
  time: string;
  direction: 'in' | 'out';
  /** An HTTP method, or `BRIDGE` for what a page asks of the client; then `path` is the name of the function. */
  method: string;
  path: string;
  /** HTTP status of the answer; 0 where there was none. */
  status: number;
  verdict: 'ok' | 'refused';
  code?: string;
  message?: string;
  /** What had to be signed, with the lines as they are. */
  stringToSign?: string;
  requestHeaders: Record<string, string>;
  requestBody: string;
  responseBody: string;
  ms: number;
}

/** What is known of a call when it is over, with secrets still in it. */
export type CallRecord = Omit<Call, 'id' | 'time' | 'ms'> & { startedAt: number };

/** The list of calls, with secrets shortened; the oldest are forgotten. */
export class Calls {
  readonly list: Call[] = [];
  readonly #events = new EventEmitter().setMaxListeners(0);

  add({ startedAt, ...record }: CallRecord): void {
    const call: Call = {
      id: randomUUID(),
      time: new Date(startedAt).toISOString(),
      ...record,
      path: withoutSecrets(record.path),
      requestHeaders: Object.fromEntries(
        Object.entries(record.requestHeaders).map(([name, value]) => [name, withoutSecrets(value)]),
      ),
      requestBody: withoutSecrets(record.requestBody.slice(0, KEPT_BODY)),
      responseBody: withoutSecrets(record.responseBody.slice(0, KEPT_BODY)),
      ms: Date.now() - startedAt,
    };
    this.list.push(call);
    if (this.list.length > KEPT) this.list.shift();
    this.#events.emit('call', call);
  }

  /** Hands every further call over, until the returned function is called. */
  subscribe(listener: (call: Call) => void): () => void {
    this.#events.on('call', listener);
    return () => this.#events.off('call', listener);
  }
}

const SECRET_NAMES = 'access_token|refresh_token|ticket|secret|signature|paySign|verifySignature';
const IN_QUERY = new RegExp(`([?&](?:${SECRET_NAMES}|code|consent)=)([^&]+)`, 'g');
const IN_JSON = new RegExp(`("(?:${SECRET_NAMES})"\\s*:\\s*")([^"]+)`, 'g');
const IN_HEADER = /(signature=")([^"]+)/g;
const IN_XML = /(<sign>(?:<!\[CDATA\[)?)([0-9A-Za-z]+)/g;

/** Secrets keep their first characters, so that two can still be told apart. */
function withoutSecrets(text: string): string {
  const shortened = (_match: string, name: string, secret: string) => `${name}${secret.slice(0, 6)}…`;
  return text
    .replace(IN_QUERY, shortened)
    .replace(IN_JSON, shortened)
    .replace(IN_HEADER, shortened)
    .replace(IN_XML, shortened);
}
