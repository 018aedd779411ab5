/** Template and subscription messages: taken at once, sent once, and what became of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Event, SubscriptionMessageRequest, TemplateMessageRequest } from '../../proxy/api.ts';
import { loadConfig } from '../../proxy/config.ts';
import { Inbox } from '../../proxy/messages/inbox.ts';
import { resultsOf } from '../../proxy/messages/sending-results.ts';
import { createServices } from '../../proxy/services.ts';
import { type Fields, readPush } from '../../proxy/wechat/account/message-push.ts';
import { eventually, type Harness, shareHarness, startHarness, times } from './harness.ts';
import { assertRefused } from './merchant.ts';
import { type Answer, nextMessageId, refused, startMessageServer, taken } from './message-server.ts';
import { startProcess } from './process.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const WAITS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 15 * HOUR];

const KINDS = ['template', 'subscription'] as const;
type Kind = (typeof KINDS)[number];

const OPENID = 'oABCD1234567890abcdefghijklm';
const REQUEST = { openid: OPENID, templateId: 'TEMPLATE-1_x', data: { thing1: '乌龙茶' } };
const Requests = { template: TemplateMessageRequest, subscription: SubscriptionMessageRequest };
const ACCOUNT = 'gh_0123456789ab';

const shared = shareHarness();

/** The proxy without its server, at a WeChat of the test's own; `round` does all that is due. */
async function startSending(t: TestContext) {
  const wechat = await startMessageServer(t);
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-'));
  const clock = { now: Date.parse('2026-11-22T00:00:00Z') };
  const now = () => clock.now;
  const environment = {
    ...shared.proxy.environment,
    WECHAT_API_URL: wechat.url,
    DATABASE_URL: `file:${join(folder, 'proxy.db')}`,
  };
  /** As another process on the same store has it. */
  const start = async () => {
    const services = await createServices(loadConfig(environment), { now, onError: () => {} });
    stores.push(services.store);
    return services;
  };
  const stores: { close(): Promise<void> }[] = [];
  t.after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true });
  });
  const { store, events, templateMessages, messageResults: results } = await start();
  const onError = (error: unknown) => assert.fail(error as Error);
  const onBadReply = assert.fail;
  const inbox = new Inbox({ store, events, delivery: undefined, results, now, onError, onBadReply });
  const round = async () => {
    await templateMessages.startDue();
    await templateMessages.drain();
    await results.tellDue();
  };
  return {
    ...{ wechat, clock, start, store, templateMessages, round },
    send: (kind: Kind, fields: object = {}) => {
      const request = Requests[kind].parse({ ...REQUEST, ...fields });
      return templateMessages.send({ kind, request });
    },
    async pass(milliseconds: number) {
      clock.now += milliseconds;
      await round();
    },
    /** WeChat tells what became of a message. */
    async hear(fields: Fields, openid = OPENID) {
      const whole = { CreateTime: String(Math.floor(clock.now / 1_000)), ...fields };
      const next = await inbox.receive({
        account: ACCOUNT,
        openid,
        createdAt: clock.now,
        type: 'event',
        fields: whole,
      });
      await next();
    },
    /** The oldest first. */
    async told(): Promise<{ type: Event['type']; data: Record<string, unknown> }[]> {
      const { data } = await events.list({});
      return data.map(({ type, data: told }) => ({ type, data: told })).reverse();
    },
  };
}
type Sending = Awaited<ReturnType<typeof startSending>>;

const finished = (messageId: string, status = 'success'): Fields => ({
  Event: 'TEMPLATESENDJOBFINISH',
  MsgID: messageId,
  Status: status,
});
const result = (messageId: string, templateId = REQUEST.templateId, code = '0', status = 'success') => ({
  TemplateId: templateId,
  MsgID: messageId,
  ErrorCode: code,
  ErrorStatus: status,
});
const subscriptionSent = (...results: object[]): Fields => ({
  Event: 'subscribe_msg_sent_event',
  SubscribeMsgSentEvent: { List: (results.length === 1 ? results[0] : results) as never },
});
const news: Record<Kind, (messageId: string) => Fields> = {
  template: (messageId) => finished(messageId),
  subscription: (messageId) => subscriptionSent(result(messageId)),
};

