import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { eventually, sharedClock, shareHarness, startHarness, times } from './harness.ts';
import { assertRefused } from './merchant.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { BUCKET, KEYS, startS3Server } from './s3-server.ts';
import { startSecond } from './second-proxy.ts';
import { assertWhole, download, filesIn, photo, upload } from './uploads.ts';

const HOUR = 3_600_000;
const clock = sharedClock();
const shared = shareHarness(clock.options);

describe('an uploaded picture', () => {
  test('is answered with what it is, and shown under that address', async () => {
    const { proxy } = shared;

    const { status, json } = await upload(proxy, await photo(), { token: await proxy.session() });

    assert.equal(status, 201);
    const shown = await download(json.url);
    assert.match(json.id, /^img_[\w-]{22}$/, '128 bits that nobody can guess');
    await assertWhole(json.url, json.size);
    assert.deepEqual(json, {
      id: json.id,
      url: `${proxy.url}/v1/images/${json.id}`,
      type: 'image/jpeg',
      size: shown.bytes.length,
      width: 48,
      height: 32,
    });
    const { width, height, format } = await sharp(shown.bytes).metadata();
    assert.deepEqual([width, height, format], [48, 32, 'jpeg']);
  });

  test('can do nothing in a browser but be a picture, for good, on any page', async () => {
    const { proxy } = shared;
    const { json } = await upload(proxy, await photo(), { token: await proxy.session() });

    const { headers } = await download(json.url);

    const said = Object.fromEntries(headers);
    assert.equal(said['content-type'], 'image/jpeg');
    assert.equal(said['x-content-type-options'], 'nosniff');
    assert.equal(said['content-security-policy'], "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    assert.equal(said['cross-origin-resource-policy'], 'cross-origin');
    assert.equal(said['cache-control'], 'public, max-age=31536000, immutable');
  });

  test('is stored once, however often and by whomever it comes; each payer has an image of their own', async () => {
    const { proxy } = shared;
    const bytes = await photo();
    const [mine, theirs] = await Promise.all(
      proxy.wechat.control.users.slice(0, 2).map(({ openid }) => proxy.session(openid)),
    );
    const before = filesIn(proxy).length;

    const replies = await Promise.all(
      times(12, (index) => upload(proxy, bytes, { token: (index % 2 ? mine : theirs)! })),
    );

    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [201]);
    assert.deepEqual(
      [...new Set(replies.map(({ json }) => json.id))].sort(),
      [...new Set(replies.slice(0, 2).map(({ json }) => json.id))].sort(),
    );
    await eventually(() => filesIn(proxy).length === before + 1, 'one file is left');
    const [theirImage, myImage] = replies.map(({ json }) => json);
    assert.equal((await proxy.merchant('DELETE', `/v1/images/${theirImage.id}`)).status, 204);
    assert.equal((await download(theirImage.url)).status, 404);
    await assertWhole(myImage.url, myImage.size);
    assert.notEqual(
      (await upload(proxy, bytes, { token: theirs! })).json.id,
      theirImage.id,
      'what was deleted stays so',
    );
  });

  test('needs a payer’s session and an allowed origin', async () => {
    const { proxy } = shared;
    const bytes = await photo();
    const token = await proxy.session();

    assertRefused(await upload(proxy, bytes, {}), 'session_required', 401);
    assertRefused(await upload(proxy, bytes, { token: 'no.session.this' }), 'session_invalid', 401);
    assertRefused(await upload(proxy, bytes, { token, origin: 'https://evil.example' }), 'origin_not_allowed', 403);
  });
});

