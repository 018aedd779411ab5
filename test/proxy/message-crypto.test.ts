/**
 * How WeChat's pushes prove themselves and are encrypted: what WeChat has published, what another implementation says,
 * and what becomes of pushes that somebody has changed on the way.
 *
 * `FUZZ_RUNS=100000 node --test test/proxy/message-crypto.test.ts` tries as many inputs a test; some minutes.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProxyError } from '../../proxy/errors.ts';
import { messageView, scanOf } from '../../proxy/messages/message-view.ts';
import { resultsOf } from '../../proxy/messages/sending-results.ts';
import {
  assertMessageSignature,
  decodeAesKey,
  decryptMessage,
  encryptMessage,
  signMessage,
} from '../../proxy/wechat/account/message-crypto.ts';
import {
  type Message,
  type MessageKeys,
  type PushQuery,
  readEcho,
  readPush,
  writeReply,
} from '../../proxy/wechat/account/message-push.ts';
import {
  type Letter,
  type Mode,
  seal,
  secondImplementation,
  type WritableFields,
  writeBody,
  writeLetter,
} from './pushed-message.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 300);

/** Of WeChat's own examples: https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html */
const GIVEN = { token: 'AAAAA', aesKey: 'A'.repeat(43), appId: 'wxba5fad812f8e6fb9' };
const KEYS: MessageKeys = { ...GIVEN, aesKey: decodeAesKey(GIVEN.aesKey) };
const PLAIN_KEYS: MessageKeys = { ...KEYS, aesKey: undefined };
const NOW = 1_714_112_445;
const REFUSALS = new Set([
  'invalid_signature',
  'notification_expired',
  'decryption_failed',
  'malformed_notification',
  'merchant_mismatch',
]);

describe('WeChat’s own examples', () => {
  const ENCRYPTED =
    '+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR' +
    '8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3' +
    '2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=';
  const MESSAGE =
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,' +
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}';
  const query = {
    timestamp: '1714112445',
    nonce: '415670741',
    encrypt_type: 'aes',
    msg_signature: '046e02f8204d34f8ba5fa3b1db94908f3df2e9b3',
  };

  it('sign as they do', () => {
    const { token } = GIVEN;
    assert.equal(signMessage(token, '1714036504', '1514711492'), 'f464b24fc39322e44b38aa78f5edd27bd1441696');
    assert.equal(signMessage(token, '1714037059', '486452656'), '899cf89e464efb63f54ddac96b0a0a235f53aa78');
    assert.equal(signMessage(token, query.timestamp, query.nonce, ENCRYPTED), query.msg_signature);
  });

  it('are answered when the address is set', () => {
    const echo = { timestamp: '1714036504', nonce: '1514711492', echostr: '4375120948345356249' };
    const signature = 'f464b24fc39322e44b38aa78f5edd27bd1441696';
    assert.equal(readEcho(KEYS, { ...echo, signature }), '4375120948345356249');
    assert.throws(() => readEcho({ ...KEYS, token: 'AAAAB' }, { ...echo, signature }), { code: 'invalid_signature' });
  });

  it('are decrypted', () => {
    assert.equal(decryptMessage(KEYS.aesKey!, GIVEN.appId, ENCRYPTED), MESSAGE);
    const body = Buffer.from(JSON.stringify({ ToUserName: 'gh_97417a04a28d', Encrypt: ENCRYPTED }));
    const { message, format, isEncrypted } = readPush(KEYS, query, body, Number(query.timestamp) * 1_000);
    assert.deepEqual([format, isEncrypted], ['json', true]);
    assert.deepEqual(messageView(message), {
      openid: 'o9AgO5Kd5ggOC-bXrbNODIiE3bGY',
      account: 'gh_97417a04a28d',
      type: 'event',
      createdAt: '2024-04-26T06:20:45.000Z',
      event: 'debug_demo',
      debugStr: 'hello world',
    });
    assert.throws(() => readPush(KEYS, query, body, Date.now()), { code: 'notification_expired' });
  });

  it('are for no other account, and for no other key', () => {
    assert.throws(() => decryptMessage(KEYS.aesKey!, 'wxba5fad812f8e6fb8', ENCRYPTED), { code: 'merchant_mismatch' });
    const other = decodeAesKey(`B${'A'.repeat(42)}`);
    assert.throws(() => decryptMessage(other, GIVEN.appId, ENCRYPTED), { code: 'decryption_failed' });
  });

  it('are replied to as they are', () => {
    const random = Buffer.from('707722b803182950');
    const encrypted = encryptMessage(KEYS.aesKey!, GIVEN.appId, '{"demo_resp":"good luck"}', random);
    assert.equal(encrypted, 'ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==');
    const signature = signMessage(GIVEN.token, '1713424427', '415670741', encrypted);
    assert.equal(signature, '1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1');
  });
});