/** What is told of a message that was delivered, but for its time. */
async function assertDelivered(sending: Sending, kind: Kind, id: string, messageId: string): Promise<void> {
  const [event, ...others] = await sending.told();
  assert.deepEqual(others, []);
  assert.ok(event, 'it is told');
  const { createdAt, ...data } = event.data;
  assert.equal(event.type, 'template.delivered');
  assert.deepEqual(data, { id, kind, openid: OPENID, templateId: REQUEST.templateId, messageId });
  assert.match(String(createdAt), /^2026-11-22T/);
}

async function assertFailed(sending: Sending, failures: Record<string, object>): Promise<void> {
  const told = await sending.told();
  for (const { type } of told) assert.equal(type, 'template.failed');
  assert.deepEqual(Object.fromEntries(told.map(({ data }) => [data.id, data.failure])), failures);
  assert.equal(told.length, Object.keys(failures).length, 'once each');
}

const ROUTES: Record<Kind, string> = {
  template: '/v1/template-messages',
  subscription: '/v1/subscription-messages',
};

const LOST = {
  code: 'unknown',
  message: 'WeChat was asked, but its answer was lost; and the same message must not come twice.',
};
const later = { access_token: 'later', expires_in: 7200 };

describe('what WeChat is asked', () => {
  test('for a template message', async (t) => {
    const sending = await startSending(t);
    const data = { first: { value: '您好 😀\n"', color: '#173177' }, remark: { value: 'x' } };
    const miniProgram = { appId: 'wx0123456789abcdef', pagePath: 'pages/order?id=1' };

    const { id } = await sending.send('template', { data, url: 'https://shop.example.com/o?a=1&b=2', miniProgram });
    await sending.round();

    assert.match(id, /^msg_[0-9a-f]{32}$/);
    assert.deepEqual(sending.wechat.sent, [
      {
        kind: 'template',
        token: 'token-1',
        body: {
          touser: OPENID,
          template_id: REQUEST.templateId,
          url: 'https://shop.example.com/o?a=1&b=2',
          miniprogram: { appid: 'wx0123456789abcdef', pagepath: 'pages/order?id=1' },
          client_msg_id: id.slice('msg_'.length),
          data,
        },
      },
    ]);
    assert.ok(sending.wechat.sent[0]!.body.client_msg_id.length <= 32);
  });

  test('for a subscription message', async (t) => {
    const sending = await startSending(t);
    const data = { thing1: { value: '茶' } };

    await sending.send('subscription', { data, page: 'https://shop.example.com/o' });
    await sending.round();

    assert.deepEqual(sending.wechat.sent, [
      {
        kind: 'subscription',
        token: 'token-1',
        body: { touser: OPENID, template_id: REQUEST.templateId, page: 'https://shop.example.com/o', data },
      },
    ]);
  });

  for (const kind of KINDS) {
    test(`of a ${kind} message again at once, with a newer token, where the token is stale`, async (t) => {
      const sending = await startSending(t);
      sending.wechat.answer = ({ token }) => (token === 'token-1' ? refused(40001) : taken(nextMessageId()));

      await sending.send(kind);
      await sending.round();
      await sending.pass(HOUR);

      assert.deepEqual(
        sending.wechat.sent.map(({ token }) => token),
        ['token-1', 'token-2'],
      );
      assert.deepEqual(sending.wechat.sent[0]!.body, sending.wechat.sent[1]!.body);
      assert.deepEqual(await sending.told(), []);
    });
  }
});

