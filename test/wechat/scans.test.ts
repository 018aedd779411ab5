import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Wechat } from '../../demo/wechat/start.ts';
import { apiToken } from './api-token.ts';
import { type MessageMerchant, startMessageWorld, xml } from './message-merchant.ts';

const ACCOUNT = { name: '栖云茶铺' };

describe('scans of codes with a scene', () => {
  let wechat: Wechat;
  let merchant: MessageMerchant;
  let [follower, stranger] = ['', ''];
  let stop: () => Promise<void>;

  before(async () => {
    ({ wechat, merchant, follower, stranger, stop } = await startMessageWorld());
    wechat.control.signIn('p2', stranger);
  });
  after(() => stop());
  beforeEach(() => {
    wechat.control.reset();
    merchant.listen();
    merchant.received.length = 0;
    merchant.answer = () => 'success';
  });

  async function newCode(scene: number | string): Promise<{ url: string; ticket: string }> {
    const isNumber = typeof scene === 'number';
    const answer = await fetch(`${wechat.url}/cgi-bin/qrcode/create?access_token=${await apiToken(wechat)}`, {
      method: 'POST',
      body: JSON.stringify({
        expire_seconds: 600,
        action_name: isNumber ? 'QR_SCENE' : 'QR_STR_SCENE',
        action_info: { scene: isNumber ? { scene_id: scene } : { scene_str: scene } },
      }),
    });
    return (await answer.json()) as { url: string; ticket: string };
  }
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely.
  const ask = async (path: string, body: object): Promise<any> =>
    (await fetch(`${wechat.url}/client/${path}`, { method: 'POST', body: JSON.stringify(body) })).json();

  it('open the chat for a follower, and the merchant hears the scene', async () => {
    const { url, ticket } = await newCode('shop-window');
    merchant.answer = ({ fields }) =>
      merchant.seal(
        xml({
          ToUserName: fields.FromUserName!,
          FromUserName: fields.ToUserName!,
          CreateTime: Math.floor(wechat.control.now() / 1000),
          MsgType: 'text',
          Content: '欢迎再来',
        }),
      );
    assert.deepEqual(await wechat.control.scan(url), { kind: 'chat', account: ACCOUNT });
    const { fields } = merchant.last();
    assert.deepEqual(
      [fields.MsgType, fields.Event, fields.EventKey, fields.Ticket, fields.FromUserName, fields.MsgId],
      ['event', 'SCAN', 'shop-window', ticket, follower, undefined],
    );
    const [scanned, answered] = wechat.control.chat(follower).slice(-2);
    assert.ok(scanned!.kind === 'note' && scanned!.note === 'scanned');
    assert.ok(answered!.kind === 'text' && answered!.text === '欢迎再来');
  });

  for (const scene of [123, 'shop-window']) {
    it(`let a stranger follow first: ${scene}`, async () => {
      const { url, ticket } = await newCode(scene);
      const answer = await ask('scan', { phone: 'p2', text: url });
      assert.deepEqual(answer, { kind: 'follow-page', account: ACCOUNT, ticket });
      assert.equal(merchant.received.length, 0, 'nobody has followed yet');

      assert.deepEqual(await ask('follow', { phone: 'p2', ticket }), { following: true });
      await wechat.control.notificationsSettled();
      const { fields } = merchant.last();
      assert.deepEqual(
        [fields.Event, fields.EventKey, fields.Ticket, fields.FromUserName],
        ['subscribe', `qrscene_${scene}`, ticket, stranger],
      );
      assert.equal(wechat.control.isFollowing(stranger), true);
      const info = await fetch(
        `${wechat.url}/cgi-bin/user/info?openid=${stranger}&access_token=${await apiToken(wechat)}`,
      );
      const {
        subscribe_scene: way,
        qr_scene: number,
        qr_scene_str: text,
      } = (await info.json()) as Record<string, unknown>;
      assert.deepEqual([way, number || text], ['ADD_SCENE_QR_CODE', scene]);

      assert.deepEqual(await ask('scan', { phone: 'p2', text: url }), { kind: 'chat', account: ACCOUNT });
      assert.equal(merchant.last().fields.Event, 'SCAN');
      await wechat.control.follow(stranger);
      assert.equal(merchant.received.length, 2, 'who follows cannot follow again');
    });
  }

  it('can be done by ticket, and follow with one', async () => {
    const { ticket } = await newCode(7);
    assert.equal((await wechat.control.scan(ticket, { phone: 'p2' })).kind, 'follow-page');
    await wechat.control.follow(stranger, { ticket });
    assert.equal(merchant.last().fields.EventKey, 'qrscene_7');
    await assert.rejects(wechat.control.follow(stranger, { ticket: 'x' }), { name: 'TypeError' });
    const answer = await fetch(`${wechat.url}/client/follow`, { method: 'POST', body: '{"phone":"p2","ticket":"x"}' });
    assert.equal(answer.status, 400);
  });

  it('tell when a code has expired, or never was', async () => {
    const { url } = await newCode(1);
    wechat.control.advance(601);
    assert.deepEqual(await wechat.control.scan(url), { kind: 'refused', message: '二维码已过期' });
    const never = 'http://weixin.qq.com/q/02nothing';
    assert.deepEqual(await wechat.control.scan(never), { kind: 'refused', message: '二维码已失效' });
    assert.equal(merchant.received.length, 0);
  });

  it('find the codes in view', async () => {
    const { url } = await newCode('table-7');
    const codes = (await (await fetch(`${wechat.url}/client/codes`)).json()) as Record<string, unknown>[];
    const { createdAt, expiresAt, ...code } = codes.find(({ codeUrl }) => codeUrl === url)!;
    assert.deepEqual(code, { codeUrl: url, description: 'table-7', total: null, state: 'SCENE' });
    assert.equal(Date.parse(String(expiresAt)) - Date.parse(String(createdAt)), 600_000);
  });
});