describe('a smaller copy', () => {
  const uploaded = async (width: number, height: number) => {
    const { proxy } = shared;
    return (await upload(proxy, await photo({ width, height }), { token: await proxy.session() })).json;
  };

  test('is as wide as was asked for, and no wider than the picture', async () => {
    const { url } = await uploaded(700, 350);

    for (const [width, expected] of [
      [160, [160, 80]],
      [640, [640, 320]],
      [960, [700, 350]],
    ] as const) {
      const { bytes, status } = await download(`${url}?width=${width}`);
      const metadata = await sharp(bytes).metadata();
      assert.equal(status, 200);
      assert.deepEqual([metadata.width, metadata.height], expected);
    }
  });

  test('comes in a few widths only, so that nobody can fill the storage with it', async () => {
    const { proxy } = shared;
    const { url } = await uploaded(700, 350);

    assert.equal((await download(`${url}?tp=webp&wx_lazy=1`)).status, 200, 'what others add does no harm');
    for (const query of ['width=161', 'width=0', 'width=', 'width=320px', 'width=320&width=640'])
      assertRefused(await proxy.page('GET', `${new URL(url).pathname}?${query}`), 'invalid_request', 400);
  });

  test('is drawn once for many who ask at once', async () => {
    const { proxy } = shared;
    const { url } = await uploaded(900, 450);
    const before = filesIn(proxy).length;

    const shown = await Promise.all(times(10, () => download(`${url}?width=320`)));

    assert.equal(new Set(shown.map(({ bytes }) => bytes.toString('base64'))).size, 1);
    assert.equal(filesIn(proxy).length, before + 1);
  });

  test('of an animation moves, too', async () => {
    const { proxy } = shared;
    const frames = times(3, (index) => Buffer.alloc(400 * 400 * 3, index * 80));
    const animation = await sharp(Buffer.concat(frames), {
      raw: { width: 400, height: 1200, channels: 3, pageHeight: 400 },
    })
      .gif({ delay: [100, 200, 300] })
      .toBuffer();
    const { json } = await upload(proxy, animation, { token: await proxy.session() });

    const { pages, pageHeight, width, delay } = await sharp((await download(`${json.url}?width=160`)).bytes, {
      animated: true,
    }).metadata();

    assert.deepEqual([json.width, json.height], [400, 400]);
    assert.deepEqual([pages, width, pageHeight, delay], [3, 160, 160, [100, 200, 300]]);
  });
});

describe('asking for a part of a picture, or for news of it', () => {
  const CASES: [
    name: string,
    headers: (etag: string) => Record<string, string>,
    status: number,
    range?: [number, number],
  ][] = [
    ['the first bytes', () => ({ range: 'bytes=0-9' }), 206, [0, 10]],
    ['the rest', () => ({ range: 'bytes=100-' }), 206, [100, Number.POSITIVE_INFINITY]],
    ['the last bytes', () => ({ range: 'bytes=-5' }), 206, [-5, Number.POSITIVE_INFINITY]],
    ['more last bytes than there are', () => ({ range: 'bytes=-99999' }), 206, [0, Number.POSITIVE_INFINITY]],
    ['several parts: the whole', () => ({ range: 'bytes=0-1,4-5' }), 200],
    ['another unit: the whole', () => ({ range: 'lines=0-1' }), 200],
    ['nonsense: the whole', () => ({ range: 'bytes=abc' }), 200],
    ['a part of what it was', (etag) => ({ range: 'bytes=0-9', 'if-range': etag }), 206, [0, 10]],
    ['a part of something else: the whole', () => ({ range: 'bytes=0-9', 'if-range': '"other"' }), 200],
    ['what is known', (etag) => ({ 'if-none-match': etag }), 304],
    ['what is known among others', (etag) => ({ 'if-none-match': `"other", W/${etag}` }), 304],
    ['anything that is known', () => ({ 'if-none-match': '*' }), 304],
    ['something else', () => ({ 'if-none-match': '"other"' }), 200],
    [
      'what is new since later',
      () => ({ 'if-modified-since': new Date(Date.now() + 30 * 24 * HOUR).toUTCString() }),
      304,
    ],
    ['what is new since long ago', () => ({ 'if-modified-since': new Date(0).toUTCString() }), 200],
  ];
  for (const [name, headersFor, status, range] of CASES) {
    test(`${name}`, async () => {
      const { proxy } = shared;
      const { json } = await upload(proxy, await photo(), { token: await proxy.session() });
      const whole = await download(json.url);
      const etag = whole.headers.get('etag')!;

      const { headers, bytes, ...reply } = await download(json.url, { headers: headersFor(etag) });

      assert.equal(reply.status, status);
      assert.equal(headers.get('etag'), etag);
      const expected = status === 304 ? Buffer.alloc(0) : range ? whole.bytes.subarray(...range) : whole.bytes;
      assert.deepEqual(bytes, expected);
      if (range) {
        const first = range[0] < 0 ? json.size + range[0] : range[0];
        assert.equal(headers.get('content-range'), `bytes ${first}-${first + expected.length - 1}/${json.size}`);
      }
    });
  }

  test('beyond its end', async () => {
    const { proxy } = shared;
    const { json } = await upload(proxy, await photo(), { token: await proxy.session() });

    const reply = await proxy.page('GET', new URL(json.url).pathname, undefined, { range: `bytes=${json.size}-` });

    assertRefused(reply, 'range_not_satisfiable', 416);
    assert.equal(reply.headers.get('content-range'), `bytes */${json.size}`);
  });

  test('only its headers', async () => {
    const { proxy } = shared;
    const { json } = await upload(proxy, await photo(), { token: await proxy.session() });

    const { status, headers, bytes } = await download(json.url, { method: 'HEAD' });

    assert.deepEqual([status, headers.get('content-length'), bytes.length], [200, String(json.size), 0]);
  });
});

