import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import jsqr from 'jsqr';
import sharp from 'sharp';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { apiToken } from './api-token.ts';

const DAY = 86_400;

const byNumber = (name: string, id: unknown, rest: object = {}) => ({
  action_name: name,
  action_info: { scene: { scene_id: id } },
  ...rest,
});
const byText = (name: string, text: unknown, rest: object = {}) => ({
  action_name: name,
  action_info: { scene: { scene_str: text } },
  ...rest,
});

describe('codes with a scene', () => {
  let wechat: Wechat;
  let token: string;

  before(async () => {
    wechat = await startWechat();
  });
  after(() => wechat.stop());
  beforeEach(async () => {
    wechat.control.reset();
    token = await apiToken(wechat);
  });

  async function create(body: unknown, { accessToken = token, method = 'POST' } = {}) {
    const answer = await fetch(`${wechat.url}/cgi-bin/qrcode/create?access_token=${accessToken}`, {
      method,
      ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    assert.equal(answer.status, 200);
    return (await answer.json()) as Record<string, unknown>;
  }

  const errcode = async (...args: Parameters<typeof create>) => (await create(...args)).errcode;
  const show = (ticket: unknown) =>
    fetch(`${wechat.url}/cgi-bin/showqrcode?ticket=${encodeURIComponent(String(ticket))}`);

  for (const [kind, body] of [
    ['a number', byNumber('QR_SCENE', 4_294_967_295, { expire_seconds: 2_592_000 })],
    ['text', byText('QR_STR_SCENE', '茶'.repeat(64), { expire_seconds: 2_592_000 })],
  ] as const) {
    it(`are temporary where they are asked for with ${kind} and a time`, async () => {
      const code = await create(body);

      assert.deepEqual(Object.keys(code), ['ticket', 'expire_seconds', 'url']);
      assert.equal(code.expire_seconds, 2_592_000);
      assert.match(String(code.url), /^http:\/\/weixin\.qq\.com\/q\/02[0-9A-Za-z]{20}$/);
      assert.notEqual((await create(body)).ticket, code.ticket);
    });
  }

  it('live for a minute where no time is said', async () => {
    const { ticket, expire_seconds: lifetime } = await create(byNumber('QR_SCENE', 1));

    assert.equal(lifetime, 60);
    assert.equal((await show(ticket)).status, 200);
    wechat.control.advance(61);
    assert.equal((await show(ticket)).status, 404);
  });

  for (const [kind, body] of [
    ['a number', byNumber('QR_LIMIT_SCENE', 100_000)],
    ['text', byText('QR_LIMIT_STR_SCENE', 'window')],
  ] as const) {
    it(`last, and are the same again, where they are permanent and of ${kind}`, async () => {
      const code = await create(body);
      wechat.control.advance(400 * DAY);
      token = await apiToken(wechat);

      assert.deepEqual(Object.keys(code), ['ticket', 'url']);
      assert.deepEqual(await create(body), code);
      assert.equal((await show(code.ticket)).status, 200);
    });
  }

  it('tell a number from text that looks like it', async () => {
    const [number, text] = [
      await create(byNumber('QR_LIMIT_SCENE', 123)),
      await create(byText('QR_LIMIT_STR_SCENE', '123')),
    ];

    assert.notEqual(number.url, text.url);
  });

  it('are so many and no more where they are permanent', async () => {
    await create(byNumber('QR_LIMIT_SCENE', 7));
    wechat.control.set({ permanentCodes: 1 });

    assert.equal(await errcode(byNumber('QR_LIMIT_SCENE', 8)), 45029);
    assert.ok((await create(byNumber('QR_LIMIT_SCENE', 7))).ticket, 'it is there already');
    assert.ok((await create(byNumber('QR_SCENE', 8))).ticket, 'temporary ones do not count');
    assert.equal(wechat.control.knobs.permanentCodes, 1);
    wechat.control.reset();
    assert.equal(wechat.control.knobs.permanentCodes, 100_000);
  });

  it('are refused with another kind', async () => {
    for (const name of [undefined, null, '', 1, 'qr_scene', 'QR_CARD', 'toString', ['QR_SCENE']]) {
      assert.equal(await errcode({ ...byNumber('QR_SCENE', 1), action_name: name }), 40052, String(name));
    }
  });

  it('are refused without the scene that belongs to their kind', async () => {
    for (const id of [undefined, null, 0, -1, 1.5, 2 ** 32, '1', true, [1]]) {
      assert.equal(await errcode(byNumber('QR_SCENE', id)), 40053, `QR_SCENE ${id}`);
      assert.equal(await errcode(byNumber('QR_LIMIT_SCENE', id)), 40053, `QR_LIMIT_SCENE ${id}`);
    }
    assert.equal(await errcode(byNumber('QR_LIMIT_SCENE', 100_001)), 40053);
    for (const text of [undefined, null, '', 'a'.repeat(65), 1, ['a']]) {
      assert.equal(await errcode(byText('QR_STR_SCENE', text)), 40053, `QR_STR_SCENE ${text}`);
      assert.equal(await errcode(byText('QR_LIMIT_STR_SCENE', text)), 40053, `QR_LIMIT_STR_SCENE ${text}`);
    }
    assert.equal(await errcode(byText('QR_SCENE', 'a')), 40053);
    assert.equal(await errcode(byNumber('QR_STR_SCENE', 1)), 40053);
    for (const info of [undefined, null, 'scene', [], { scene_id: 1 }, { scene: null }]) {
      assert.equal(await errcode({ action_name: 'QR_SCENE', action_info: info }), 40053, JSON.stringify(info));
    }
  });

  it('are refused with another time', async () => {
    for (const lifetime of [0, -1, 2_592_001, 1.5, '60', null]) {
      assert.equal(
        await errcode(byNumber('QR_SCENE', 1, { expire_seconds: lifetime })),
        40097,
        JSON.stringify(lifetime),
      );
    }
  });

  it('are created with a living token, by POST, from JSON', async () => {
    assert.equal(await errcode('{"action_name"'), 47001);
    assert.equal(await errcode('[]'), 47001);
    assert.equal(await errcode(undefined, { method: 'GET' }), 43002);
    assert.equal(await errcode(byNumber('QR_SCENE', 1), { accessToken: '' }), 41001);
    for (const code of [40001, 40014, 42001] as const) {
      const accessToken = await apiToken(wechat);
      wechat.control.killToken(code);
      assert.equal(await errcode(byNumber('QR_SCENE', 1), { accessToken }), code);
    }
  });

  it('are shown as a picture that says their url', async () => {
    const { ticket, url } = await create(byText('QR_STR_SCENE', 'table-3', { expire_seconds: 3600 }));

    const shown = await show(ticket);

    assert.equal(shown.headers.get('content-type'), 'image/jpg');
    const picture = sharp(await shown.arrayBuffer());
    const { format } = await picture.metadata();
    const { data, info } = await picture.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([format, info.width, info.height], ['jpeg', 430, 430]);
    assert.equal(jsqr.default(new Uint8ClampedArray(data), info.width, info.height)?.data, url);
  });

  it('have tickets that an address must escape, and are not shown by others', async () => {
    const { ticket } = await create(byNumber('QR_SCENE', 1));

    assert.match(String(ticket), /^gQ(?=.*[+/])[0-9A-Za-z+/]{80,}=*$/);
    for (const unknown of ['', 'gQ', `${ticket}A`]) assert.equal((await show(unknown)).status, 404);
    assert.equal((await fetch(`${wechat.url}/cgi-bin/showqrcode`)).status, 404);
  });
});
