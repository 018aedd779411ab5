/** Messages and events of the account's users: what is believed, what the merchant's server learns, and what users get. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { eventually, freePort, type Harness, startHarness, times, WEBHOOK_SECRET } from './harness.ts';
import { startProcess } from './process.ts';
import {
  type Format,
  type Letter,
  type LetterOptions,
  now,
  type PushKeys,
  seal,
  secondImplementation,
  type WritableFields,
  writeBody,
  writeLetter,
} from './pushed-message.ts';
import { startSecond } from './second-proxy.ts';

const require = createRequire(import.meta.url);
// A strict parser of other people's; its own types do not resolve under NodeNext.
const xml2js = createRequire(require.resolve('tenpay'))('xml2js');

const PATH = '/wechat/messages';
const ACCOUNT = 'gh_97417a04a28d';
/** Of WeChat's examples. */
const TOKEN = 'AAAAA';

type Handler = (response: ServerResponse, request: IncomingMessage) => void;
interface Received {
  id: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: events are looked into as the tests please.
  data: any;
  headers: IncomingMessage['headers'];
  body: string;
}

/** The merchant's server. What it answers is set for each user; otherwise nothing. */
async function startMerchant(t: { after(work: () => unknown): void }, port = 0) {
  const received: Received[] = [];
  const handlers = new Map<string, Handler>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { type, data } = JSON.parse(body);
    received.push({ id: String(request.headers['webhook-id']), type, data, headers: request.headers, body });
    const handler = handlers.get(data.openid);
    if (handler) handler(response, request);
    else response.end();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    received,
    of: (openid: string) => received.filter(({ data }) => data.openid === openid),
    answer: (openid: string, handler: Handler) => handlers.set(openid, handler),
    reply: (openid: string, reply: unknown) =>
      handlers.set(openid, (response) => response.end(JSON.stringify({ reply }))),
  };
}

type Merchant = Awaited<ReturnType<typeof startMerchant>>;

let messageNumber = 24_632_180_349_211_000n;

function someone(): string {
  return `o${randomBytes(14).toString('hex').slice(1)}`;
}

function text(openid: string, content = '你好'): WritableFields {
  const MsgId = ++messageNumber;
  return {
    ToUserName: ACCOUNT,
    FromUserName: openid,
    CreateTime: now(),
    MsgType: 'text',
    Content: content,
    MsgId,
  };
}

function event(openid: string, fields: WritableFields): WritableFields {
  return { ToUserName: ACCOUNT, FromUserName: openid, CreateTime: now(), MsgType: 'event', ...fields };
}

interface Answer {
  status: number;
  type: string;
  text: string;
}

async function post(
  { url }: { url: string },
  { query, body }: { query: Letter['query']; body: string | Buffer },
  headers = {},
): Promise<Answer> {
  const response = await fetch(`${url}${PATH}?${new URLSearchParams(query)}`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, text: await response.text() };
}

function assertNoReply({ status, type, text }: Answer, name?: string): void {
  assert.deepEqual([status, type, text], [200, 'text/plain; charset=utf-8', 'success'], name);
}

interface Known {
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: events are looked into as the tests please.
  data: any;
  /** Null where nobody wants it. */
  status: string | null;
  attempts: number | null;
}

/** Every event of a user, delivered or not, as the store has it: this is asked often. */
function eventsOf(proxy: Harness, openid: string): Known[] {
  return withDatabase(proxy, (db) =>
    db
      .prepare('select type, dataJson, status, attempts from events left join outbox on eventId = id')
      .all()
      .map((row): Known => ({ ...(row as unknown as Known), data: JSON.parse(String(row.dataJson)) }))
      .filter(({ data }) => data.openid === openid),
  );
}

