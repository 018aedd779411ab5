/** A server in WeChat's place that takes messages, and answers as badly as a test wants it to. */
import { createServer, type ServerResponse } from 'node:http';
import { freePort } from './harness.ts';

/** A message that it was asked to send. */
export interface Sent {
  kind: 'template' | 'subscription';
  token: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into as the tests please.
  body: any;
}

/** An object is answered as JSON, text as it is, with its status where one is given; `lost` drops the connection. */
export type Answer = object | string | [status: number, text: string] | 'lost';

export interface MessageServer {
  readonly url: string;
  readonly sent: Sent[];
  /** How often it was asked for a token. */
  readonly tokens: number;
  /** Asked for the answer to each message. */
  answer: (sent: Sent) => Answer | Promise<Answer>;
  /** Asked for the answer to each call for a token. */
  answerToken: (count: number) => Answer;
  /** Nobody listens there any more, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
}

const PATHS: Record<string, Sent['kind']> = {
  '/cgi-bin/message/template/send': 'template',
  '/cgi-bin/message/subscribe/bizsend': 'subscription',
};

/** WeChat's number of a message: larger than a double can hold. */
let numbers = 2_400_190_687_012_345_679n;
export function nextMessageId(): string {
  numbers += 2n;
  return String(numbers);
}

/** An answer that says so, with the digits as they are. */
export const taken = (messageId: string) => `{"errcode":0,"errmsg":"ok","msgid":${messageId}}`;

export const refused = (errcode: number) => ({ errcode, errmsg: `refused rid: 65a1b2c3-${errcode}` });

export async function startMessageServer(t: { after(work: () => unknown): void }): Promise<MessageServer> {
  const sent: Sent[] = [];
  let tokens = 0;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://wechat');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const kind = PATHS[pathname];
    if (!kind) return write(response, await messages.answerToken(++tokens));
    const message = { kind, token: searchParams.get('access_token')!, body: JSON.parse(String(Buffer.concat(chunks))) };
    sent.push(message);
    write(response, await messages.answer(message));
  });
  const port = await freePort();
  const messages: MessageServer = {
    url: `http://127.0.0.1:${port}`,
    sent,
    get tokens() {
      return tokens;
    },
    answer: () => taken(nextMessageId()),
    answerToken: (count) => ({ access_token: `token-${count}`, expires_in: 7200 }),
    async down() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    async up() {
      if (!server.listening) await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
  };
  await messages.up();
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return messages;
}

function write(response: ServerResponse, answer: Answer): void {
  if (answer === 'lost') return void response.socket?.destroy();
  const [status, body] = Array.isArray(answer) ? answer : [200, answer];
  response.writeHead(status as number, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
