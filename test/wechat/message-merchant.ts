import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type MessagePushSettings, startWechat, type Wechat } from '../../demo/wechat/start.ts';

interface Crypt {
  getSignature(timestamp: string, nonce: string, encrypt: string): string;
  decrypt(text: string): { message: string; id: string };
  encrypt(text: string): string;
}
// Another's implementation of WeChat's encryption: https://github.com/node-webot/wechat-crypto
const WXBizMsgCrypt = createRequire(import.meta.url)('wechat-crypto') as new (
  token: string,
  aesKey: string,
  appId: string,
) => Crypt;

/** One push as it came; `fields` are what stands in it, decrypted where it was encrypted. */
export interface ReceivedPush {
  method: string;
  query: Record<string, string>;
  contentType: string | undefined;
  body: string;
  fields: Record<string, string>;
}

/** A body, a status, or no answer at all. */
export type PushReply = string | number | null;

/** A merchant's address for messages: it checks each push as WeChat's documents say, and answers as it is told. */
export async function startMessageMerchant(wechat: Wechat) {
  const {
    WECHAT_APP_ID = '',
    WECHAT_MESSAGE_TOKEN: token = '',
    WECHAT_MESSAGE_AES_KEY: aesKey = '',
  } = wechat.environment;
  const crypt = new WXBizMsgCrypt(token, aesKey, WECHAT_APP_ID);
  const received: ReceivedPush[] = [];
  const merchant = {
    received,
    /** What it says to each push. */
    answer: (_push: ReceivedPush): PushReply => 'success',
    url: '',
    token,
    crypt,
    /** Where WeChat pushes to from now on. */
    listen(changes: Partial<MessagePushSettings> = {}): void {
      const settings = { url: merchant.url, token, aesKey, mode: 'safe', format: 'xml', ...changes } as const;
      wechat.control.set({ messagePush: settings });
    },
    /** The envelope of a reply in safe mode. */
    seal(reply: string, changes: Record<string, string> = {}): string {
      const Encrypt = crypt.encrypt(reply);
      const [TimeStamp, Nonce] = ['1713424427', '415670741'];
      const MsgSignature = crypt.getSignature(TimeStamp, Nonce, Encrypt);
      return xml({ Encrypt, MsgSignature, TimeStamp, Nonce, ...changes });
    },
    last: () => received.at(-1)!,
    stop(): void {
      server.closeAllConnections();
      server.close();
    },
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const query = Object.fromEntries(new URL(request.url ?? '', merchant.url).searchParams);
    const outer = fieldsOf(body);
    const fields = outer.Encrypt === undefined ? outer : fieldsOf(crypt.decrypt(outer.Encrypt).message);
    const push = { method: request.method ?? '', query, contentType: request.headers['content-type'], body, fields };
    received.push(push);
    const answer = merchant.answer(push);
    if (answer === null) return request.socket.destroy();
    if (typeof answer === 'number') response.writeHead(answer);
    response.end(typeof answer === 'number' ? '' : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  merchant.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/messages`;
  return merchant;
}

export type MessageMerchant = Awaited<ReturnType<typeof startMessageMerchant>>;

/** Of sorted and joined parts, as `signature` and `msg_signature` are. */
export function sha1Of(...parts: string[]): string {
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

export function xml(fields: Record<string, string | number>): string {
  const written = (value: string | number) =>
    typeof value === 'number' || value.startsWith('<') ? value : `<![CDATA[${value}]]>`;
  return `<xml>${Object.entries(fields)
    .map(([name, value]) => `<${name}>${written(value)}</${name}>`)
    .join('')}</xml>`;
}

/** The innermost elements, or the members of JSON, as texts. */
function fieldsOf(body: string): Record<string, string> {
  if (body.startsWith('{')) {
    const digits = body.replace(/:(\d+)/g, ':"$1"');
    return { ...JSON.parse(digits), ...JSON.parse(digits).List };
  }
  const elements = body.matchAll(/<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))<\/\1>/gs);
  return Object.fromEntries([...elements].map(([, name, text, bare]) => [name, text ?? bare ?? '']));
}

/** WeChat, a merchant that gets its messages, and two of its users. */
export async function startMessageWorld() {
  const wechat = await startWechat();
  const merchant = await startMessageMerchant(wechat);
  const [follower = '', stranger = ''] = wechat.control.users.map(({ openid }) => openid);
  const stop = async () => {
    merchant.stop();
    await wechat.stop();
  };
  return { wechat, merchant, follower, stranger, stop };
}