describe('what WeChat refuses', () => {
  for (const kind of KINDS) {
    test(`for good is never asked for again: a ${kind} message`, async (t) => {
      const sending = await startSending(t);
      sending.wechat.answer = ({ body }) => refused(Number(body.template_id));
      const failures: Record<string, object> = {};
      for (const code of ['40003', '40037', '43004', '43019', '47003', '43101', '48001']) {
        const { id } = await sending.send(kind, { templateId: code });
        failures[id] = { code, message: refused(Number(code)).errmsg };
      }
      await sending.round();
      await assertFailed(sending, failures);
      for (const { data } of await sending.told()) {
        const { code } = data.failure as { code: string };
        assert.deepEqual([data.kind, data.openid, data.templateId, data.messageId], [kind, OPENID, code, undefined]);
      }
      await sending.pass(24 * HOUR);
      assert.equal(sending.wechat.sent.length, 7);
    });

    test(`for now is asked for on a growing schedule, nine times in all: a ${kind} message`, async (t) => {
      const sending = await startSending(t);
      sending.wechat.answer = () => refused(45009);

      const { id } = await sending.send(kind);
      await sending.round();
      for (const [index, wait] of WAITS.entries()) {
        await sending.pass(wait - 1);
        assert.equal(sending.wechat.sent.length, index + 1, 'not before its time');
        assert.deepEqual(await sending.told(), []);
        await sending.pass(1);
        assert.equal(sending.wechat.sent.length, index + 2);
      }

      await assertFailed(sending, { [id]: { code: '45009', message: refused(45009).errmsg } });
      await sending.pass(100 * HOUR);
      assert.equal(sending.wechat.sent.length, WAITS.length + 1);
      const [first, ...others] = sending.wechat.sent.map(({ body }) => body);
      for (const body of others) assert.deepEqual(body, first);
    });

    test(`for this minute (45011) is sent later: a ${kind} message`, async (t) => {
      const sending = await startSending(t);
      const messageId = nextMessageId();
      sending.wechat.answer = () => (sending.wechat.sent.length === 1 ? refused(45011) : taken(messageId));

      const { id } = await sending.send(kind);
      await sending.round();
      await sending.pass(5 * SECOND);
      await sending.hear(news[kind](messageId));

      assert.equal(sending.wechat.sent.length, 2);
      await assertDelivered(sending, kind, id, messageId);
    });
  }

  test('because it is busy (-1) is asked for a few times at once, then later', async (t) => {
    const sending = await startSending(t);
    sending.wechat.answer = () => (sending.wechat.sent.length <= 4 ? refused(-1) : taken(nextMessageId()));

    await sending.send('subscription');
    await sending.round();
    assert.equal(sending.wechat.sent.length, 4);
    await sending.pass(5 * SECOND);

    assert.equal(sending.wechat.sent.length, 5);
    assert.deepEqual(await sending.told(), []);
  });
});

describe('a message that WeChat cannot have got', () => {
  const stale = (renewed: Answer) => (sending: Sending) => {
    sending.wechat.answerToken = (count) => (count === 1 ? { access_token: 'stale', expires_in: 7200 } : renewed);
    sending.wechat.answer = ({ token }) => (token === 'stale' ? refused(42001) : taken(nextMessageId()));
  };
  const TROUBLES: Record<string, (sending: Sending) => unknown> = {
    'since nobody listens there': ({ wechat }) => wechat.down(),
    'since there is no token': ({ wechat }) => {
      wechat.answerToken = () => [500, 'down'];
    },
    'since a token is refused': ({ wechat }) => {
      wechat.answerToken = () => refused(40164);
    },
    'since its token is stale and no newer one is to be had': stale('lost'),
    'since its token is stale and a newer one is refused': stale(refused(40164)),
  };
  for (const [why, begin] of Object.entries(TROUBLES)) {
    test(`${why}, is sent when it can be, of either kind`, async (t) => {
      const sending = await startSending(t);
      await begin(sending);
      for (const kind of KINDS) await sending.send(kind);
      await sending.round();
      for (const wait of WAITS.slice(0, 5)) await sending.pass(wait);
      assert.deepEqual(await sending.told(), []);

      await sending.wechat.up();
      sending.wechat.answerToken = () => later;
      await sending.pass(2 * HOUR);
      await sending.pass(24 * HOUR);

      const accepted = sending.wechat.sent.filter(({ token }) => token === 'later').map(({ kind }) => kind);
      assert.deepEqual(accepted.sort(), KINDS.toSorted());
      assert.deepEqual(await sending.told(), []);
    });
  }

  test('fails at last, with the reason', async (t) => {
    const sending = await startSending(t);
    await sending.wechat.down();
    const { id } = await sending.send('subscription');
    await sending.round();
    for (const wait of WAITS) await sending.pass(wait);

    await assertFailed(sending, {
      [id]: { code: 'wechat_unavailable', message: 'WeChat did not answer (ECONNREFUSED).' },
    });
  });
});

/** What leaves open whether WeChat has taken the message. */
const LOST_ANSWERS: Record<string, Answer> = {
  dropped: 'lost',
  'of-a-gateway': [502, '<html>Bad Gateway</html>'],
  'with-another-status': [500, '{"errcode":0,"msgid":1}'],
  'cut-off': '{"errcode":0,"msgi',
  'no-object': '[]',
};