/** Any Unicode, without halves of surrogate pairs, which UTF-8 cannot hold. */
const text = fc.string({ unit: 'binary', maxLength: 200 });
const aesKey = fc.stringMatching(/^[0-9A-Za-z]{43}$/);
const token = fc.stringMatching(/^[0-9A-Za-z]{3,32}$/);
const appId = fc.stringMatching(/^wx[0-9a-f]{16}$/);

describe('another implementation', () => {
  it('signs alike', () => {
    fc.assert(
      fc.property(token, fc.nat(), text, text, (given, seconds, nonce, encrypted) => {
        const second = secondImplementation({ ...GIVEN, token: given });
        const parts = [given, String(seconds), nonce, encrypted] as const;
        assert.equal(signMessage(...parts), second.getSignature(parts[1], nonce, encrypted));
        assertMessageSignature(second.getSignature(parts[1], nonce, encrypted), ...parts);
      }),
      { numRuns },
    );
  });

  it('decrypts what is encrypted here, and the other way round', () => {
    fc.assert(
      fc.property(aesKey, appId, text, fc.uint8Array({ minLength: 16, maxLength: 16 }), (key, id, message, random) => {
        const second = secondImplementation({ token: GIVEN.token, aesKey: key, appId: id });
        const encrypted = encryptMessage(decodeAesKey(key), id, message, Buffer.from(random));
        assert.deepEqual(second.decrypt(encrypted), { message, id });
        assert.equal(decryptMessage(decodeAesKey(key), id, encrypted), message);
        assert.equal(decryptMessage(decodeAesKey(key), id, second.encrypt(message)), message);
      }),
      { numRuns },
    );
  });

  it('reads the replies', () => {
    const push = { format: 'xml', isEncrypted: true, nonce: '415670741', message: sent('') } as const;
    fc.assert(
      fc.property(text, (content) => {
        const { body } = writeReply(KEYS, push, { type: 'text', content }, NOW * 1_000);
        const { Encrypt, MsgSignature, TimeStamp, Nonce } = elements(body);
        const second = secondImplementation(GIVEN);
        assert.equal(MsgSignature, second.getSignature(TimeStamp!, Nonce!, Encrypt!));
        const { message, id } = second.decrypt(Encrypt!);
        assert.equal(id, GIVEN.appId);
        const { ToUserName, FromUserName, CreateTime } = elements(message);
        assert.deepEqual([ToUserName, FromUserName, CreateTime], ['o1', 'gh_1', String(NOW)]);
      }),
      { numRuns },
    );
  });
});

/** What stands in the elements of a flat document, CDATA or not. */
function elements(xml: string): Record<string, string> {
  const found = xml.matchAll(/<(\w+)>(?:<!\[CDATA\[([^<]*)\]\]>|([^<]*))<\/\1>/g);
  return Object.fromEntries([...found].map(([, name, quoted, bare]) => [name, quoted ?? bare!]));
}

function sent(content: string): Message {
  return {
    account: 'gh_1',
    openid: 'o1',
    createdAt: NOW * 1_000,
    type: 'text',
    fields: { ToUserName: 'gh_1', FromUserName: 'o1', CreateTime: String(NOW), MsgType: 'text', Content: content },
  };
}

