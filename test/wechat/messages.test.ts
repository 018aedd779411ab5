import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { decryptMessage, encryptMessage, messageSignature } from '../../demo/wechat/message-crypto.ts';
import type { Wechat } from '../../demo/wechat/start.ts';
import {
  type MessageMerchant,
  type PushReply,
  type ReceivedPush,
  sha1Of,
  startMessageWorld,
  xml,
} from './message-merchant.ts';

const OUT_OF_ORDER = '该公众号提供的服务出现故障，请稍后再试';

// https://developers.weixin.qq.com/doc/service/guide/dev/push/
describe('the encryption of messages', () => {
  const [token, aesKey, appId] = ['AAAAA', 'A'.repeat(43), 'wxba5fad812f8e6fb9'];
  const encrypt =
    '+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=';

  it('signs and opens WeChat’s examples', () => {
    assert.equal(
      messageSignature({ token, timestamp: '1714036504', nonce: '1514711492' }),
      'f464b24fc39322e44b38aa78f5edd27bd1441696',
    );
    assert.equal(
      messageSignature({ token, timestamp: '1714112445', nonce: '415670741', encrypt }),
      '046e02f8204d34f8ba5fa3b1db94908f3df2e9b3',
    );
    assert.deepEqual(decryptMessage(encrypt, aesKey), {
      message:
        '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}',
      appId,
    });
  });

  it('seals WeChat’s example', () => {
    const sealed = encryptMessage('{"demo_resp":"good luck"}', {
      aesKey,
      appId,
      random: Buffer.from('707722b803182950'),
    });
    assert.equal(sealed, 'ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==');
    assert.equal(
      messageSignature({ token, timestamp: '1713424427', nonce: '415670741', encrypt: sealed }),
      '1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1',
    );
  });

  it('opens nothing that another key has sealed, or that was changed', () => {
    assert.throws(() => decryptMessage(encrypt, 'B'.repeat(43)), { name: 'MessageCryptoError' });
    for (const changed of ['', encrypt.slice(4), `${encrypt.slice(0, -8)}AAAAAAA=`, `${encrypt}!`, 'x']) {
      assert.throws(() => decryptMessage(changed, aesKey), { name: 'MessageCryptoError' }, changed);
    }
  });
});

