import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { apiToken } from './api-token.ts';
import type { Json } from './merchant.ts';

const PAGE = 'http://127.0.0.1:8788/tea/longjing';
const FUNCTIONS = ['updateAppMessageShareData', 'updateTimelineShareData'];
const CARD = {
  title: '明前龙井',
  desc: '西湖边的第一采',
  link: 'http://127.0.0.1:8788/tea/longjing',
  imgUrl: 'https://shop.example.com/icon.png',
};

describe('share cards', () => {
  let wechat: Wechat;
  let ticket: string;
  let page: string;

  before(async () => {
    wechat = await startWechat();
    const [, second] = wechat.control.users;
    wechat.control.signIn('p2', second!.openid);
    const query = `access_token=${await apiToken(wechat)}&type=jsapi`;
    const answer = await fetch(`${wechat.url}/cgi-bin/ticket/getticket?${query}`);
    ticket = ((await answer.json()) as { ticket: string }).ticket;
  });
  after(() => wechat.stop());
  beforeEach(() => {
    wechat.control.reset();
    page = randomUUID();
  });

  async function invoke(name: string, args: object, url = PAGE): Promise<string> {
    const answer = await fetch(`${wechat.url}/client/invoke`, {
      method: 'POST',
      body: JSON.stringify({ phone: 'p1', page, platform: 'android', name, args, url, landingUrl: PAGE }),
    });
    return ((await answer.json()) as { err_msg: string }).err_msg;
  }

  /** `wx.config`, as the SDK hands it over. */
  function configure(changes: object = {}): Promise<string> {
    const timestamp = String(Math.floor(wechat.control.now() / 1000));
    const text = `jsapi_ticket=${ticket}&noncestr=abc&timestamp=${timestamp}&url=${PAGE}`;
    const appId = wechat.environment.WECHAT_APP_ID;
    return invoke('preVerifyJSAPI', {
      verifyJsApiList: FUNCTIONS,
      ...{ appId, verifyAppId: appId, verifySignType: 'sha1', verifyTimestamp: timestamp, verifyNonceStr: 'abc' },
      verifySignature: createHash('sha1').update(text).digest('hex'),
      ...changes,
    });
  }

  async function setCards(card: object = CARD, url?: string): Promise<void> {
    assert.equal(await configure(), 'preVerifyJSAPI:ok');
    for (const name of FUNCTIONS) assert.equal(await invoke(name, card, url), `${name}:ok`);
  }

  const share = async (changes: object): Promise<Json> => {
    const body = { phone: 'p1', page, url: PAGE, title: '栖云茶铺', ...changes };
    const answer = await fetch(`${wechat.url}/client/shares`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 201);
    return answer.json();
  };
  const read = async (path: string): Promise<Json> => (await fetch(`${wechat.url}/client/${path}`)).json();

  it('are set by pages that have configured the JS-SDK for it', async () => {
    for (const name of FUNCTIONS) assert.equal(await invoke(name, CARD), 'system:access_denied');
    await configure({ verifyJsApiList: ['chooseImage'] });
    assert.equal(await invoke(FUNCTIONS[0]!, CARD), 'system:access_denied');

    await setCards();
    const { functions, friend, moments } = await read(`pages/${page}`);
    assert.deepEqual(functions, FUNCTIONS);
    const { time: _time, ...set } = friend;
    const { title, link, imgUrl: icon, desc: description } = CARD;
    assert.deepEqual(set, { title, description, link, icon, url: PAGE });
    assert.equal(moments.description, undefined);
    page = randomUUID();
    assert.deepEqual(await read(`pages/${page}`), { page, functions: [], openTags: [], friend: null, moments: null });
  });

  it('go to a friend with a description, to Moments without', async () => {
    await setCards();
    const [me, friend] = wechat.control.users;
    const sent = await share({ to: 'friend' });
    const { title, link, imgUrl: icon, desc: description } = CARD;
    assert.deepEqual([sent.from, sent.friend], [me, friend]);
    assert.deepEqual(sent.card, { title, description, link, icon, bare: false });
    const posted = await share({ to: 'moments', text: '好茶' });
    assert.deepEqual([posted.text, posted.card], ['好茶', { title, link, icon, bare: false }]);

    const seen = (await read('shares?phone=p2')).map(({ id }: { id: string }) => id);
    assert.deepEqual(seen.slice(0, 2), [posted.id, sent.id]);
    const third = wechat.control.users[2]!;
    wechat.control.signIn('p3', third.openid);
    assert.deepEqual(
      wechat.control.shares('p3').map(({ to }) => to),
      ['moments'],
    );
    const { friend: chosen } = await share({ to: 'friend', friend: third.openid });
    assert.deepEqual(chosen, third);
    assert.equal(wechat.control.shares().length, 3);
  });

  it('are bare links where nothing is set for the present address', async () => {
    assert.deepEqual((await share({ to: 'friend' })).card, { title: '栖云茶铺', link: PAGE, bare: true });
    await setCards();
    const url = `${PAGE}/reviews`;
    assert.deepEqual((await share({ to: 'friend', url, title: '' })).card, { title: url, link: url, bare: true });
    assert.equal((await share({ to: 'friend' })).card.bare, false);
    await setCards({ ...CARD, title: '评价' }, url);
    assert.equal((await share({ to: 'moments', url })).card.title, '评价');
  });

  for (const [what, changes, reason] of [
    ['no title', { title: '' }, 'invalid title'],
    ['no link', { link: undefined }, 'invalid link'],
    ['a relative link', { link: '/tea' }, 'invalid link'],
    ['a link of another site', { link: 'https://example.com/' }, 'link must be in js secure domain list'],
    ['a relative icon', { imgUrl: '/icon.png' }, 'invalid imgUrl'],
    ['an icon as data', { imgUrl: 'data:image/png;base64,AAAA' }, 'invalid imgUrl'],
    ['an icon over http', { imgUrl: 'http://shop.example.com/icon.png' }, 'invalid imgUrl'],
  ] as const) {
    it(`are refused with ${what}`, async () => {
      await configure();
      for (const name of FUNCTIONS) assert.equal(await invoke(name, { ...CARD, ...changes }), `${name}:fail_${reason}`);
      const { friend, moments } = await read(`pages/${page}`);
      assert.deepEqual([friend, moments], [null, null]);
    });
  }

  it('may have no icon', async () => {
    await setCards({ ...CARD, imgUrl: undefined });
    assert.equal((await share({ to: 'friend' })).card.icon, undefined);
  });

  it('come with the open tags that the page has asked for', async () => {
    const openTags = ['wx-open-launch-weapp', 'wx-open-subscribe'];
    assert.equal(await configure({ verifyOpenTagList: openTags }), 'preVerifyJSAPI:ok');
    assert.deepEqual((await read(`pages/${page}`)).openTags, openTags);
    for (const wrong of ['wx-open-subscribe', [1], {}]) {
      assert.equal(await configure({ verifyOpenTagList: wrong }), 'preVerifyJSAPI:fail_invalid openTagList');
    }
  });

  it('are not sent to nobody, or from nowhere', async () => {
    for (const changes of [{ to: 'all' }, { url: 'here' }, { friend: 'o0' }, { page: undefined }]) {
      const body = { phone: 'p1', page, to: 'friend', url: PAGE, title: 'a', ...changes };
      const answer = await fetch(`${wechat.url}/client/shares`, { method: 'POST', body: JSON.stringify(body) });
      assert.equal(answer.status, 400, JSON.stringify(changes));
    }
  });

  it('show on the phones of those who can see them', async () => {
    const closing = new AbortController();
    const { body } = await fetch(`${wechat.url}/client/phones/p2/events`, { signal: closing.signal });
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    await setCards();
    const { id } = await share({ to: 'friend' });
    await wechat.control.follow(wechat.control.users[1]!.openid);
    wechat.control.signIn('p2', wechat.control.users[2]!.openid);
    let text = '';
    while (!text.includes('event: user')) text += (await reader.read()).value;
    closing.abort();
    wechat.control.signIn('p2', wechat.control.users[1]!.openid);
    const events = [...text.matchAll(/^event: (.*)$/gm)].map(([, event]) => event);
    assert.deepEqual(events, ['share', 'following', 'chat', 'user']);
    assert.ok(text.includes(id));
  });
});