function withDatabase<T>({ environment }: Harness, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(environment.DATABASE_URL!.slice('file:'.length));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

function keysOf({ wechat }: Harness): PushKeys {
  return { token: TOKEN, aesKey: wechat.environment.WECHAT_MESSAGE_AES_KEY!, appId: wechat.environment.WECHAT_APP_ID! };
}

/** On one store: `plain` and its `twin` know no key, `safe` does. */
let plain: Harness;
let twin: Harness;
let safe: Harness;
let merchant: Merchant;
let keys: PushKeys;
const cleaning: (() => unknown)[] = [];
const file = { after: (work: () => unknown) => cleaning.push(work) };

before(async () => {
  merchant = await startMerchant(file);
  plain = await startHarness(file, {
    environment: {
      ...{ WEBHOOK_URL: merchant.url, WEBHOOK_SECRET },
      ...{ WECHAT_MESSAGE_TOKEN: TOKEN, WECHAT_MESSAGE_AES_KEY: '' },
    },
  });
  keys = keysOf(plain);
  twin = await startSecond(file, plain);
  safe = await startSecond(file, plain, { environment: { WECHAT_MESSAGE_AES_KEY: keys.aesKey } });
});

after(async () => {
  for (const work of cleaning.reverse()) await work();
});

const MODES = [
  { mode: 'plain', format: 'xml' },
  { mode: 'plain', format: 'json' },
  { mode: 'compatible', format: 'xml' },
  { mode: 'compatible', format: 'json' },
  { mode: 'safe', format: 'xml' },
  { mode: 'safe', format: 'json' },
] as const;

function proxyFor({ mode }: LetterOptions): Harness {
  return mode === 'plain' ? plain : safe;
}

/** One push in one of WeChat's forms, to the proxy that is set up for it. */
function push(fields: WritableFields, options: LetterOptions = {}): Promise<Answer> {
  return post(proxyFor({ mode: 'plain', ...options }), writeLetter(keys, fields, options));
}

describe('the address', () => {
  // https://developers.weixin.qq.com/doc/service/guide/dev/push/
  const vector = {
    signature: 'f464b24fc39322e44b38aa78f5edd27bd1441696',
    timestamp: '1714036504',
    nonce: '1514711492',
    echostr: '4375120948345356249',
  };
  const get = ({ url }: { url: string }, query: string) => fetch(`${url}${PATH}?${query}`);

  it('sends back what WeChat asks when it is set, whatever the mode', async () => {
    for (const proxy of [plain, safe]) {
      const answer = await get(proxy, `${new URLSearchParams(vector)}`);
      assert.deepEqual([answer.status, await answer.text()], [200, vector.echostr]);
      assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
    }
  });

  it('sends back nothing to anybody else', async () => {
    const { signature, ...unsigned } = vector;
    const forged: Record<string, Record<string, string>> = {
      unsigned,
      'another token’s': { ...vector, signature: '899cf89e464efb63f54ddac96b0a0a235f53aa78' },
      'in capitals': { ...vector, signature: signature.toUpperCase() },
      'another time’s': { ...vector, timestamp: '1714036505' },
      'without a nonce': { ...vector, nonce: '' },
      empty: {},
    };
    for (const [name, query] of Object.entries(forged)) {
      const answer = await get(plain, `${new URLSearchParams(query)}`);
      const { code } = (await answer.json()) as { code: string };
      assert.deepEqual([answer.status, code], [401, 'invalid_signature'], name);
    }
    assert.equal((await get(plain, `${new URLSearchParams(vector)}&signature=x`)).status, 400);
  });

  it('is none where the token is not set', async (t) => {
    const without = await startSecond(t, plain, { environment: { WECHAT_MESSAGE_TOKEN: '' } });
    const asked = await get(without, `${new URLSearchParams(vector)}`);
    const sent = await post(without, writeLetter(keys, text(someone())));
    assert.deepEqual([asked.status, sent.status], [404, 404]);
    assert.equal(JSON.parse(sent.text).code, 'messages_not_configured');
  });
});

describe('a push that is refused', () => {
  const letter = (options: LetterOptions = {}) => writeLetter(keys, text(someone()), options);
  const signed = (body: string | Buffer) => ({ ...letter(), body });
  const sealed = (plain: string, format: Format = 'xml') => {
    const { encrypted, query } = seal(keys, plain);
    return { query, body: writeBody({ Encrypt: encrypted }, format) };
  };
  const without = ({ query, body }: Letter, name: string) => {
    const { [name]: _, ...others } = query;
    return { query: others, body };
  };
  const by = (change: Partial<PushKeys>, options: LetterOptions = {}) =>
    writeLetter({ ...keys, ...change }, text(someone()), options);
  const laughs = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>';
  const nested = (depth: number) => `<xml>${'<a>'.repeat(depth)}1${'</a>'.repeat(depth)}</xml>`;

  type Case = { query: Letter['query']; body: string | Buffer };
  const refusals: Record<string, Record<string, () => [Case, to: Harness]>> = {
    invalid_signature: {
      'with another token’s signature': () => [by({ token: 'AAAAB' }), plain],
      'without a signature': () => [without(letter(), 'signature'), plain],
      'without a timestamp': () => [without(letter(), 'timestamp'), plain],
      'without a nonce': () => [without(letter(), 'nonce'), plain],
      'with another token’s signature, encrypted': () => [by({ token: 'AAAAB' }, { mode: 'safe' }), safe],
      'encrypted, signed as if it were not': () => [without(letter({ mode: 'safe' }), 'msg_signature'), safe],
      'with another ciphertext': () => [{ ...letter({ mode: 'safe' }), body: letter({ mode: 'safe' }).body }, safe],
      'not encrypted, though a key is set': () => [letter(), safe],
      'in compatible mode, as if it were not encrypted': () => {
        return [without(letter({ mode: 'compatible' }), 'encrypt_type'), safe];
      },
      'encrypted the raw way, though a key is set': () => {
        const { query, body } = letter({ mode: 'compatible' });
        return [{ query: { ...query, encrypt_type: 'raw' }, body }, safe];
      },
    },
    notification_expired: {
      'six minutes old': () => [letter({ seconds: now() - 360 }), plain],
      'six minutes ahead': () => [letter({ seconds: now() + 360 }), plain],
      'six minutes old, encrypted': () => [letter({ seconds: now() - 360, mode: 'safe' }), safe],
    },
    decryption_failed: {
      'encrypted with another key': () => [by({ aesKey: 'A'.repeat(43) }, { mode: 'safe' }), safe],
      'encrypted, though no key is set': () => [letter({ mode: 'safe' }), plain],
    },
    merchant_mismatch: {
      'for another account': () => [by({ appId: 'wxba5fad812f8e6fb9' }, { mode: 'safe' }), safe],
    },
    malformed_notification: {
      'encrypted in an unknown way': () => {
        const { query, body } = letter({ mode: 'safe' });
        return [{ query: { ...query, encrypt_type: 'rot13' }, body }, safe];
      },
      'without its ciphertext': () => [{ ...letter({ mode: 'safe' }), body: letter().body }, safe],
      empty: () => [signed(''), plain],
      'of neither kind': () => [signed('ToUserName=gh_1'), plain],
      'a list': () => [signed('[]'), plain],
      'JSON that ends too soon': () => [signed('{"ToUserName":'), plain],
      'from nobody': () => [signed(writeBody({ ...text(''), FromUserName: '' }, 'json')), plain],
      'from two': () => [signed('<xml><FromUserName>a</FromUserName><FromUserName>b</FromUserName></xml>'), plain],
      'from an object': () => [signed(writeBody({ ...text(''), FromUserName: { a: 'b' } }, 'json')), plain],
      'of no type': () => [signed(writeBody({ ...text(someone()), MsgType: undefined }, 'xml')), plain],
      'of no time': () => [signed(writeBody({ ...text(someone()), CreateTime: 'now' }, 'json')), plain],
      'with a document type': () => [signed(`<!DOCTYPE xml>${letter().body}`), plain],
      'with a million laughs': () => [signed(laughs + letter().body.replace('你好', ']]>&c;<![CDATA[')), plain],
      'with a million laughs inside': () => [sealed(`${laughs}<xml><a>&c;</a></xml>`), safe],
      'that stands deep': () => [signed(nested(5_000)), plain],
      'that stands deep inside': () => [sealed(nested(5_000), 'json'), safe],
      'that stands deep in JSON': () => [signed(`{"a":${'['.repeat(40_000)}${']'.repeat(40_000)}}`), plain],
      'that is not UTF-8': () => [signed(Buffer.from(letter().body, 'utf16le')), plain],
      'of 65 KiB of XML': () => [signed(writeBody(text(someone(), 'x'.repeat(65 * 1024)), 'xml')), plain],
    },
    body_too_large: {
      'of 129 KiB': () => [signed(writeBody(text(someone(), 'x'.repeat(129 * 1024)), 'json')), plain],
    },
  };
  for (const [code, cases] of Object.entries(refusals)) {
    for (const [name, make] of Object.entries(cases)) {
      it(`${name}: ${code}`, async () => {
        const before = merchant.received.length;
        const [{ query, body }, proxy] = make();
        const answer = await post(proxy, { query, body });
        assert.equal(JSON.parse(answer.text).code, code);
        assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
        assert.equal(merchant.received.length, before, 'the merchant learns nothing');
      });
    }
  }

  it('compressed: unsupported_media_type', async () => {
    const { query, body } = letter();
    const bomb = gzipSync(body + ' '.repeat(10_000_000));
    assert.equal((await post(plain, { query, body: bomb }, { 'content-encoding': 'gzip' })).status, 415);
  });

  it('leaves the proxy as it was', async () => {
    assertNoReply(await push(text(someone())));
    assertNoReply(await push(text(someone()), { mode: 'safe' }));
  });
});

describe('the merchant learns', () => {
  /** WeChat's fields, and what becomes of them. https://developers.weixin.qq.com/doc/service/guide/product/message/ */
  const messages: Record<string, [fields: WritableFields, data: object]> = {
    text: [
      { Content: '你好 😀 ]]> <&', MsgDataId: 1, Idx: 2 },
      { content: '你好 😀 ]]> <&', msgDataId: '1', idx: '2' },
    ],
    image: [
      { PicUrl: 'http://mmbiz.qpic.cn/a/0', MediaId: 'm-1_A' },
      { picUrl: 'http://mmbiz.qpic.cn/a/0', mediaId: 'm-1_A' },
    ],
    voice: [
      { MediaId: 'm', Format: 'amr', MediaId16K: 'm16' },
      { mediaId: 'm', format: 'amr', mediaId16K: 'm16' },
    ],
    video: [
      { MediaId: 'm', ThumbMediaId: 't' },
      { mediaId: 'm', thumbMediaId: 't' },
    ],
    shortvideo: [
      { MediaId: 'm', ThumbMediaId: 't' },
      { mediaId: 'm', thumbMediaId: 't' },
    ],
    location: [
      { Location_X: '23.134000', Location_Y: 113.358803, Scale: 20, Label: '位置' },
      { locationX: '23.134000', locationY: '113.358803', scale: '20', label: '位置' },
    ],
    link: [
      { Title: '标题', Description: '', Url: 'https://a.example/?a=1&b=2' },
      { title: '标题', description: '', url: 'https://a.example/?a=1&b=2' },
    ],
  };
  for (const [type, [fields, data]] of Object.entries(messages)) {
    it(`of ${type}, in XML and in JSON, encrypted and not`, async () => {
      for (const options of MODES) {
        const openid = someone();
        const message: WritableFields = { ...text(openid), Content: undefined, MsgType: type, ...fields };
        assertNoReply(await push(message, options));
        const [received, ...others] = merchant.of(openid);
        assert.deepEqual(others, []);
        assert.equal(received!.type, 'message.received');
        const createdAt = new Date(Number(message.CreateTime) * 1_000).toISOString();
        const common = { openid, account: ACCOUNT, type, createdAt, messageId: String(message.MsgId) };
        assert.deepEqual(received!.data, { ...common, ...data });
      }
    });
  }

  const events: Record<string, [fields: WritableFields, data: object]> = {
    'a new follower': [
      { Event: 'subscribe', EventKey: '' },
      { event: 'subscribe', eventKey: '' },
    ],
    'one that is gone': [
      { Event: 'unsubscribe', EventKey: '' },
      { event: 'unsubscribe', eventKey: '' },
    ],
    'a menu': [
      { Event: 'VIEW', EventKey: 'https://a.example/?a=1&b=2', MenuId: 435706519n },
      { event: 'VIEW', eventKey: 'https://a.example/?a=1&b=2', menuId: '435706519' },
    ],
    'a place': [
      { Event: 'LOCATION', Latitude: 23.13704, Longitude: '113.352425', Precision: '119.385040' },
      { event: 'LOCATION', latitude: '23.13704', longitude: '113.352425', precision: '119.385040' },
    ],
    'something scanned from the menu': [
      { Event: 'scancode_push', EventKey: '6', ScanCodeInfo: { ScanType: 'qrcode', ScanResult: '1' } },
      { event: 'scancode_push', eventKey: '6', scanCodeInfo: { scanType: 'qrcode', scanResult: '1' } },
    ],
    'two pictures from the menu': [
      {
        Event: 'pic_sysphoto',
        EventKey: '6',
        SendPicsInfo: { Count: 2, PicList: { item: [{ PicMd5Sum: 'a' }, { PicMd5Sum: 'b' }] } },
      },
      {
        event: 'pic_sysphoto',
        eventKey: '6',
        sendPicsInfo: { count: '2', picList: { item: [{ picMd5Sum: 'a' }, { picMd5Sum: 'b' }] } },
      },
    ],
  };
  for (const [name, [fields, data]] of Object.entries(events)) {
    it(`of ${name}`, async () => {
      for (const format of ['xml', 'json'] as const) {
        const openid = someone();
        const message = event(openid, fields);
        assertNoReply(await push(message, { format, mode: 'safe' }));
        const [received] = merchant.of(openid);
        assert.equal(received!.type, 'message.received');
        const { createdAt: _, ...rest } = received!.data;
        assert.deepEqual(rest, { openid, account: ACCOUNT, type: 'event', ...data });
      }
    });
  }

  it('of it signed, as of all events', async () => {
    const openid = someone();
    await push(text(openid, '签名'));
    const [{ headers, body }] = merchant.of(openid) as [Received];
    const payload = new Webhook(WEBHOOK_SECRET).verify(body, headers as Record<string, string>);
    assert.equal((payload as Received).data.content, '签名');
  });

  it('numbers of messages beyond 2^53 as they are: two that differ in the last digit are two messages', async () => {
    for (const options of MODES) {
      const openid = someone();
      const ids = ['9223372036854775806', '9223372036854775807'];
      for (const MsgId of ids) assertNoReply(await push({ ...text(openid), MsgId: BigInt(MsgId) }, options));
      const learnt = merchant.of(openid).map(({ data }) => data.messageId);
      assert.deepEqual(learnt, ids, JSON.stringify(options));
    }
  });

  it('of scanned codes: by followers, and by those who become it', async () => {
    const Ticket = 'gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9x';
    const scans: [WritableFields, object][] = [
      [
        { Event: 'SCAN', EventKey: 'table-7' },
        { scene: 'table-7', subscribed: false },
      ],
      [
        { Event: 'SCAN', EventKey: 100000 },
        { scene: '100000', subscribed: false },
      ],
      [
        { Event: 'subscribe', EventKey: 'qrscene_123' },
        { scene: '123', subscribed: true },
      ],
      [
        { Event: 'subscribe', EventKey: 'qrscene_qrscene_桌' },
        { scene: 'qrscene_桌', subscribed: true },
      ],
    ];
    for (const [fields, data] of scans) {
      for (const options of MODES) {
        const openid = someone();
        const message = event(openid, { ...fields, Ticket });
        merchant.reply(openid, { type: 'text', content: '欢迎' });
        const { Content } = await readReply(await push(message, options), options);
        assert.equal(Content, '欢迎');
        const [received] = merchant.of(openid);
        const createdAt = new Date(Number(message.CreateTime) * 1_000).toISOString();
        assert.equal(received!.type, 'code.scanned');
        assert.deepEqual(received!.data, { openid, account: ACCOUNT, ticket: Ticket, createdAt, ...data });
      }
    }
  });
});

/** The user's side of an answer: decrypted where it has to be, and by another implementation. */
async function readReply({ status, type, text }: Answer, { format, mode }: LetterOptions) {
  assert.equal(status, 200);
  assert.equal(type, format === 'json' ? 'application/json; charset=utf-8' : 'text/xml; charset=utf-8');
  const outer = parse(text, format);
  if (mode === 'plain') return outer;
  const { Encrypt, MsgSignature, TimeStamp, Nonce, ...others } = outer;
  assert.deepEqual(others, {});
  const second = secondImplementation(keys);
  assert.equal(MsgSignature, second.getSignature(String(TimeStamp), Nonce, Encrypt));
  const { message, id } = second.decrypt(Encrypt);
  assert.equal(id, keys.appId);
  return parse(message, format);
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into as the tests please.
function parse(document: string, format: Format | undefined): any {
  if (format === 'json') return JSON.parse(document);
  let result: { xml?: object } = {};
  xml2js.parseString(document, { explicitArray: false, async: false }, (error: Error | null, parsed: object) => {
    if (error) throw error;
    result = parsed;
  });
  return result.xml;
}

describe('the merchant’s reply', () => {
  const url = 'https://shop.example.com/?a=1&b=2#]]>';
  const article = { title: '山茶 <花>', url };
  const replies: Record<string, [reply: object, fields: (format: Format) => object]> = {
    text: [
      { type: 'text', content: ' 好的 😀 ]]> <&>\n"\' ' },
      () => ({ MsgType: 'text', Content: ' 好的 😀 ]]> <&>\n"\' ' }),
    ],
    image: [{ type: 'image', mediaId: 'm-1_A' }, () => ({ MsgType: 'image', Image: { MediaId: 'm-1_A' } })],
    'one article': [
      { type: 'news', articles: [article] },
      (format) => {
        const item = { Title: article.title, Description: '', PicUrl: '', Url: url };
        // In XML, one is no list.
        return { MsgType: 'news', ArticleCount: '1', Articles: { item: format === 'json' ? [item] : item } };
      },
    ],
    'eight articles': [
      {
        type: 'news',
        articles: times(8, (at) => ({ ...article, description: `${at}`, picUrl: `https://a.example/${at}` })),
      },
      () => {
        const item = times(8, (at) => {
          return { Title: article.title, Description: `${at}`, PicUrl: `https://a.example/${at}`, Url: url };
        });
        return { MsgType: 'news', ArticleCount: '8', Articles: { item } };
      },
    ],
    'customer service': [{ type: 'transfer_customer_service' }, () => ({ MsgType: 'transfer_customer_service' })],
    'one of customer service': [
      { type: 'transfer_customer_service', kfAccount: '小王@shop' },
      () => ({ MsgType: 'transfer_customer_service', TransInfo: { KfAccount: '小王@shop' } }),
    ],
  };
  for (const [name, [reply, fields]] of Object.entries(replies)) {
    it(`reaches the user: ${name}`, async () => {
      for (const options of MODES) {
        const openid = someone();
        merchant.reply(openid, reply);
        const answer = await readReply(await push(text(openid), options), options);
        const { ToUserName, FromUserName, CreateTime, ...rest } = answer;
        assert.deepEqual([ToUserName, FromUserName], [openid, ACCOUNT]);
        assert.ok(Math.abs(Number(CreateTime) - now()) < 30, `${CreateTime} are seconds`);
        if (rest.ArticleCount) rest.ArticleCount = String(rest.ArticleCount);
        assert.deepEqual(rest, fields(options.format), JSON.stringify(options));
      }
    });
  }

  it('is of what XML allows', async () => {
    const openid = someone();
    merchant.reply(openid, { type: 'transfer_customer_service', kfAccount: 'a\u0002b' });
    assert.equal((await readReply(await push(text(openid)), { mode: 'plain' })).TransInfo.KfAccount, 'ab');
  });

  const nine = times(9, () => article);
  const none: Record<string, string> = {
    'nothing at all': '',
    'no reply': '{}',
    null: '{"reply":null}',
    'something of its own': '{"ok":true}',
    'a list': '[{"reply":{"type":"text","content":"x"}}]',
    'a text': '"reply"',
    'no JSON': 'success',
    HTML: '<!doctype html><p>It works!</p>',
    'JSON that ends too soon': '{"reply":{"type":"text","content":"x"',
    'a text instead of a reply': '{"reply":"你好"}',
    'an unknown type': '{"reply":{"type":"music"}}',
    'another type than text': '{"reply":{"type":"text","content":5}}',
    'an empty text': '{"reply":{"type":"text","content":" "}}',
    'too long a text': JSON.stringify({ reply: { type: 'text', content: '好'.repeat(683) } }),
    'a picture without a number': '{"reply":{"type":"image"}}',
    'a picture with another number': '{"reply":{"type":"image","mediaId":"</xml>"}}',
    'no articles': '{"reply":{"type":"news","articles":[]}}',
    'nine articles': JSON.stringify({ reply: { type: 'news', articles: nine } }),
    'an article that runs a script': '{"reply":{"type":"news","articles":[{"title":"a","url":"javascript:alert(1)"}]}}',
    'half a character': '{"reply":{"type":"text","content":"\\ud83d"}}',
    'deep JSON': `{"reply":{"type":"text","content":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    'deeper JSON': `{"a":${'[{"a":'.repeat(9_000)}1${'}]'.repeat(9_000)}}`,
  };
  it('is none where there is none, or one that WeChat would not take', async () => {
    await Promise.all(
      Object.entries(none).map(async ([name, answer], index) => {
        const openid = someone();
        merchant.answer(openid, (response) => response.end(answer));
        assertNoReply(await push(text(openid), MODES[index % MODES.length]), name);
        const [event] = eventsOf(plain, openid);
        assert.equal(event!.status, 'delivered', `${name}: it has been taken all the same`);
      }),
    );
    assert.match(plain.log(), /a reply that cannot be passed on/);
  });
});

describe('a message that comes again', () => {
  it('gets the same reply, and is one event', async () => {
    for (const options of MODES) {
      const openid = someone();
      const message = text(openid);
      merchant.reply(openid, { type: 'text', content: '一次' });
      for (const nonce of ['1', '2', '3']) {
        const answer = await push(message, { ...options, nonce, seconds: now() - 3 + Number(nonce) });
        assert.equal((await readReply(answer, options)).Content, '一次');
      }
      assert.equal(merchant.of(openid).length, 1);
      assert.equal(eventsOf(plain, openid).length, 1);
    }
  });

  it('so at once, over two proxies, too', async () => {
    const openid = someone();
    const message = text(openid);
    merchant.answer(openid, async (response) => {
      await sleep(600);
      response.end(JSON.stringify({ reply: { type: 'text', content: '一次' } }));
    });
    const proxies = times(10, (at) => (at % 2 ? plain : twin));
    const answers = await Promise.all(proxies.map((proxy) => post(proxy, writeLetter(keys, message))));
    for (const answer of answers) {
      assert.equal((await readReply(answer, { mode: 'plain' })).Content, '一次');
    }
    assert.equal(merchant.of(openid).length, 1);
    assert.equal(eventsOf(plain, openid).length, 1);
  });

  it('as an event, is told by its user, time, kind and key', async () => {
    const openid = someone();
    const click = event(openid, { Event: 'CLICK', EventKey: 'menu' });
    const others = [
      { ...click, EventKey: 'menu2' },
      { ...click, Event: 'VIEW' },
      { ...click, CreateTime: Number(click.CreateTime) - 1 },
    ];
    for (const message of [click, ...others, click, ...others]) assertNoReply(await push(message));
    const elsewhere = { ...click, FromUserName: someone() };
    await push(elsewhere, { mode: 'safe' });
    await push(click, { mode: 'safe', format: 'json' });
    assert.equal(merchant.of(openid).length, 4);
    assert.equal(merchant.of(elsewhere.FromUserName).length, 1);
  });

  it('after a restart gets the same reply, or none where there was none', async () => {
    const [openid, silent] = [someone(), someone()];
    const [message, unanswered] = [text(openid), text(silent)];
    merchant.reply(openid, { type: 'text', content: '一次' });
    await push(message);
    await push(unanswered);
    await plain.restart();
    assert.equal((await readReply(await push(message), { mode: 'plain' })).Content, '一次');
    assertNoReply(await push(unanswered));
    assert.deepEqual([merchant.of(openid).length, merchant.of(silent).length], [1, 1]);
  });
});

test('150 messages at once, to a server that does not answer, are all taken in time, and told', async () => {
  const users = times(150, someone);
  const waiting: ServerResponse[] = [];
  for (const openid of users) merchant.answer(openid, (response) => waiting.push(response));
  const answers = await Promise.all(users.map((openid) => push(text(openid))));
  for (const answer of answers) assertNoReply(answer);

  for (const openid of users) merchant.answer(openid, (response) => response.end());
  for (const response of waiting) response.end();
  await eventually(() => users.every((openid) => merchant.of(openid).length > 0), 'all are told', 30_000);
  for (const openid of users) assert.equal(merchant.of(openid).length, 1);

  const lines = plain
    .log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(
    lines.some(({ ms }) => ms > 4_000 && ms < 5_000),
    'WeChat gives up after five seconds',
  );
});

/** What takes seconds. */
describe('meanwhile,', { concurrency: true }, () => {
  describe('the merchant’s server', { concurrency: true }, () => {
    const reply = JSON.stringify({ reply: { type: 'text', content: '太晚' } });
    const delivered = async (openid: string): Promise<Known> => {
      const isDelivered = () => eventsOf(plain, openid)[0]?.status === 'delivered';
      await eventually(isDelivered, 'it is delivered', 20_000);
      const [event, ...others] = eventsOf(plain, openid);
      assert.deepEqual(others, []);
      return event!;
    };
    /** An answer that has begun, or not, when WeChat is answered, and goes on after that. */
    const pushMeanwhile = async (openid: string, begin: Handler = () => {}): Promise<ServerResponse> => {
      let waiting: ServerResponse | undefined;
      merchant.answer(openid, (response, request) => {
        waiting = response;
        begin(response, request);
      });
      assertNoReply(await push(text(openid)));
      assert.equal(waiting!.writableEnded, false);
      return waiting!;
    };

    it('may take longer than WeChat waits: the event is delivered, once', async () => {
      const openid = someone();
      const waiting = await pushMeanwhile(openid);
      // By now nobody else would deliver it, were it not known that this is under way.
      await sleep(2_000);
      waiting.end(reply);
      assert.equal((await delivered(openid)).attempts, 1);
      await sleep(1_500);
      assert.equal(merchant.of(openid).length, 1);
    });

    it('may never answer: the user gets nothing, and the event comes again', async () => {
      const openid = someone();
      const hanging = await pushMeanwhile(openid);
      merchant.reply(openid, null);
      hanging.socket!.destroy();
      assert.equal((await delivered(openid)).attempts, 2);
    });

    it('may answer drop by drop: the user gets nothing, but the event is taken', async () => {
      const openid = someone();
      let dripping: NodeJS.Timeout | undefined;
      const dropping = await pushMeanwhile(openid, (response) => {
        dripping = setInterval(() => response.write(' '), 50);
      });
      clearInterval(dripping);
      dropping.end(reply);
      assert.equal((await delivered(openid)).attempts, 1);
      assert.equal(merchant.of(openid).length, 1);
    });

    const failing: Record<string, Handler> = {
      'break off before it answers': (response) => response.socket!.destroy(),
      'answer 500, with a reply': (response) => response.writeHead(500).end(reply),
      'answer 302, with a reply': (response) => response.writeHead(302, { location: merchant.url }).end(reply),
      'answer 404': (response) => response.writeHead(404).end(),
      'speak no HTTP': (response) => response.socket!.end('reply\r\n\r\n'),
    };
    for (const [name, fail] of Object.entries(failing)) {
      it(`may ${name}: the user gets nothing, and the event comes again`, async () => {
        const openid = someone();
        merchant.answer(openid, fail);
        assertNoReply(await push(text(openid)));
        const [first] = merchant.of(openid);
        merchant.reply(openid, { type: 'text', content: '太晚' });
        assert.equal((await delivered(openid)).attempts, 2);
        assert.deepEqual(
          merchant.of(openid).map(({ id, body }) => [id, body]),
          [first!, first!].map(({ id, body }) => [id, body]),
        );
      });
    }

    const taken: Record<string, (response: ServerResponse) => void> = {
      'answer 204': (response) => response.writeHead(204).end(),
      'answer ten megabytes': (response) => {
        response.on('error', () => {});
        response.end(JSON.stringify({ reply: { type: 'text', content: 'x' }, more: 'x'.repeat(10_000_000) }));
      },
      'break off within its answer': (response) => {
        response.writeHead(200, { 'content-length': reply.length + 100 }).write(reply);
        setTimeout(() => response.socket!.destroy(), 100);
      },
      'break off within its answer, though all is said': (response) => {
        response.write(reply);
        setTimeout(() => response.socket!.destroy(), 100);
      },
    };
    for (const [name, answer] of Object.entries(taken)) {
      it(`may ${name}: the user gets nothing, but the event is taken`, async () => {
        const openid = someone();
        merchant.answer(openid, answer);
        assertNoReply(await push(text(openid)));
        assert.equal((await delivered(openid)).attempts, 1);
        assert.equal(merchant.of(openid).length, 1);
      });
    }
  });

  describe('a proxy of its own', { concurrency: false }, () => {
    let proxy: Harness;
    before(async () => {
      proxy = await startHarness(file, {
        environment: ({ environment }) => ({
          ...{ WECHAT_MESSAGE_TOKEN: TOKEN, WECHAT_MESSAGE_AES_KEY: environment.WECHAT_MESSAGE_AES_KEY! },
          ...{ WEBHOOK_SECRET, WEBHOOK_URL: merchant.url },
        }),
      });
    });
    const send = (message: WritableFields) => post(proxy, writeLetter(keysOf(proxy), message, { mode: 'safe' }));

    async function set(environment: Record<string, string>): Promise<void> {
      Object.assign(proxy.environment, { WEBHOOK_URL: '', WEBHOOK_ROUTES: '' }, environment);
      await proxy.restart();
    }

    it('does not say that it has taken what its store has not', async () => {
      const openid = someone();
      const message = text(openid);
      withDatabase(proxy, (db) => db.exec('alter table events rename to events_away'));
      assert.ok((await send(message)).status >= 500);
      withDatabase(proxy, (db) => db.exec('alter table events_away rename to events'));
      assert.equal(merchant.of(openid).length, 0);
      merchant.reply(openid, { type: 'text', content: '好' });
      const { Encrypt } = parse((await send(message)).text, 'xml');
      assert.match(secondImplementation(keysOf(proxy)).decrypt(Encrypt).message, /好/);
      assert.equal(merchant.of(openid).length, 1);
    });

    it('sends events to whom they are routed: the first that fits counts, the rest goes on', async (t) => {
      const [first, second] = await Promise.all([startMerchant(t), startMerchant(t)]);
      await set({
        WEBHOOK_ROUTES: `code.scanned=${first.url},*=${second.url},message.received=${first.url}`,
        WEBHOOK_URL: merchant.url,
      });
      const [writing, scanning] = [someone(), someone()];
      second.reply(writing, { type: 'text', content: '二' });
      assert.match((await send(text(writing))).text, /Encrypt/);
      assertNoReply(await send(event(scanning, { Event: 'SCAN', EventKey: '1' })));
      assert.deepEqual([first.of(writing).length, second.of(writing).length, merchant.of(writing).length], [0, 1, 0]);
      assert.deepEqual([first.of(scanning).length, second.of(scanning).length], [1, 0]);

      await set({ WEBHOOK_ROUTES: `code.scanned=${first.url}`, WEBHOOK_URL: merchant.url });
      const other = someone();
      assertNoReply(await send(text(other)));
      assert.equal(merchant.of(other).length, 1, 'the rest');
    });

    it('keeps events that nobody wants, and does not wait for a reply to them', async (t) => {
      const scans = await startMerchant(t);
      await set({ WEBHOOK_ROUTES: `code.scanned=${scans.url}` });
      const openid = someone();
      const message = text(openid);
      assertNoReply(await send(message));
      const { text: metrics } = await proxy.merchant('GET', '/metrics');
      assert.doesNotMatch(metrics, /weixin_event_deliveries_total\{/, 'nothing was tried');
      const unknown = withDatabase(proxy, (db) => {
        return db.prepare('select count(*) as messages from received_messages where replyJson is null').get()!.messages;
      });
      assert.equal(unknown, 0, 'it is known that there will be none');
      assertNoReply(await send(message));
      const [kept, ...others] = eventsOf(proxy, openid);
      assert.deepEqual([others, kept!.status, kept!.data.content], [[], null, '你好']);
    });

    it('delivers later what nobody was there for', async (t) => {
      const port = await freePort();
      await set({ WEBHOOK_URL: `http://127.0.0.1:${port}/events` });
      const openid = someone();
      assertNoReply(await send(text(openid)));
      const late = await startMerchant(t, port);
      await eventually(() => late.of(openid)[0], 'it is told');
    });

    it('logs nothing of what it was told, nor of its keys', async () => {
      await set({ WEBHOOK_URL: merchant.url });
      const openid = someone();
      const [content, reply] = ['一件私事', '一个私下的答复'];
      merchant.reply(openid, { type: 'text', content: reply });
      const { query, body } = writeLetter(keysOf(proxy), text(openid, content), { mode: 'compatible' });
      await post(proxy, { query, body });
      merchant.reply(openid, { type: 'text', [reply]: reply });
      await send(text(openid, content));
      merchant.answer(openid, (response) => response.writeHead(500).end(reply));
      await send(text(openid, content));
      await post(proxy, { query: { ...query, msg_signature: 'x' }, body });
      await post(proxy, writeLetter(keysOf(proxy), text(openid, content)));
      await post(proxy, sealed(proxy, `<xml><FromUserName>${openid}</FromUserName><a b="${content}"/></xml>`));
      const log = proxy.log();
      assert.match(log, /malformed_notification/);
      const { aesKey, appId } = keysOf(proxy);
      const secrets = { openid, content, reply, aesKey, appId, token: TOKEN, secret: WEBHOOK_SECRET, ...query };
      const { timestamp: _, encrypt_type: __, ...rest } = secrets as Record<string, string>;
      for (const [name, secret] of Object.entries(rest)) {
        assert.ok(!log.includes(secret), `${name} is logged`);
      }
    });
  });

  describe('kill -9', () => {
    it('loses nothing that WeChat was answered, and repeats nothing that it was not', async (t) => {
      const told = await startMerchant(t);
      const proxy = await startHarness(t, {
        environment: { WEBHOOK_URL: told.url, WEBHOOK_SECRET, WECHAT_MESSAGE_TOKEN: TOKEN },
      });
      await proxy.stop();
      const first = await startProcess(t, proxy.environment);
      const [answered, waiting] = [someone(), someone()];
      const [letter, unanswered] = [answered, waiting].map((openid) => {
        return writeLetter(keysOf(proxy), text(openid, '一件私事'), { mode: 'safe' });
      });
      told.answer(answered, (response) => response.socket!.destroy());
      told.answer(waiting, () => {});
      assertNoReply(await post(proxy, letter!));
      const broken = assert.rejects(post(proxy, unanswered!));
      await eventually(() => told.of(waiting)[0], 'a delivery is under way');
      await first.end('SIGKILL');
      await broken;

      for (const openid of [answered, waiting]) told.reply(openid, { type: 'text', content: '太晚' });
      const second = await startProcess(t, proxy.environment);
      for (const answer of await Promise.all([letter!, unanswered!].map((sent) => post(proxy, sent)))) {
        assertNoReply(answer);
      }
      for (const openid of [answered, waiting]) {
        await eventually(() => told.of(openid)[1], 'it comes again, under its id');
        const [before, again, ...others] = told.of(openid);
        assert.deepEqual([again!.id, again!.body, others], [before!.id, before!.body, []]);
      }
      for (const { output } of [first, second]) {
        for (const secret of [answered, waiting, '一件私事', TOKEN, keysOf(proxy).aesKey]) {
          assert.ok(!output().includes(secret));
        }
      }
    });
  });
});

function sealed(proxy: Harness, plain: string): Letter {
  const { encrypted, query } = seal(keysOf(proxy), plain);
  return { query, body: writeBody({ Encrypt: encrypted }, 'xml') };
}