describe('messages', () => {
  let wechat: Wechat;
  let merchant: MessageMerchant;
  let [follower, stranger] = ['', ''];
  let stop: () => Promise<void>;

  before(async () => {
    ({ wechat, merchant, follower, stranger, stop } = await startMessageWorld());
  });
  after(() => stop());
  beforeEach(() => {
    wechat.control.reset();
    merchant.received.length = 0;
    merchant.answer = () => 'success';
  });

  const hello = () => wechat.control.say(follower, { type: 'text', content: '你好' });
  const lastEntry = () => wechat.control.chat(follower).at(-1)!;
  /** A good text reply, but for the changes. */
  const reply = ({ fields }: ReceivedPush, changes: Record<string, string | number> = {}) =>
    xml({
      ToUserName: fields.FromUserName!,
      FromUserName: fields.ToUserName!,
      CreateTime: Math.floor(wechat.control.now() / 1000),
      MsgType: 'text',
      Content: '欢迎光临',
      ...changes,
    });

  it('are pushed nowhere where no address is set', async () => {
    assert.equal(await hello(), undefined);
    assert.equal(lastEntry().kind, 'text');
    assert.equal(merchant.received.length, 0);
    await assert.rejects(wechat.control.sendPush(), { name: 'TypeError' });
    await assert.rejects(wechat.control.checkMessagePush(), { name: 'TypeError' });
  });

  it('are pushed to an address that proves to know the token', async () => {
    merchant.listen({ url: `${merchant.url}?shop=1` });
    merchant.answer = ({ query }) => query.echostr ?? '';
    assert.equal((await wechat.control.checkMessagePush()).ok, true);
    const { method, query } = merchant.last();
    assert.deepEqual([method, query.shop], ['GET', '1']);
    assert.equal(query.signature, sha1Of(merchant.token, query.timestamp!, query.nonce!));
    merchant.answer = () => 'success';
    assert.equal((await wechat.control.checkMessagePush()).ok, false);
  });

  it('are plain where the mode is', async () => {
    merchant.listen({ mode: 'plain', aesKey: null });
    await hello();
    const { method, query, contentType, fields, body } = merchant.last();
    assert.deepEqual([method, contentType], ['POST', 'text/xml']);
    assert.deepEqual(Object.keys(query).sort(), ['nonce', 'openid', 'signature', 'timestamp']);
    assert.equal(query.signature, sha1Of(merchant.token, query.timestamp!, query.nonce!));
    assert.deepEqual(Object.keys(fields), ['ToUserName', 'FromUserName', 'CreateTime', 'MsgType', 'Content', 'MsgId']);
    assert.deepEqual([fields.FromUserName, fields.Content], [follower, '你好']);
    assert.match(fields.ToUserName!, /^gh_[0-9a-f]{12}$/);
    assert.match(body, /<CreateTime>\d{10}<\/CreateTime><MsgType><!\[CDATA\[text\]\]>/);
    assert.notEqual(String(Number(fields.MsgId)), fields.MsgId, 'past 2^53');
  });

  for (const format of ['xml', 'json'] as const) {
    it(`are encrypted in safe mode, in ${format}`, async () => {
      merchant.listen({ format });
      await hello();
      const { query, contentType, fields, body } = merchant.last();
      const outer =
        format === 'xml' ? /<Encrypt><!\[CDATA\[(.*)\]\]><\/Encrypt>/.exec(body)![1]! : JSON.parse(body).Encrypt;
      assert.equal(query.encrypt_type, 'aes');
      assert.equal(query.msg_signature, sha1Of(merchant.token, query.timestamp!, query.nonce!, outer));
      assert.equal(merchant.crypt.decrypt(outer).id, wechat.environment.WECHAT_APP_ID);
      assert.ok(!body.includes('你好'));
      assert.equal(fields.Content, '你好');
      assert.equal(contentType, format === 'xml' ? 'text/xml' : 'application/json');
      assert.notEqual(String(Number(fields.MsgId)), fields.MsgId, 'past 2^53');
    });
  }

  it('are both in compatible mode', async () => {
    merchant.listen({ mode: 'compatible' });
    await hello();
    const { body, fields } = merchant.last();
    assert.match(body, /<Content><!\[CDATA\[你好\]\]><\/Content>.*<Encrypt>/);
    assert.equal(fields.Content, '你好');
  });

  it('come three times in all, the same but for the signature', async () => {
    merchant.listen();
    const answers: PushReply[] = [null, 500, 'success'];
    merchant.answer = () => answers.shift()!;
    assert.equal(await hello(), undefined);
    assert.equal(lastEntry().kind, 'text', 'nothing has failed');
    const [first, second, third, ...more] = merchant.received;
    assert.deepEqual(second!.fields, first!.fields);
    assert.deepEqual(third!.fields, first!.fields);
    assert.notEqual(second!.query.nonce, first!.query.nonce);
    assert.notEqual(second!.query.msg_signature, first!.query.msg_signature);
    assert.equal(more.length, 0);
    const listed = wechat.calls.slice(-3);
    assert.deepEqual(
      listed.map(({ direction, method, status, verdict }) => [direction, method, status, verdict]),
      [
        ['out', 'POST', 0, 'refused'],
        ['out', 'POST', 500, 'refused'],
        ['out', 'POST', 200, 'ok'],
      ],
    );
    for (const { stringToSign = '' } of listed) {
      assert.ok(stringToSign.includes('<token>') && !stringToSign.includes(merchant.token));
    }
  });

  it('end in WeChat’s words where there is no answer', async () => {
    merchant.listen();
    merchant.answer = () => 503;
    assert.equal(await hello(), undefined);
    assert.equal(merchant.received.length, 3);
    const entry = lastEntry();
    assert.ok(entry.kind === 'note' && entry.note === 'service-failed');
    assert.deepEqual([entry.text, entry.why], [OUT_OF_ORDER, "the answer's status is 503"]);
  });

  it('are answered by nothing, or by success, in every mode', async () => {
    for (const mode of ['plain', 'compatible', 'safe'] as const) {
      for (const nothing of ['', 'success']) {
        merchant.listen({ mode });
        merchant.answer = () => nothing;
        assert.equal(await hello(), undefined);
        assert.equal(lastEntry().from, 'user');
      }
    }
  });

  describe('are answered', () => {
    let mediaId = '';
    before(() => {
      mediaId = wechat.control.addMedia(Buffer.from('ffd8ffe000104a464946', 'hex'));
    });
    const article = (title: string) =>
      `<item><Title>${title}</Title><Description>新茶</Description><PicUrl/><Url>https://shop.example.com/</Url></item>`;
    const news = {
      type: 'news',
      articles: [{ title: '龙井', description: '新茶', picUrl: '', url: 'https://shop.example.com/' }],
    };

    for (const [kind, changes, expected, shown] of [
      ['a text', () => ({}), () => ({ type: 'text', content: '欢迎光临' }), 'text'],
      [
        'a picture',
        () => ({ MsgType: 'image', Image: `<MediaId>${mediaId}</MediaId>` }),
        () => ({ type: 'image', mediaId }),
        'image',
      ],
      [
        'articles, of which one is shown',
        () => ({ MsgType: 'news', ArticleCount: 2, Articles: article('龙井') + article('普洱') }),
        () => news,
        'news',
      ],
      [
        'a person',
        () => ({ MsgType: 'transfer_customer_service', TransInfo: '<KfAccount><![CDATA[a@b]]></KfAccount>' }),
        () => ({ type: 'transfer_customer_service', kfAccount: 'a@b' }),
        'note',
      ],
    ] as const) {
      it(`by ${kind}, sealed`, async () => {
        merchant.listen();
        merchant.answer = (push) => merchant.seal(reply(push, changes()));
        assert.deepEqual(await hello(), expected());
        assert.equal(lastEntry().kind, shown);
        assert.equal(wechat.calls.at(-1)!.verdict, 'ok');
      });
    }

    it('in plain mode, and to events with all articles', async () => {
      merchant.listen({ mode: 'plain', aesKey: null });
      const articles = { MsgType: 'news', ArticleCount: 2, Articles: article('龙井') + article('普洱') };
      merchant.answer = (push) => reply(push, articles);
      const answer = await wechat.control.pushEvent(follower, { Event: 'CLICK', EventKey: 'NEW' });
      assert.ok(answer?.type === 'news' && answer.articles.length === 2);
      assert.deepEqual([merchant.last().fields.EventKey, merchant.last().fields.MsgId], ['NEW', undefined]);
    });

    it('in JSON', async () => {
      merchant.listen({ format: 'json', mode: 'plain' });
      merchant.answer = ({ fields }) =>
        JSON.stringify({
          ToUserName: fields.FromUserName,
          FromUserName: fields.ToUserName,
          CreateTime: Math.floor(Date.now() / 1000),
          MsgType: 'news',
          ArticleCount: 1,
          Articles: [{ Title: '龙井', Description: '新茶', PicUrl: '', Url: 'https://shop.example.com/' }],
        });
      assert.deepEqual(await hello(), news);
    });

    const wrong: [string, (push: ReceivedPush) => string, RegExp][] = [
      ['in the clear in safe mode', (push) => reply(push), /not encrypted/],
      ['to another user', (push) => merchant.seal(reply(push, { ToUserName: stranger })), /ToUserName/],
      ['from another account', (push) => merchant.seal(reply(push, { FromUserName: 'gh_0' })), /FromUserName/],
      ['in milliseconds', (push) => merchant.seal(reply(push, { CreateTime: Date.now() })), /CreateTime/],
      [
        'with another signature',
        (push) => merchant.seal(reply(push), { MsgSignature: '0'.repeat(40) }),
        /MsgSignature/,
      ],
      ['without a signature', (push) => merchant.seal(reply(push), { MsgSignature: '' }), /MsgSignature/],
      ['by an unknown type', (push) => merchant.seal(reply(push, { MsgType: 'card' })), /MsgType card/],
      ['by an empty text', (push) => merchant.seal(reply(push, { Content: '' })), /Content/],
      [
        'by media that are not there',
        (push) => merchant.seal(reply(push, { MsgType: 'image', Image: '<MediaId>x</MediaId>' })),
        /no media x/,
      ],
      [
        'by articles that are miscounted',
        (push) => merchant.seal(reply(push, { MsgType: 'news', ArticleCount: 2, Articles: article('a') })),
        /ArticleCount/,
      ],
      [
        'by too many articles',
        (push) => merchant.seal(reply(push, { MsgType: 'news', ArticleCount: 9, Articles: article('a').repeat(9) })),
        /9 articles/,
      ],
      ['by JSON', () => '{"errcode":0}', /neither success nor XML/],
      ['by a page', () => '<!doctype html><h1>Hello</h1>', /neither success nor XML/],
    ];
    for (const [how, answer, why] of wrong) {
      it(`wrongly ${how}: the user reads WeChat’s words, the developer why`, async () => {
        merchant.listen();
        merchant.answer = answer;
        assert.equal(await hello(), undefined);
        assert.equal(merchant.received.length, 1, 'an answer is an answer');
        const entry = lastEntry();
        assert.ok(entry.kind === 'note' && entry.text === OUT_OF_ORDER);
        assert.match(entry.why!, why);
        assert.equal(wechat.calls.at(-1)!.message, entry.why);
      });
    }

    it('wrongly for another appid', async () => {
      merchant.listen();
      const theirs = encryptMessage('<xml/>', { aesKey: wechat.environment.WECHAT_MESSAGE_AES_KEY!, appId: 'wx0' });
      const MsgSignature = sha1Of(merchant.token, '1', '2', theirs);
      merchant.answer = () => xml({ Encrypt: theirs, MsgSignature, TimeStamp: 1, Nonce: '2' });
      await hello();
      const entry = lastEntry();
      assert.match(entry.kind === 'note' ? entry.why! : '', /appid in Encrypt is wx0/);
    });
  });

  it('are not for strangers, and none of theirs is told', async () => {
    merchant.listen();
    await assert.rejects(wechat.control.say(stranger, { type: 'text', content: 'a' }), { name: 'TypeError' });
    await assert.rejects(wechat.control.say('o0', { type: 'text', content: 'a' }), { name: 'TypeError' });
    await wechat.control.follow(stranger);
    assert.deepEqual([merchant.last().fields.Event, merchant.last().fields.EventKey], ['subscribe', '']);
    await wechat.control.unfollow(stranger);
    assert.equal(merchant.last().fields.Event, 'unsubscribe');
    await wechat.control.unfollow(stranger);
    assert.equal(merchant.received.length, 2, 'nothing has changed');
    assert.deepEqual(
      wechat.control.chat(stranger).map((entry) => entry.kind === 'note' && entry.note),
      ['followed', 'unfollowed'],
    );
  });

  it('can be of any type', async () => {
    merchant.listen();
    await wechat.control.say(follower, { type: 'location', Location_X: 30.24, scale: 16, label: '西湖' });
    const { fields } = merchant.last();
    assert.deepEqual(
      [fields.MsgType, fields.Location_X, fields.Scale, fields.Label],
      ['location', '30.24', '16', '西湖'],
    );
    assert.equal(lastEntry().kind, 'other');
  });

  it('can be forged, doubled and late', async () => {
    merchant.listen();
    const { control } = wechat;
    const forged = await control.sendPush({ token: 'wrong', timestamp: 1_700_000_000, nonce: '7', appId: 'wx0' });
    assert.equal(forged.status, 200);
    const { query, body } = merchant.last();
    assert.deepEqual([query.timestamp, query.nonce], ['1700000000', '7']);
    assert.equal(query.signature, sha1Of('wrong', '1700000000', '7'));
    const encrypt = /<Encrypt><!\[CDATA\[(.*)\]\]><\/Encrypt>/.exec(body)![1]!;
    assert.equal(merchant.crypt.decrypt(encrypt).id, 'wx0');

    const fields = { MsgId: '24000000000000001', CreateTime: 1_700_000_000, Content: '一次' };
    await Promise.all([control.sendPush({ fields }), control.sendPush({ fields })]);
    const [one, other] = merchant.received.slice(-2);
    assert.deepEqual(one!.fields, other!.fields);
    assert.deepEqual([one!.fields.MsgId, one!.fields.CreateTime], ['24000000000000001', '1700000000']);

    await control.sendPush({ mode: 'plain', signature: 'x', query: { openid: undefined, more: '1' } });
    assert.deepEqual(Object.keys(merchant.last().query).sort(), ['more', 'nonce', 'signature', 'timestamp']);
    assert.equal(merchant.last().query.signature, 'x');
    await control.sendPush({ body: '<xml><!DOCTYPE x></xml>', msgSignature: 'y' });
    assert.deepEqual([merchant.last().body, merchant.last().query.msg_signature], ['<xml><!DOCTYPE x></xml>', 'y']);
    assert.equal(merchant.received.length, 5, 'each went out once');
    assert.equal(control.chat(follower).filter((entry) => entry.kind === 'text' && entry.text === '一次').length, 0);
  });

  it('are not pushed with settings that are none', () => {
    for (const changes of [
      { url: 'here' },
      { token: 'a' },
      { aesKey: 'short' },
      { aesKey: null },
      { mode: 'aes' },
      { format: 'yaml' },
    ]) {
      assert.throws(() => merchant.listen(changes as object), { name: 'TypeError', message: /messagePush/ });
    }
    assert.equal(wechat.control.knobs.messagePush, null);
  });

  describe('in the phone', () => {
    const ask = async (method: string, path: string, body?: object) => {
      const answer = await fetch(wechat.url + path, { method, body: body && JSON.stringify(body) });
      const isJson = answer.headers.get('content-type')?.includes('json');
      // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely.
      return { status: answer.status, json: (isJson ? await answer.json() : undefined) as any };
    };

    it('are written, answered and shown', async () => {
      merchant.listen();
      merchant.answer = (push) => merchant.seal(reply(push));
      const { json: entry } = await ask('POST', '/client/chat', { phone: 'p1', text: '什么时候发货？' });
      assert.deepEqual([entry.from, entry.kind, entry.text], ['user', 'text', '什么时候发货？']);
      await wechat.control.notificationsSettled();
      const { json: chat } = await ask('GET', '/client/chat?phone=p1');
      assert.deepEqual([chat.following, chat.account.name, chat.entries.at(-1).text], [true, '栖云茶铺', '欢迎光临']);
    });

    it('are pictures of the album, which the merchant can fetch', async () => {
      merchant.listen();
      const [picture] = (await ask('GET', '/client/album')).json;
      const { json: entry } = await ask('POST', '/client/chat', { phone: 'p1', picture: picture.id });
      assert.equal(entry.kind, 'image');
      await wechat.control.notificationsSettled();
      const { fields } = merchant.last();
      assert.deepEqual([fields.MsgType, fields.MediaId], ['image', entry.mediaId]);
      const shown = await fetch(fields.PicUrl!);
      assert.match(shown.headers.get('content-type')!, /^image\//);
      assert.deepEqual(Buffer.from(await shown.arrayBuffer()), wechat.control.media(entry.mediaId)!.bytes);
    });

    it('begin and end with following', async () => {
      wechat.control.signIn('p2', stranger);
      assert.equal((await ask('GET', '/client/account?phone=p2')).json.following, false);
      assert.equal((await ask('POST', '/client/chat', { phone: 'p2', text: 'a' })).status, 409);
      assert.deepEqual((await ask('POST', '/client/follow', { phone: 'p2' })).json, { following: true });
      assert.equal((await ask('POST', '/client/chat', { phone: 'p2', text: ' ' })).status, 400);
      assert.equal((await ask('POST', '/client/chat', { phone: 'p2', picture: 'x' })).status, 400);
      const { json: users } = await ask('GET', '/client/users?phone=p2');
      assert.deepEqual(
        users.map((user: { following: boolean; isMe: boolean }) => [user.following, user.isMe]),
        [
          [true, false],
          [true, true],
          [false, false],
        ],
      );
      assert.deepEqual((await ask('POST', '/client/unfollow', { phone: 'p2' })).json, { following: false });
    });

    it('can be said through control over HTTP', async () => {
      merchant.listen();
      merchant.answer = (push) => merchant.seal(reply(push));
      const message = { type: 'text', content: 'a' };
      const said = await ask('POST', '/control/say', { openid: follower, message });
      assert.deepEqual(said.json, { reply: { type: 'text', content: '欢迎光临' } });
      assert.equal((await ask('POST', '/control/say', { openid: stranger, message })).status, 400);
      assert.equal((await ask('GET', `/control/chats/${follower}`)).json.at(-1).text, '欢迎光临');
      assert.equal((await ask('GET', '/control/chats/nobody')).status, 400);
      const forged = await ask('POST', '/control/send-push', { fields: { Event: 'VIEW' }, signature: 'x' });
      assert.deepEqual([forged.json.status, merchant.last().query.signature], [200, 'x']);
    });
  });

  describe('on the debugging page', () => {
    const ask = async (path: string, body?: object) => {
      const answer = await fetch(
        `${wechat.url}/client/debug/${path}`,
        body && { method: 'POST', body: JSON.stringify(body) },
      );
      assert.equal(answer.status, 200, path);
      // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely.
      return (await answer.json()) as any;
    };

    it('are pushed, with what became of them', async () => {
      merchant.listen();
      merchant.answer = () => 'what?';
      const [{ fields }] = await ask('push-examples');
      const pushed = await ask('push', { openid: follower, fields });
      assert.deepEqual([pushed.taken, pushed.tries.length], [false, 1]);
      assert.match(pushed.why, /neither/);
      assert.equal((await ask('check-push', {})).ok, false);
      const settings = await ask('settings');
      assert.deepEqual(settings.messagePush, { url: merchant.url, mode: 'safe', format: 'xml' });
    });

    it('have signatures that can be checked', async () => {
      merchant.listen();
      await hello();
      const { query, body } = merchant.last();
      const encrypt = /<Encrypt><!\[CDATA\[(.*)\]\]><\/Encrypt>/.exec(body)![1]!;
      const asked = { timestamp: query.timestamp, nonce: query.nonce, encrypt };
      const right = await ask('message-signature', { ...asked, signature: query.msg_signature });
      assert.equal(right.verdict, 'right');
      assert.match(right.plaintext, /你好/);
      const wrong = await ask('message-signature', { ...asked, signature: query.signature });
      assert.deepEqual([wrong.verdict, wrong.hint], ['wrong', 'without-encrypt']);
      assert.equal((await ask('message-signature', asked)).verdict, null);
    });

    it('stand beside the signatures of pages and payments', async () => {
      const url = 'https://shop.example.com/a?b=1';
      const page = { url: `${url}#c`, timestamp: 1_700_000_000, noncestr: 'n' };
      const sign = (ticket: string, signed: string) =>
        sha1Of(`jsapi_ticket=${ticket}&noncestr=n&timestamp=1700000000&url=${signed}`);
      const signature = (signed: string) =>
        ask('jssdk-signature', { ...page, ticket: 't', signature: sign('t', signed) });
      assert.equal((await signature(url)).verdict, 'right');
      assert.equal((await signature(`${url}#c`)).hint, 'with-fragment');
      assert.equal((await signature('https://shop.example.com/a')).hint, 'without-query');

      // https://pay.weixin.qq.com/doc/v2/merchant/4011985891
      const fields = { appid: 'wxd930ea5d5a258f4f', body: 'test' };
      const v2 = await ask('pay-signature', { version: 'v2', fields, signType: 'MD5' });
      assert.match(v2.stringToSign, /^appid=wxd930ea5d5a258f4f&body=test&key=\w{32}$/);
      const again = await ask('pay-signature', { version: 'v2', fields: { ...fields, sign: v2.expected } });
      assert.equal(again.verdict, 'right');
      const v3 = { version: 'v3', kind: 'request', method: 'GET', path: '/v3/certificates', timestamp: 1, nonce: 'n' };
      const { stringToSign, expected } = await ask('pay-signature', v3);
      assert.equal(stringToSign, 'GET\n/v3/certificates\n1\nn\n\n');
      assert.equal((await ask('pay-signature', { ...v3, signature: expected })).verdict, 'right');
      assert.equal((await ask('pay-signature', { ...v3, nonce: 'm', signature: expected })).verdict, 'wrong');
    });

    it('come with APIs that can be called, each by an example that works', async () => {
      const examples = await ask('apis');
      wechat.control.allowSubscription(follower, wechat.subscriptionTemplateId);
      await hello();
      for (const example of examples) {
        const { status, body } = await ask('call', example);
        assert.equal(status, 200);
        assert.ok(!(JSON.parse(body).errcode > 0), `${example.name}: ${body}`);
      }
      const call = await fetch(`${wechat.url}/client/debug/call`, {
        method: 'POST',
        body: JSON.stringify({ method: 'GET', path: '/control/users' }),
      });
      assert.equal(call.status, 400);
    });
  });
});
