import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Wechat } from '../../demo/wechat/start.ts';
import { apiToken } from './api-token.ts';
import { type MessageMerchant, startMessageWorld } from './message-merchant.ts';

const ORDER = {
  first: { value: '你好，你的订单已付款。' },
  product: { value: '明前龙井 50g', color: '#07823F' },
  price: { value: '¥39.80' },
  time: { value: '2026年3月1日 10:00' },
  remark: { value: '' },
};
const SENT = {
  thing1: { value: '明前龙井 50g' },
  character_string2: { value: 'SF1234567890123' },
  time3: { value: '2026-03-01 10:00' },
};

describe('template messages', () => {
  let wechat: Wechat;
  let merchant: MessageMerchant;
  let token: string;
  let [follower, stranger] = ['', ''];
  let stop: () => Promise<void>;

  before(async () => {
    ({ wechat, merchant, follower, stranger, stop } = await startMessageWorld());
  });
  after(() => stop());
  beforeEach(async () => {
    wechat.control.reset();
    merchant.listen();
    merchant.received.length = 0;
    token = await apiToken(wechat);
  });

  async function call(path: string, body?: unknown, accessToken = token) {
    const separator = path.includes('?') ? '&' : '?';
    const answer = await fetch(`${wechat.url}/cgi-bin/${path}${separator}access_token=${accessToken}`, {
      method: body === undefined ? 'GET' : 'POST',
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    assert.equal(answer.status, 200);
    const text = await answer.text();
    return { text, json: JSON.parse(text) as Record<string, unknown> };
  }
  const template = (changes: object = {}) => ({
    touser: follower,
    template_id: wechat.orderPaidTemplateId,
    data: ORDER,
    ...changes,
  });
  const subscription = (changes: object = {}) => ({
    touser: follower,
    template_id: wechat.subscriptionTemplateId,
    data: SENT,
    ...changes,
  });
  const send = (body: unknown = template()) => call('message/template/send', body);
  const notify = (body: unknown = subscription()) => call('message/subscribe/bizsend', body);
  const errcode = async (sending: ReturnType<typeof call>) => (await sending).json.errcode;
  const cards = () =>
    wechat.control.chat(follower).filter(({ kind }) => kind === 'template' || kind === 'subscription');

  it('come as a card, and the merchant is told', async () => {
    const url = 'https://shop.example.com/order';
    const miniprogram = { appid: 'wx0123456789abcdef', pagepath: 'order?id=1' };
    const before = cards().length;
    const { text, json } = await send(template({ url, miniprogram }));
    const [, msgid = ''] = /^\{"errcode":0,"errmsg":"ok","msgid":(\d+)\}$/.exec(text)!;
    assert.notEqual(String(json.msgid), msgid, 'past 2^53');

    await wechat.control.notificationsSettled();
    const { fields } = merchant.last();
    assert.deepEqual(
      [fields.Event, fields.MsgID, fields.Status, fields.FromUserName],
      ['TEMPLATESENDJOBFINISH', msgid, 'success', follower],
    );
    assert.equal(cards().length, before + 1);
    const { id: _id, time: _time, ...card } = cards().at(-1)!;
    assert.deepEqual(card, {
      from: 'account',
      kind: 'template',
      messageId: msgid,
      templateId: wechat.orderPaidTemplateId,
      title: '购买成功通知',
      rows: [
        { key: 'first', label: '', value: '你好，你的订单已付款。' },
        { key: 'product', label: '商品', value: '明前龙井 50g', color: '#07823F' },
        { key: 'price', label: '价格', value: '¥39.80' },
        { key: 'time', label: '时间', value: '2026年3月1日 10:00' },
        { key: 'remark', label: '', value: '' },
      ],
      url,
      miniProgram: { appId: miniprogram.appid, pagePath: miniprogram.pagepath },
    });
  });

  for (const [delivery, isShown, isTold] of [
    ['failed:user block', false, true],
    ['failed: system failed', false, true],
    ['none', true, false],
  ] as const) {
    it(`end as the knob says: ${delivery}`, async () => {
      wechat.control.set({ templateDelivery: delivery });
      const before = cards().length;
      assert.equal(await errcode(send()), 0);
      await wechat.control.notificationsSettled();
      assert.equal(cards().length - before, isShown ? 1 : 0);
      assert.deepEqual(
        merchant.received.map(({ fields }) => fields.Status),
        isTold ? [delivery] : [],
      );
    });
  }

  it('come once in ten minutes for one client_msg_id and user', async () => {
    await wechat.control.follow(stranger);
    const before = cards().length;
    const clientId = 'msg_0123456789abcdef0123456789ab';
    const sendOnce = async (changes: object = {}) =>
      (await send(template({ client_msg_id: clientId, ...changes }))).text;
    const first = await sendOnce();
    assert.equal(await sendOnce({ data: { ...ORDER, price: { value: '¥1.00' } } }), first);
    assert.notEqual(await sendOnce({ touser: stranger }), first);
    await wechat.control.notificationsSettled();
    assert.equal(cards().length, before + 1);
    wechat.control.advance(601);
    assert.notEqual(await sendOnce(), first);
    assert.equal(await errcode(send(template({ client_msg_id: `${clientId}x` }))), 40097);
    assert.equal(await errcode(send(template({ client_msg_id: 7 }))), 40097);
  });

  it('are delivered though their answer is lost', async () => {
    wechat.control.fail({ path: '/cgi-bin/message/template/send', kind: 'disconnect', when: 'after' });
    const body = template({ client_msg_id: 'lost' });
    await assert.rejects(send(body), { name: 'TypeError' });
    const { text } = await send(body);
    await wechat.control.notificationsSettled();
    assert.equal(merchant.received.length, 1);
    assert.ok(text.includes(merchant.last().fields.MsgID!));
  });

  it('are refused', async () => {
    assert.equal(await errcode(call('message/template/send', template(), '')), 41001);
    assert.equal(await errcode(call('message/template/send', template(), 'x')), 40014);
    assert.equal(await errcode(call('message/template/send')), 43002);
    assert.equal(await errcode(send('x')), 47001);
    for (const touser of [undefined, '', 'o0', 1]) assert.equal(await errcode(send(template({ touser }))), 40003);
    for (const id of [undefined, 'x', wechat.subscriptionTemplateId]) {
      assert.equal(await errcode(send(template({ template_id: id }))), 40037);
    }
    assert.equal(await errcode(send(template({ touser: stranger }))), 43004);
    wechat.control.blacklist(follower);
    assert.equal(await errcode(send()), 43019);
    wechat.control.blacklist(follower, false);
    assert.equal(await errcode(send(template({ url: 'order' }))), 40048);
    assert.equal(await errcode(send(template({ miniprogram: { appid: 'x', pagepath: 'a' } }))), 40013);
    assert.equal(await errcode(send(template({ miniprogram: { appid: 'wx0123456789abcdef', pagepath: 1 } }))), 40165);
    wechat.control.set({ templatesADay: 0 });
    assert.equal(await errcode(send()), 45009);
    await wechat.control.notificationsSettled();
    assert.equal(merchant.received.length, 0);
  });

  for (const [what, data, message] of [
    ['no data', undefined, /data is empty/],
    ['a key that is missing', { ...ORDER, price: undefined }, /data\.price\.value is empty/],
    ['an empty value', { ...ORDER, price: { value: '' } }, /data\.price\.value is empty/],
    ['a bare text', { ...ORDER, price: '¥1.00' }, /data\.price\.value is empty/],
    ['a list', { ...ORDER, price: { value: ['¥1.00'] } }, /data\.price\.value invalid/],
    ['a key of another template', { ...ORDER, keyword1: { value: 'a' } }, /data\.keyword1 /],
  ] as const) {
    it(`are refused with ${what}, which is named`, async () => {
      const { json } = await send(template({ data }));
      assert.equal(json.errcode, 47003);
      assert.match(String(json.errmsg), message);
    });
  }

  it('have other templates, too', async () => {
    const added = wechat.control.addTemplate({
      id: 'kitchen',
      title: '厨房',
      content: '菜名：{{keyword1.DATA}}\n{{remark.DATA}}',
    });
    assert.deepEqual(added.keys, ['keyword1', 'remark']);
    const data = { keyword1: { value: '龙井虾仁' }, remark: { value: '少盐' } };
    assert.equal(await errcode(send(template({ template_id: 'kitchen', data }))), 0);
    assert.equal(await errcode(send(template({ template_id: 'kitchen' }))), 47003);
    assert.throws(() => wechat.control.addTemplate({ id: 'kitchen', title: 'a', keys: ['b'] }), { name: 'TypeError' });
    assert.throws(() => wechat.control.addTemplate({ title: 'a' }), { name: 'TypeError' });
    wechat.control.reset();
    assert.equal(wechat.control.templates.length, 2);
  });

  describe('for subscribers', () => {
    it('come as often as they were allowed, without a msgid', async () => {
      assert.equal(await errcode(notify()), 43101);
      wechat.control.allowSubscription(follower, wechat.subscriptionTemplateId, 2);
      const { text } = await notify(subscription({ page: 'https://shop.example.com/order' }));
      assert.equal(text, '{"errcode":0,"errmsg":"ok"}');
      await wechat.control.notificationsSettled();
      const { fields, body } = merchant.last();
      assert.deepEqual(
        [fields.Event, fields.TemplateId, fields.ErrorCode, fields.ErrorStatus],
        ['subscribe_msg_sent_event', wechat.subscriptionTemplateId, '0', 'success'],
      );
      assert.match(body, /<Encrypt>/);
      const card = cards().at(-1)!;
      assert.ok(card.kind === 'subscription' && card.messageId === fields.MsgID);
      assert.deepEqual(
        [card.title, card.url, card.rows[0]!.label],
        ['订单发货通知', 'https://shop.example.com/order', '商品名称'],
      );
      assert.equal(await errcode(notify()), 0);
      assert.equal(await errcode(notify()), 43101);
    });

    it('are told of as WeChat’s XML and JSON have it', async () => {
      wechat.control.allowSubscription(follower, wechat.subscriptionTemplateId, 2);
      merchant.listen({ mode: 'plain' });
      await notify();
      await wechat.control.notificationsSettled();
      assert.match(
        merchant.last().body,
        /<SubscribeMsgSentEvent><List><TemplateId><!\[CDATA\[[\w-]{43}\]\]><\/TemplateId><MsgID>\d+<\/MsgID><ErrorCode>0<\/ErrorCode>/,
      );
      merchant.listen({ mode: 'plain', format: 'json' });
      wechat.control.set({ templateDelivery: 'failed:user block' });
      await notify();
      await wechat.control.notificationsSettled();
      const { List, CreateTime } = JSON.parse(merchant.last().body);
      assert.deepEqual(
        Object.values(List).map((value) => typeof value),
        ['string', 'string', 'string', 'string'],
      );
      assert.deepEqual([List.ErrorStatus, typeof CreateTime], ['user block', 'string']);
    });

    it('are refused as others are, and by the kinds of their keys', async () => {
      wechat.control.allowSubscription(follower, wechat.subscriptionTemplateId);
      assert.equal(await errcode(notify(subscription({ touser: 'o0' }))), 40003);
      assert.equal(await errcode(notify(subscription({ template_id: wechat.orderPaidTemplateId }))), 40037);
      for (const [key, value] of [
        ['thing1', '二十个字以内的事物才可以这样写出来不然就会被拒绝的'],
        ['character_string2', '顺丰'],
        ['time3', 'tomorrow'],
      ] as const) {
        const { json } = await notify(subscription({ data: { ...SENT, [key]: { value } } }));
        assert.equal(json.errcode, 47003);
        assert.match(String(json.errmsg), new RegExp(`data\\.${key}\\.value invalid`));
      }
      assert.equal(await errcode(notify()), 0, 'what was refused has cost nothing');
      assert.throws(() => wechat.control.allowSubscription('o0', wechat.subscriptionTemplateId), { name: 'TypeError' });
      assert.throws(() => wechat.control.allowSubscription(follower, wechat.orderPaidTemplateId), {
        name: 'TypeError',
      });
    });
  });

  describe('beside other messages of the account', () => {
    const write = (changes: object = {}) =>
      call('message/custom/send', { touser: follower, msgtype: 'text', text: { content: '在的' }, ...changes });

    it('which it may write for two days after the user has', async () => {
      assert.equal(await errcode(write()), 45015);
      await wechat.control.say(follower, { type: 'text', content: '在吗' });
      assert.equal(await errcode(write()), 0);
      const entry = wechat.control.chat(follower).at(-1)!;
      assert.deepEqual([entry.from, entry.kind === 'text' && entry.text], ['account', '在的']);
      assert.equal(await errcode(write({ touser: stranger })), 45015);
      assert.equal(await errcode(write({ touser: 'o0' })), 40003);
      assert.equal(await errcode(write({ msgtype: 'hologram' })), 40008);
      assert.equal(await errcode(write({ text: { content: '' } })), 44004);
      assert.equal(await errcode(write({ text: { content: '茶'.repeat(683) } })), 45002);
      wechat.control.advance(3 * 86_400);
      token = await apiToken(wechat);
      assert.equal(await errcode(write()), 45015);
    });

    it('to those of whom it knows whether they follow', async () => {
      const info = async (openid: string) => (await call(`user/info?openid=${openid}`)).json;
      const { subscribe_time: time, ...follows } = await info(follower);
      assert.equal(typeof time, 'number');
      assert.deepEqual(follows, {
        subscribe: 1,
        openid: follower,
        language: 'zh_CN',
        remark: '',
        groupid: 0,
        tagid_list: [],
        subscribe_scene: 'ADD_SCENE_SEARCH',
        qr_scene: 0,
        qr_scene_str: '',
      });
      assert.deepEqual(await info(stranger), { subscribe: 0, openid: stranger, tagid_list: [] });
      assert.equal((await info('o0')).errcode, 40003);
    });
  });
});