/** What somebody on the way may do to a text. */
interface Change {
  kind: 'replace' | 'insert' | 'remove' | 'repeat' | 'cut' | 'swap';
  at: number;
  length: number;
  inserted: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('replace', 'insert', 'remove', 'repeat', 'cut', 'swap'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 64 }),
  inserted: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
    fc.constantFrom(
      ...'<>&;/![]?"={}:,\\0159Aa+\u0000\u0002\ufffd\ud83d',
      ...[']]>', '<![CDATA[', '</xml>', '<xml>', '<a>', '<a/>', '&#65;', '<!DOCTYPE xml>', '<?x?>', '<!--', '-->'],
      ...['{"a":', '[[', 'null', 'true', '1e400', '-0', '9007199254740993', '"__proto__":', '\\u0000', '\\ud83d'],
      ...['<__proto__>x</__proto__>', '<Encrypt>', '</Encrypt>', '<MsgId>1</MsgId>', '"MsgId":{},', '"MsgType":[],'],
      ...['<MsgType><a>1</a></MsgType>', '<FromUserName>o2</FromUserName>', '"FromUserName":"o2",', '0000', '====='],
    ),
  ),
});

function changed(given: string, { kind, at, length, inserted }: Change): string {
  const start = at % (given.length + 1);
  const [before, part, after] = [
    given.slice(0, start),
    given.slice(start, start + length),
    given.slice(start + length),
  ];
  switch (kind) {
    case 'replace':
      return before + inserted + given.slice(start + inserted.length);
    case 'insert':
      return before + inserted + part + after;
    case 'remove':
      return before + after;
    case 'repeat':
      return before + part + part + after;
    case 'cut':
      return before;
    case 'swap':
      return after + part + before;
  }
}

/** What is read of a push, as far as it is used; undefined where it is refused as it should be. */
function read(keys: MessageKeys, query: PushQuery, body: string | Buffer): Message | undefined {
  try {
    const { message } = readPush(keys, query, Buffer.from(body), NOW * 1_000);
    JSON.stringify([messageView(message), scanOf(message), resultsOf(message)]);
    for (const name of [message.account, message.openid, message.type]) {
      assert.ok(typeof name === 'string' && name !== '' && name.length <= 128);
    }
    assert.ok(Number.isSafeInteger(message.createdAt));
    return message;
  } catch (error) {
    assert.ok(error instanceof ProxyError && REFUSALS.has(error.code), `${String(error)}: ${body}`);
    return undefined;
  }
}

const PUSHED: WritableFields[] = [
  { MsgType: 'text', Content: '你好 ]]> <a href="x">&amp;</a> 😀', MsgId: 24632180349211231n },
  { MsgType: 'location', Location_X: '23.134', Location_Y: '113.358', Scale: 20, Label: '广州', MsgId: 6709n },
  { MsgType: 'event', Event: 'SCAN', EventKey: 'table-7', Ticket: 'gQH47joAAAAA' },
  {
    MsgType: 'event',
    Event: 'subscribe_msg_sent_event',
    SubscribeMsgSentEvent: { List: [{ TemplateId: 't', MsgID: 17001n, ErrorCode: 0, ErrorStatus: 'success' }] },
  },
  {
    MsgType: 'event',
    Event: 'pic_weixin',
    SendPicsInfo: { Count: 2, PicList: { item: [{ PicMd5Sum: 'a' }, { PicMd5Sum: 'b' }] } },
  },
].map((fields) => ({ ToUserName: 'gh_1', FromUserName: 'o1', CreateTime: NOW, ...fields }));

const format = fc.constantFrom('xml' as const, 'json' as const);
const letterOf = (...modes: Mode[]) =>
  fc
    .record({ fields: fc.constantFrom(...PUSHED), format, mode: fc.constantFrom(...modes) })
    .map(({ fields, ...options }) => writeLetter(GIVEN, fields, { ...options, seconds: NOW }));

