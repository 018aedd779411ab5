import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Wechat } from '../../demo/wechat/start.ts';

export interface MessageMerchant {
  stop(): void;
}

type Push = Record<'ToUserName' | 'FromUserName' | 'MsgType', string> & Partial<Record<'Content' | 'Event', string>>;

/** What the account answers: by what was said to it, or by the event. */
export type Replies = Record<string, object | 'out of order'>;

/** A merchant's server for messages, plain and in JSON, set as the account's server address. */
export async function startMessageMerchant(wechat: Wechat, replies: Replies): Promise<MessageMerchant> {
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.end(new URL(request.url!, 'http://merchant.invalid').searchParams.get('echostr'));
      return;
    }
    const { ToUserName, FromUserName, Content, Event } = (await json(request)) as Push;
    const reply = replies[Content ?? Event ?? ''];
    if (reply === 'out of order') response.writeHead(500).end();
    else if (!reply) response.end('success');
    else {
      const envelope = { ToUserName: FromUserName, FromUserName: ToUserName, CreateTime: seconds(wechat) };
      response.end(JSON.stringify({ ...envelope, ...reply }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const token = wechat.environment.WECHAT_MESSAGE_TOKEN!;
  wechat.control.set({ messagePush: { url, token, aesKey: null, mode: 'plain', format: 'json' } });
  return {
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function seconds(wechat: Wechat): number {
  return Math.floor(wechat.control.now() / 1000);
}