describe('an answer that is lost', () => {
  test('has WeChat asked again for a template message, under its id, and so sent once', async (t) => {
    const sending = await startSending(t);
    const ids: string[] = [];
    for (const templateId of Object.keys(LOST_ANSWERS)) ids.push((await sending.send('template', { templateId })).id);

    sending.wechat.answer = ({ body }) => LOST_ANSWERS[body.template_id]!;
    await sending.round();
    sending.wechat.answer = () => taken(nextMessageId());
    await sending.pass(5 * SECOND);
    await sending.pass(24 * HOUR);

    const asked = sending.wechat.sent.map(({ body }) => `msg_${body.client_msg_id}`);
    assert.deepEqual(asked.toSorted(), [...ids, ...ids].sort());
    assert.deepEqual(await sending.told(), []);
  });

  test('has a subscription message fail where WeChat tells nothing of it: it is asked for once', async (t) => {
    const sending = await startSending(t);
    const failures: Record<string, object> = {};
    for (const templateId of Object.keys(LOST_ANSWERS))
      failures[(await sending.send('subscription', { templateId })).id] = LOST;

    sending.wechat.answer = ({ body }) => LOST_ANSWERS[body.template_id]!;
    await sending.round();
    assert.deepEqual(await sending.told(), []);
    await sending.pass(MINUTE);
    await assertFailed(sending, failures);
    await sending.pass(24 * HOUR);

    assert.equal(sending.wechat.sent.length, Object.keys(LOST_ANSWERS).length);
    await assertFailed(sending, failures);
  });

  for (const [what, then] of [
    ['whatever happens', 'lost'],
    ['though WeChat then has too much to do', refused(45009)],
  ] as const) {
    test(`a template message is never asked for after ten minutes, ${what}`, async (t) => {
      const sending = await startSending(t);
      const asked: number[] = [];
      sending.wechat.answer = () => {
        asked.push(sending.clock.now);
        return asked.length === 1 ? 'lost' : then;
      };

      const { id } = await sending.send('template');
      for (const _ of times(60, Number)) await sending.pass(30 * SECOND);
      for (const _ of times(30, Number)) await sending.pass(HOUR);

      assert.ok(asked.length >= 4, `${asked.length} tries`);
      assert.ok(asked.at(-1)! - asked[0]! < 10 * MINUTE, 'while WeChat knows it');
      await assertFailed(sending, { [id]: LOST });
    });
  }

  test('a template message has its ten minutes from when WeChat may have got it, not from when it was asked in vain', async (t) => {
    const sending = await startSending(t);
    const messageId = nextMessageId();
    await sending.wechat.down();
    const { id } = await sending.send('template');
    await sending.round();
    for (const wait of WAITS.slice(0, 5)) await sending.pass(wait);

    await sending.wechat.up();
    sending.wechat.answer = () => (sending.wechat.sent.length === 1 ? 'lost' : taken(messageId));
    await sending.pass(2 * HOUR);
    await sending.pass(MINUTE);

    assert.equal(sending.wechat.sent.length, 2);
    await sending.hear(finished(messageId));
    await assertDelivered(sending, 'template', id, messageId);
  });

  test('a subscription message whose result WeChat tells has been delivered', async (t) => {
    const sending = await startSending(t);
    const messageId = nextMessageId();
    sending.wechat.answer = () => 'lost';

    const { id } = await sending.send('subscription');
    await sending.round();
    await sending.hear(subscriptionSent(result(messageId)));
    await sending.pass(MINUTE);
    await sending.pass(MINUTE);

    await assertDelivered(sending, 'subscription', id, messageId);
  });

  test('a template message whose result comes before WeChat has been asked again is told with its id', async (t) => {
    const sending = await startSending(t);
    const messageId = nextMessageId();
    sending.wechat.answer = () => (sending.wechat.sent.length <= 3 ? 'lost' : taken(messageId));

    const { id } = await sending.send('template');
    await sending.round();
    await sending.hear(finished(messageId));
    for (const wait of WAITS.slice(0, 3)) await sending.pass(wait);

    assert.equal(sending.wechat.sent.length, 4);
    await assertDelivered(sending, 'template', id, messageId);
  });
});