describe('a push that was changed on the way', () => {
  it('is, while it is not, what WeChat has sent', () => {
    for (const mode of ['plain', 'compatible', 'safe'] as const) {
      for (const fields of PUSHED) {
        const [xml, json] = (['xml', 'json'] as const).map((format) => {
          const { query, body } = writeLetter(GIVEN, fields, { format, mode, seconds: NOW });
          return read(mode === 'plain' ? PLAIN_KEYS : KEYS, query, body);
        });
        assert.equal(xml?.fields.MsgId, fields.MsgId?.toString());
        assert.equal(json?.fields.MsgId, fields.MsgId?.toString());
        assert.equal(xml?.openid, 'o1');
        assert.equal(json?.openid, 'o1');
      }
    }
  });

  it('is never believed with other content where it was encrypted', () => {
    fc.assert(
      fc.property(letterOf('safe', 'compatible'), change, ({ query, body }, how) => {
        const message = read(KEYS, query, changed(body, how));
        if (message) assert.deepEqual(message, read(KEYS, query, body));
      }),
      { numRuns },
    );
  });

  it('is never believed with another signature, time or nonce', () => {
    const name = fc.constantFrom('signature', 'msg_signature', 'timestamp', 'nonce', 'encrypt_type');
    fc.assert(
      fc.property(letterOf('plain', 'safe', 'compatible'), name, change, ({ query, body }, name, how) => {
        const given = query[name];
        const spoilt = given === undefined ? how.inserted : changed(given, how);
        const isEncrypted = query.encrypt_type === 'aes';
        const message = read(isEncrypted ? KEYS : PLAIN_KEYS, { ...query, [name]: spoilt }, body);
        if (!message) return;
        // The signature of one kind of push says nothing of the other.
        const isUnused = name === (isEncrypted ? 'signature' : 'msg_signature');
        const isStillPlain = name === 'encrypt_type' && !isEncrypted && (spoilt === '' || spoilt === 'raw');
        assert.ok(spoilt === given || isUnused || isStillPlain, `${name}=${spoilt}`);
      }),
      { numRuns },
    );
  });

  it('is never believed where parts of the ciphertext count as the nonce, or the other way round', () => {
    fc.assert(
      fc.property(letterOf('safe'), fc.integer({ min: 1, max: 128 }), fc.boolean(), ({ query, body }, count, front) => {
        const [, encrypted = ''] = /Encrypt(?:><!\[CDATA\[|":")([A-Za-z0-9+/=]+)/.exec(body) ?? [];
        assert.ok(encrypted.length > 100);
        const [moved, rest] = front
          ? [encrypted.slice(0, count), encrypted.slice(count)]
          : [encrypted.slice(-count), encrypted.slice(0, -count)];
        for (const nonce of [query.nonce + moved, moved + query.nonce, moved]) {
          for (const other of [rest, rest + query.nonce, query.nonce + rest]) {
            assert.equal(
              read(
                KEYS,
                { ...query, nonce },
                body.replace(encrypted, () => other),
              ),
              undefined,
            );
          }
        }
      }),
      { numRuns: Math.ceil(numRuns / 9) },
    );
  });

  it('is never believed unencrypted where a key is set', () => {
    fc.assert(
      fc.property(letterOf('plain', 'compatible'), fc.constantFrom('raw', '', undefined), ({ query, body }, type) => {
        const { encrypt_type: _, ...others } = query;
        assert.equal(read(KEYS, type === undefined ? others : { ...others, encrypt_type: type }, body), undefined);
      }),
      { numRuns },
    );
  });
});

describe('a ciphertext that is spoilt', () => {
  it('is refused, or decrypted to some text, whatever it is', () => {
    const spoilt = fc.oneof(
      fc.tuple(fc.constantFrom(...PUSHED), change).map(([fields, how]) => {
        return changed(secondImplementation(GIVEN).encrypt(writeBody(fields, 'json')), how);
      }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      fc.string({ unit: 'binary', maxLength: 100 }),
    );
    fc.assert(
      fc.property(spoilt, (encrypted) => {
        try {
          assert.equal(typeof decryptMessage(KEYS.aesKey!, GIVEN.appId, encrypted), 'string');
        } catch (error) {
          assert.ok(error instanceof ProxyError && REFUSALS.has(error.code), `${String(error)}: ${encrypted}`);
        }
      }),
      { numRuns },
    );
  });

  it('is refused where its length, its padding or its bytes are wrong', () => {
    const second = secondImplementation(GIVEN);
    const whole = Buffer.from(second.encrypt('x'.repeat(100)), 'base64');
    const cases: Record<string, string> = {
      nothing: '',
      'no base64': '%%%%',
      'base64 for addresses': '-_-_'.repeat(16),
      'half a block': whole.subarray(0, -8).toString('base64'),
      'a block too few': whole.subarray(0, -16).toString('base64'),
      'a block too many': Buffer.concat([whole, whole.subarray(0, 16)]).toString('base64'),
      'one block': whole.subarray(0, 16).toString('base64'),
    };
    for (const [name, encrypted] of Object.entries(cases)) {
      assert.throws(() => decryptMessage(KEYS.aesKey!, GIVEN.appId, encrypted), { code: 'decryption_failed' }, name);
    }
  });
});

describe('whatever stands inside', () => {
  /** A document that WeChat would never write, or one that it would, changed in some places. */
  const inside = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...PUSHED), format, fc.array(change, { minLength: 1, maxLength: 4 }))
        .map(([fields, format, changes]) => changes.reduce(changed, writeBody(fields, format))),
    },
    fc.json(),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .tuple(fc.constantFrom('[', '{"a":', '<a>', '<![CDATA['), fc.integer({ min: 1, max: 3_000 }))
      .map(([part, count]) => part.repeat(count)),
  );

  it('is refused, or read as a message, plain and encrypted', () => {
    fc.assert(
      fc.property(inside, format, (plain, format) => {
        const { query } = writeLetter(GIVEN, PUSHED[0]!, { seconds: NOW });
        const message = read(PLAIN_KEYS, query, plain);
        const sealed = seal(GIVEN, plain, { seconds: NOW });
        const body = writeBody({ Encrypt: sealed.encrypted }, format);
        assert.deepEqual(read(KEYS, sealed.query, body), message);
      }),
      { numRuns },
    );
  });

  it('is refused, whatever bytes they are', () => {
    const { query }: Letter = writeLetter(GIVEN, PUSHED[0]!, { seconds: NOW });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('', '{', '<xml>'), (bytes, start) => {
        assert.equal(read(PLAIN_KEYS, query, Buffer.concat([Buffer.from(start), bytes])), undefined);
      }),
      { numRuns },
    );
  });

  it('is refused, not stumbled over, where it stands too deep', () => {
    const fields = writeBody(PUSHED[0]!, 'json').slice(1);
    for (const depth of [10, 1_000, 2_000, 3_000, 4_000, 5_000, 7_000, 10_000, 20_000]) {
      const { encrypted, query } = seal(GIVEN, `{"a":${'['.repeat(depth)}${']'.repeat(depth)},${fields}`);
      assert.equal(read(KEYS, query, JSON.stringify({ Encrypt: encrypted })), undefined, `${depth}`);
    }
  });

  it('may hold what XML does not allow, since users can send it: that is left out', () => {
    // https://github.com/offu/WeRoBot/issues/420
    const document = writeBody({ ...PUSHED[0]!, Content: '\u0002a\u001dc\u0010' }, 'xml');
    for (const mode of ['plain', 'compatible', 'safe'] as const) {
      const { query, body } = writeLetter(
        GIVEN,
        { ...PUSHED[0]!, Content: '\u0002a\u001dc\u0010' },
        { mode, seconds: NOW },
      );
      assert.equal(read(mode === 'plain' ? PLAIN_KEYS : KEYS, query, body)?.fields.Content, 'ac', document);
    }
  });
});