describe('deleting', () => {
  test('takes the picture and its copies away, files too', async () => {
    const { proxy } = shared;
    const { json } = await upload(proxy, await photo({ width: 500 }), { token: await proxy.session() });
    const before = filesIn(proxy).length;
    await download(`${json.url}?width=160`);
    const path = new URL(json.url).pathname;

    const deleted = await proxy.merchant('DELETE', path);

    assert.deepEqual([deleted.status, deleted.text], [204, '']);
    assertRefused(await proxy.page('GET', path), 'image_not_found', 404);
    assertRefused(await proxy.page('GET', `${path}?width=160`), 'image_not_found', 404);
    assertRefused(await proxy.merchant('DELETE', path), 'image_not_found', 404);
    await eventually(() => filesIn(proxy).length === before - 1, 'its files are gone');
  });

  test('is the merchant’s alone', async () => {
    const { proxy } = shared;
    const token = await proxy.session();
    const { json } = await upload(proxy, await photo(), { token });
    const path = new URL(json.url).pathname;

    assertRefused(
      await proxy.page('DELETE', path, undefined, { authorization: `Bearer ${token}` }),
      'unauthorized',
      401,
    );
    assertRefused(
      await proxy.page('POST', `${path}/keep`, {}, { authorization: `Bearer ${token}` }),
      'unauthorized',
      401,
    );
    assert.equal((await download(json.url)).status, 200);
  });

  test('does not hurt the same picture that somebody uploads at that moment', async () => {
    const { proxy } = shared;
    const token = await proxy.session();
    const bytes = await photo();
    let { json } = await upload(proxy, bytes, { token });
    for (let round = 0; round < 10; round++) {
      const [uploaded] = await Promise.all([
        upload(proxy, bytes, { token }),
        proxy.merchant('DELETE', `/v1/images/${json.id}`),
      ]);
      assert.equal(uploaded.status, 201);
      // Whichever came last: the picture is whole, or it is not there.
      const { status } = await download(uploaded.json.url);
      if (status === 200) await assertWhole(uploaded.json.url, uploaded.json.size);
      else assert.equal(status, 404);
      ({ json } = await upload(proxy, bytes, { token }));
      assert.equal((await download(json.url)).status, 200);
    }
  });
});

describe('orphans', () => {
  test('are deleted when their time is over, unless the merchant’s server has kept them or they came again', async (t) => {
    const own = sharedClock();
    const environment = { IMAGE_ORPHAN_TTL: '86400' };
    const proxy = await startHarness(t, { ...own.options, environment });
    const files = await Promise.all(times(3, () => photo()));
    const add = async (bytes: Buffer) => (await upload(proxy, bytes, { token: await proxy.session() })).json;
    const [orphan, kept, again] = [await add(files[0]!), await add(files[1]!), await add(files[2]!)];
    const reply = await proxy.merchant('POST', `/v1/images/${kept.id}/keep`);
    own.advance(23 * HOUR);
    await add(files[2]!);
    own.advance(HOUR);

    await proxy.restart();

    await eventually(async () => (await download(orphan.url)).status === 404, 'the orphan is gone');
    assert.equal(reply.status, 200);
    const { createdAt, keptAt, ...image } = reply.json;
    assert.deepEqual(image, { ...kept, openid: proxy.wechat.control.users[0]!.openid });
    assert.ok(Date.parse(createdAt) <= Date.parse(keptAt));
    assert.deepEqual((await proxy.merchant('POST', `/v1/images/${kept.id}/keep`)).json, reply.json, 'kept once');
    for (const { url } of [kept, again]) assert.equal((await download(url)).status, 200);
    await eventually(() => filesIn(proxy).length === 2, 'its file is gone');
  });

  test('stay where no time is set', async (t) => {
    const own = sharedClock();
    const proxy = await startHarness(t, own.options);
    const { json } = await upload(proxy, await photo(), { token: await proxy.session() });
    own.advance(10 * 365 * 24 * HOUR);

    await proxy.restart();

    assert.equal((await download(json.url)).status, 200);
  });

  test('cannot be kept any more once they are gone', async () => {
    const { proxy } = shared;

    const id = 'img_neveruploadedneverupl';

    assertRefused(await proxy.merchant('POST', `/v1/images/${id}/keep`), 'image_not_found', 404);
  });
});