describe('several proxies on one store', () => {
  for (const kind of KINDS) {
    test(`send each ${kind} message once`, async (t) => {
      const sending = await startSending(t);
      const others = await Promise.all(times(2, async () => (await sending.start()).templateMessages));
      const all = [sending.templateMessages, ...others];
      const ids = await Promise.all(times(30, () => sending.send(kind)));

      for (const _ of times(6, Number)) {
        await Promise.all(all.map((one) => one.startDue()));
        await Promise.all(all.map((one) => one.drain()));
      }

      assert.equal(sending.wechat.sent.length, ids.length);
      if (kind === 'template')
        assert.equal(new Set(sending.wechat.sent.map(({ body }) => body.client_msg_id)).size, 30);
      await sending.pass(24 * HOUR);
      assert.equal(sending.wechat.sent.length, ids.length);
    });
  }

  test('leave a message to the one that is sending it, and take it over where that one is gone', async (t) => {
    const sending = await startSending(t);
    const dead = (await sending.start()).templateMessages;
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const hanging = new Promise<Answer>(() => {});
    sending.wechat.answer = () => {
      if (sending.wechat.sent.length === 2) arrive();
      return hanging;
    };
    const template = await sending.send('template');
    const subscription = await sending.send('subscription');
    await dead.startDue();
    await arrived;

    sending.wechat.answer = () => taken(nextMessageId());
    for (let round = 1; round <= 5; round++) {
      await sending.pass(10_000);
      await dead.startDue();
    }
    assert.equal(sending.wechat.sent.length, 2, 'not while it is under way');
    await sending.pass(20_000);

    const again = sending.wechat.sent.slice(2);
    assert.deepEqual(
      again.map(({ kind, body }) => [kind, body.client_msg_id]),
      [['template', template.id.slice(4)]],
    );
    await assertFailed(sending, { [subscription.id]: LOST });
  });
});

describe('what became of a message', () => {
  for (const kind of KINDS) {
    test(`may be told before WeChat has answered: a ${kind} message`, async (t) => {
      const sending = await startSending(t);
      const messageId = nextMessageId();
      sending.wechat.answer = async () => {
        await sending.hear(news[kind](messageId));
        return taken(messageId);
      };

      const { id } = await sending.send(kind);
      await sending.round();
      await sending.pass(HOUR);

      await assertDelivered(sending, kind, id, messageId);
    });

    test(`is told once, though WeChat repeats it: a ${kind} message`, async (t) => {
      const sending = await startSending(t);
      const messageId = nextMessageId();
      sending.wechat.answer = () => taken(messageId);

      const { id } = await sending.send(kind);
      await sending.round();
      await sending.hear(news[kind](messageId));
      await sending.hear(news[kind](messageId));
      sending.clock.now += HOUR;
      await sending.hear(news[kind](messageId));
      await sending.pass(HOUR);

      await assertDelivered(sending, kind, id, messageId);
    });
  }

  test('is known where the answer to a subscription message bears no number, as older ones do', async (t) => {
    const sending = await startSending(t);
    sending.wechat.answer = () => ({ errcode: 0, errmsg: 'ok' });
    const first = await sending.send('subscription');
    await sending.round();
    const other = await sending.send('subscription', { templateId: 'OTHER' });
    const foreign = await sending.send('subscription', { openid: 'oSomebodyElse' });
    await sending.pass(SECOND);
    const second = await sending.send('subscription');
    await sending.pass(SECOND);
    const numbers = times(2, nextMessageId);

    await sending.hear(subscriptionSent(result(numbers[0]!), result('7', 'OTHER', '43101', 'user refuse')));
    await sending.hear(subscriptionSent(result('8')), 'oSomebodyElse');
    await sending.hear(subscriptionSent(result(numbers[1]!)));

    const told = (await sending.told()).map(({ data }) => [data.id, { number: data.messageId, failure: data.failure }]);
    assert.equal(told.length, 4);
    assert.deepEqual(Object.fromEntries(told), {
      [first.id]: { number: numbers[0], failure: undefined },
      [other.id]: { number: '7', failure: { code: '43101', message: 'user refuse' } },
      [foreign.id]: { number: '8', failure: undefined },
      [second.id]: { number: numbers[1], failure: undefined },
    });
  });

  test('may be told before an answer without a number', async (t) => {
    const sending = await startSending(t);
    const messageId = nextMessageId();
    sending.wechat.answer = async () => {
      await sending.hear(subscriptionSent(result(messageId)));
      return { errcode: 0, errmsg: 'ok' };
    };

    const { id } = await sending.send('subscription');
    await sending.round();
    await sending.pass(HOUR);

    await assertDelivered(sending, 'subscription', id, messageId);
  });

  test('is a failure with a code for each of WeChat’s reasons', async (t) => {
    const sending = await startSending(t);
    const failures: Record<string, object> = {};
    for (const [status, code] of [
      ['failed:user block', 'user_block'],
      ['failed: system failed', 'system_failed'],
      ['failed:', 'failed'],
      ['failed', 'failed'],
      ['blocked?', 'blocked'],
    ] as const) {
      const messageId = nextMessageId();
      sending.wechat.answer = () => taken(messageId);
      const { id } = await sending.send('template');
      await sending.round();
      await sending.hear(finished(messageId, status));
      failures[id] = { code, message: status };
      const { data } = (await sending.told()).find((event) => event.data.id === id)!;
      assert.equal(data.messageId, messageId);
    }
    await assertFailed(sending, failures);
  });

  test('that others have sent is told without an id, after a while, once each', async (t) => {
    const sending = await startSending(t);
    const numbers = times(25, nextMessageId);
    for (const number of numbers) await sending.hear(finished(number, 'failed:user block'));
    await sending.hear(subscriptionSent(result('9', 'THEIRS')));
    await sending.pass(59 * SECOND);
    assert.deepEqual(await sending.told(), []);

    await sending.pass(SECOND);

    const told = await sending.told();
    assert.deepEqual(told.map(({ data }) => data.messageId).sort(), [...numbers, '9'].sort());
    const { createdAt, ...last } = told.find(({ data }) => data.messageId === '9')!.data;
    assert.deepEqual(last, { kind: 'subscription', openid: OPENID, templateId: 'THEIRS', messageId: '9' });
    const { createdAt: _, ...first } = told.find(({ data }) => data.messageId === numbers[0])!.data;
    const failure = { code: 'user_block', message: 'failed:user block' };
    assert.deepEqual(first, { kind: 'template', openid: OPENID, messageId: numbers[0], failure });
    await sending.pass(HOUR);
    assert.equal((await sending.told()).length, 26);
  });
});

/** As WeChat's documents show them, but for openids and numbers. */
describe('news as WeChat writes them', () => {
  const HEAD = '<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName>';
  const entry = (number: string, code: number, status: string) =>
    `<List><TemplateId><![CDATA[T-${code}]]></TemplateId><MsgID>${number}</MsgID><ErrorCode>${code}</ErrorCode><ErrorStatus><![CDATA[${status}]]></ErrorStatus></List>`;
  const inXml = (event: string, rest: string) =>
    `<xml>${HEAD}<CreateTime>1620963428</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[${event}]]></Event>${rest}</xml>`;
  const inJson = (event: string, rest: string) =>
    `{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1620963428,"MsgType":"event","Event":"${event}",${rest}}`;
  const listed = (number: string, code: string, status: string) =>
    `{"TemplateId":"T-${code}","MsgID":"${number}","ErrorCode":"${code}","ErrorStatus":"${status}"}`;
  const SENT = 'subscribe_msg_sent_event';
  const one = [{ messageId: '1864323726461255680', templateId: 'T-0', failure: undefined }];
  const two = [
    ...one,
    { messageId: '9007199254740993', templateId: 'T-43101', failure: { code: '43101', message: 'no' } },
  ];
  const NUMBERS = ['1864323726461255680', '9007199254740993'] as const;
  const [first, second] = [entry(NUMBERS[0], 0, 'success'), entry(NUMBERS[1], 43101, 'no')];
  const job = [
    { messageId: NUMBERS[1], templateId: undefined, failure: { code: 'user_block', message: 'failed:user block' } },
  ];

  for (const [what, body, expected] of [
    ['one result in XML', inXml(SENT, `<SubscribeMsgSentEvent>${first}</SubscribeMsgSentEvent>`), one],
    ['two results in XML', inXml(SENT, `<SubscribeMsgSentEvent>${first}${second}</SubscribeMsgSentEvent>`), two],
    ['one result in JSON', inJson(SENT, `"List":${listed(NUMBERS[0], '0', 'success')}`), one],
    [
      'two results in JSON',
      inJson(SENT, `"List":[${listed(NUMBERS[0], '0', 'success')},${listed(NUMBERS[1], '43101', 'no')}]`),
      two,
    ],
    [
      'results in JSON whose numbers are numbers',
      inJson(SENT, `"SubscribeMsgSentEvent":{"List":[{"TemplateId":"T-0","MsgID":${NUMBERS[0]},"ErrorCode":0}]}`),
      one,
    ],
    [
      'a template message in XML',
      inXml('TEMPLATESENDJOBFINISH', `<MsgID>${NUMBERS[1]}</MsgID><Status><![CDATA[failed:user block]]></Status>`),
      job,
    ],
    [
      'a template message in JSON',
      inJson('TEMPLATESENDJOBFINISH', `"MsgID":${NUMBERS[1]},"Status":"failed:user block"`),
      job,
    ],
    ['results without numbers', inXml(SENT, '<SubscribeMsgSentEvent><List></List></SubscribeMsgSentEvent>'), []],
    ['a list that is none', inJson(SENT, '"List":"none"'), []],
    ['a template message without a number', inXml('TEMPLATESENDJOBFINISH', '<Status>success</Status>'), []],
    [
      'another event',
      inXml('subscribe_msg_popup_event', `<SubscribeMsgPopupEvent>${first}</SubscribeMsgPopupEvent>`),
      [],
    ],
  ] as const) {
    test(what, () => {
      const [token, timestamp, nonce] = ['AAAAA', '1620963428', '486452656'];
      const signature = createHash('sha1').update([token, timestamp, nonce].sort().join('')).digest('hex');
      const keys = { appId: 'wx1', token, aesKey: undefined };
      const query = { signature, timestamp, nonce };
      const { message } = readPush(keys, query, Buffer.from(body), Number(timestamp) * 1_000);

      const results = resultsOf(message);

      for (const { kind, openid } of results)
        assert.deepEqual([kind, openid], [body.includes('TEMPLATESEND') ? 'template' : 'subscription', 'o1']);
      assert.deepEqual(
        results.map(({ messageId, templateId, failure }) => ({ messageId, templateId, failure })),
        expected,
      );
    });
  }
});