describe('the quota', () => {
  test('is each payer’s own, counts no refused ones, and ends after a day', async (t) => {
    const own = sharedClock();
    const proxy = await startHarness(t, { ...own.options, environment: { UPLOAD_QUOTA: '3', SESSION_TTL: '200000' } });
    const [mine, theirs] = await Promise.all(
      proxy.wechat.control.users.slice(0, 2).map(({ openid }) => proxy.session(openid)),
    );
    await upload(proxy, Buffer.from('no picture'), { token: mine! });
    const files = await Promise.all(times(5, () => photo()));

    const replies = await Promise.all(files.map((bytes) => upload(proxy, bytes, { token: mine! })));

    assert.deepEqual(replies.map(({ status }) => status).sort(), [201, 201, 201, 429, 429]);
    const refused = replies.find(({ status }) => status === 429)!;
    assertRefused(refused, 'upload_quota_exceeded', 429);
    const wait = Number(refused.headers.get('retry-after'));
    assert.ok(wait > 86_000 && wait <= 86_400, String(wait));
    assert.equal((await upload(proxy, await photo(), { token: theirs! })).status, 201);
    own.advance(24 * HOUR);
    assert.equal((await upload(proxy, await photo(), { token: mine! })).status, 201);
  });
});

describe('a storage that fails', () => {
  test('is told to the page, and is over as soon as it is', async (t) => {
    const proxy = await startHarness(t);
    const token = await proxy.session();
    const folder = proxy.environment.IMAGE_STORE!.slice('file:'.length);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');

    assertRefused(await upload(proxy, await photo(), { token }), 'image_store_unavailable', 503);
    rmSync(folder);
    assert.equal((await upload(proxy, await photo(), { token })).status, 201);
  });

  test('that has lost a file gets it back from whoever uploads it again', async () => {
    const { proxy } = shared;
    const bytes = await photo();
    const [mine, theirs] = await Promise.all(
      proxy.wechat.control.users.slice(0, 2).map(({ openid }) => proxy.session(openid)),
    );
    const { json } = await upload(proxy, bytes, { token: mine! });
    const folder = proxy.environment.IMAGE_STORE!.slice('file:'.length);
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    assertRefused(await proxy.page('GET', new URL(json.url).pathname), 'image_not_found', 404);

    const again = await upload(proxy, bytes, { token: theirs! });

    await assertWhole(again.json.url, json.size);
    await assertWhole(json.url, json.size);
  });
});

describe('several proxies', () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.remove());

  test('keep the same picture once, on one PostgreSQL and one bucket', async (t) => {
    const { url: endpoint } = await startS3Server((work) => t.after(work));
    const environment = {
      DATABASE_URL: await postgres.createDatabase(),
      IMAGE_STORE: `s3://${BUCKET}/reviews?${new URLSearchParams({ endpoint })}`,
      AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    };
    const first = await startHarness(t, { environment });
    const second = await startSecond(t, first);
    const bytes = await photo({ width: 400 });
    const token = await first.session();

    const replies = await Promise.all(times(8, (index) => upload(index % 2 ? first : second, bytes, { token })));
    const copies = await Promise.all(
      times(8, (index) => download(`${(index % 2 ? first : second).url}/v1/images/${replies[0]!.json.id}?width=160`)),
    );

    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [201]);
    assert.equal(new Set(replies.map(({ text }) => text)).size, 1);
    assert.equal(new Set(copies.map(({ headers }) => headers.get('etag'))).size, 1);
    const { id, url, size } = replies[0]!.json;
    await assertWhole(url, size);
    assert.equal((await download(url, { headers: { range: 'bytes=10-19' } })).bytes.length, 10);
    assert.equal((await first.merchant('DELETE', `/v1/images/${id}`)).status, 204);
    assert.equal((await download(`${second.url}/v1/images/${id}`)).status, 404);
  });
});