describe('over HTTP', () => {
  const WRONG: [fields: string, what: object][] = [
    ['openid', { openid: undefined }],
    ['openid', { openid: 'two words' }],
    ['openid', { openid: 'o'.repeat(129) }],
    ['openid', { openid: ['o1'] }],
    ['templateId', { templateId: undefined }],
    ['templateId', { templateId: '' }],
    ['templateId', { templateId: '../x' }],
    ['data', { data: undefined }],
    ['data', { data: {} }],
    ['data', { data: [] }],
    ['data', { data: 'first' }],
    ['data', { data: Object.fromEntries(times(33, (index) => [`thing${index}`, 'x'])) }],
    ['data.first.value', { data: { first: '' } }],
    ['data.first.value', { data: { first: 'x'.repeat(2001) } }],
    ['data.first.value', { data: { first: 'a\0b' } }],
    ['data.first.value', { data: { first: '\ud800' } }],
    ['data.first', { data: { first: 1 } }],
    ['data.first', { data: { first: null } }],
    ['data.first.value', { data: { first: {} } }],
    ['data.first.color', { data: { first: { value: 'x', color: 'red' } } }],
    ['data.first.extra', { data: { first: { value: 'x', extra: 1 } } }],
    ['data.1st', { data: { '1st': 'x' } }],
    ['data.a.b', { data: { 'a.b': 'x' } }],
    ['miniProgram', { miniProgram: 'wx0123456789abcdef' }],
    ['miniProgram.appId', { miniProgram: { appId: 'gh_1' } }],
    ['miniProgram.pagePath', { miniProgram: { appId: 'wx0123456789abcdef', pagePath: '' } }],
    ['extra', { extra: 1 }],
    ['client_msg_id', { client_msg_id: 'mine' }],
  ];
  for (const kind of KINDS) {
    test(`a wrong ${kind} message is refused, each wrong field by its path, and WeChat is not asked`, async () => {
      const { proxy } = shared;
      const address = kind === 'template' ? 'url' : 'page';
      const foreign = kind === 'template' ? 'page' : 'url';
      const request = { ...REQUEST, openid: 'oWrong', templateId: 'WRONG' };
      for (const [field, wrong] of [
        ...WRONG,
        [address, { [address]: 'javascript:alert(1)' }],
        [address, { [address]: `https://shop.example.com/${'a'.repeat(2048)}` }],
        [foreign, { [foreign]: 'https://shop.example.com/' }],
      ] as const) {
        const reply = await proxy.merchant('POST', ROUTES[kind], { ...request, ...wrong });
        assertRefused(reply, 'invalid_request', 400);
        const fields = reply.json.errors.map((error: { field: string }) => error.field);
        assert.deepEqual(fields, [field], JSON.stringify(wrong).slice(0, 80));
      }
      const { data } = (await proxy.merchant('GET', '/v1/events')).json;
      assert.doesNotMatch(JSON.stringify([data, proxy.wechat.calls]), /oWrong|WRONG/);
    });

    test(`the largest ${kind} message is taken as it is`, async () => {
      const { proxy } = shared;
      const data = Object.fromEntries(times(32, (index) => [`thing_${'k'.repeat(50)}${index}`, '茶'.repeat(1000)]));
      const miniProgram = { appId: 'wx0123456789abcdef' };
      const reply = await proxy.merchant('POST', ROUTES[kind], { ...REQUEST, data, miniProgram });
      assert.equal(reply.status, 202, reply.text);
      assert.deepEqual(Object.keys(reply.json), ['id']);
    });
  }

  const DELIVERIES = [
    ['success', 'xml'],
    ['failed:user block', 'json'],
    ['failed: system failed', 'xml'],
    ['success', 'json'],
  ] as const;
  for (const kind of KINDS) {
    test(`what becomes of ${kind} messages is told, to the last digit of their numbers`, async () => {
      const { proxy } = shared;
      const { WECHAT_MESSAGE_TOKEN: token, WECHAT_MESSAGE_AES_KEY: aesKey } = proxy.environment;
      const { control } = proxy.wechat;
      const { openid } = control.users[0]!;
      const { id: templateId, keys } = control.templates.find((template) => template.kind === kind)!;
      const data = Object.fromEntries(keys.map((key) => [key, key.startsWith('time') ? '2026-11-22' : 'SF123']));
      for (const [delivery, format] of DELIVERIES) {
        const messagePush = {
          url: `${proxy.url}/wechat/messages`,
          token: token!,
          aesKey: aesKey!,
          mode: 'safe',
          format,
        };
        control.set({ messagePush: messagePush as never, templateDelivery: delivery });
        if (kind === 'subscription') control.allowSubscription(openid, templateId);

        const { json } = await proxy.merchant('POST', ROUTES[kind], { openid, templateId, data });
        const event = await eventually(() => eventOf(proxy, json.id), `${delivery}, in ${format}, is told`);

        const isDelivered = delivery === 'success';
        assert.equal(event.type, isDelivered ? 'template.delivered' : 'template.failed', JSON.stringify(event));
        assert.equal('failure' in event.data, !isDelivered);
        const messageId = String(event.data.messageId);
        assert.ok(Number(messageId) > Number.MAX_SAFE_INTEGER);
        const cards = control.chat(openid).map((entry) => ('messageId' in entry ? entry.messageId : undefined));
        assert.equal(cards.includes(messageId), isDelivered);
      }
    });
  }
});

async function eventOf(proxy: Harness, id: string): Promise<Event | undefined> {
  const { data } = (await proxy.merchant('GET', '/v1/events')).json;
  return data.find((event: Event) => event.data.id === id);
}

test('a message is taken though WeChat is away, and kill -9 while WeChat is asked does not send it twice', async (t) => {
  const wechat = await startMessageServer(t);
  let ahead = 0;
  const proxy = await startHarness(t, {
    environment: { WECHAT_API_URL: wechat.url },
    now: () => Date.now() + ahead,
  });
  await proxy.stop();
  const served = await startProcess(t, proxy.environment);
  await wechat.down();
  const ids: Record<string, string> = {};
  for (const kind of KINDS) {
    const { status, json } = await proxy.merchant('POST', ROUTES[kind], REQUEST);
    assert.equal(status, 202);
    assert.deepEqual(Object.keys(json), ['id']);
    assert.match(json.id, /^msg_[0-9a-f]{32}$/);
    ids[kind] = json.id;
  }
  wechat.answer = () => new Promise<Answer>(() => {});
  await wechat.up();
  await eventually(() => wechat.sent.length === 2, 'WeChat is asked for both', 15_000);
  await served.end('SIGKILL');

  wechat.answer = () => taken(nextMessageId());
  ahead = 3 * MINUTE;
  await proxy.restart();
  const failed = await eventually(() => eventOf(proxy, ids.subscription!), 'the subscription message is given up');
  await eventually(() => wechat.sent.length === 3, 'the template message is asked for again');

  assert.deepEqual(failed.data.failure, LOST);
  const asked = wechat.sent.flatMap(({ kind, body }) => (kind === 'template' ? [`msg_${body.client_msg_id}`] : []));
  assert.deepEqual(asked, [ids.template, ids.template]);
});
