/** Access token and JS-SDK ticket: fetched once over all processes, ahead of their end, and dropped when they are dead. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext, test } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { ProxyError } from '../../proxy/errors.ts';
import { createCredentialStore } from '../../proxy/store/credential-store.ts';
import { Store } from '../../proxy/store/store.ts';
import { AccessToken } from '../../proxy/wechat/account/access-token.ts';
import { type ApiClient, createApiClient } from '../../proxy/wechat/account/api-client.ts';
import type { CredentialStore, StoredCredential } from '../../proxy/wechat/account/credential.ts';
import { JsapiTicket } from '../../proxy/wechat/account/jsapi-ticket.ts';
import { createHttpClient } from '../../proxy/wechat/http-client.ts';
import { eventually, freePort, type Harness, SHOP, sharedClock, startHarness } from './harness.ts';
import { startProcess } from './process.ts';

const CONFIG = `/v1/jssdk/config?url=${encodeURIComponent(`${SHOP}/`)}`;
const TOKEN = { stable: '/cgi-bin/stable_token', classic: '/cgi-bin/token' };
const TICKET = '/cgi-bin/ticket/getticket';
const HOUR = 3_600_000;

function calls({ calls }: Wechat, path: string) {
  return calls.filter((call) => call.path.split('?')[0] === path);
}

function counts(wechat: Wechat) {
  return {
    tokens: calls(wechat, TOKEN.stable).length + calls(wechat, TOKEN.classic).length,
    tickets: calls(wechat, TICKET).length,
  };
}

/** Looks into a store, or breaks it, behind the proxy’s back. */
function withDatabase<T>(url: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(url.slice('file:'.length), { timeout: 5_000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const DROP_TICKET = `delete from credentials where name like 'jsapi_ticket%'`;
const LEASE = `select * from leases where name like 'access_token%'`;

async function assertServed(proxy: Harness, times = 1) {
  const replies = await Promise.all(Array.from({ length: times }, () => proxy.page('GET', CONFIG)));
  for (const { status, text } of replies) assert.equal(status, 200, text);
}

for (const api of ['stable', 'classic'] as const) {
  test(`200 first requests at once fetch one token and one ticket (${api})`, async (t) => {
    const proxy = await startHarness(t, { environment: { WECHAT_TOKEN_API: api } });
    await assertServed(proxy, 200);
    assert.deepEqual(counts(proxy.wechat), { tokens: 1, tickets: 1 });
    assert.equal(calls(proxy.wechat, TOKEN[api]).length, 1);
  });
}

test('four processes on one store fetch one token and one ticket between them', async (t) => {
  const proxy = await startHarness(t);
  await proxy.stop();
  const processes = await Promise.all(
    Array.from({ length: 4 }, async () => startProcess(t, { ...proxy.environment, PORT: String(await freePort()) })),
  );
  proxy.wechat.control.fail({ path: TOKEN.stable, kind: 'latency', ms: 300, count: 10 });
  const requests = processes.flatMap(({ url }) =>
    Array.from({ length: 25 }, () => fetch(url + CONFIG, { headers: { origin: SHOP } })),
  );
  const statuses = (await Promise.all(requests)).map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.deepEqual(counts(proxy.wechat), { tokens: 1, tickets: 1 });
});

describe('ahead of its end', () => {
  it('a token is refreshed while requests are answered with the old one', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    await assertServed(proxy);
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    proxy.wechat.control.at({ path: '/cgi-bin/*', when: 'before', count: 2 }, () => answered);
    clock.advance(2 * HOUR - 200_000);

    await assertServed(proxy, 20);
    assert.deepEqual(counts(proxy.wechat), { tokens: 1, tickets: 1 }, 'answered before WeChat has');
    answer();
    await eventually(() => counts(proxy.wechat).tokens === 2 && counts(proxy.wechat).tickets === 2, 'both are fetched');

    clock.advance(250_000);
    await assertServed(proxy, 20);
    assert.deepEqual(counts(proxy.wechat), { tokens: 2, tickets: 2 }, 'the old ones are over, the new ones serve');
  });

  it('a token is refreshed even where nobody asks just then', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    await assertServed(proxy);
    clock.advance(2 * HOUR - 200_000);
    await eventually(() => counts(proxy.wechat).tokens === 2 && counts(proxy.wechat).tickets === 2, 'both are fetched');
  });

  it('no token is fetched for a proxy that needs none', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    clock.advance(3 * HOUR);
    await proxy.order();
    await proxy.restart();
    assert.deepEqual(counts(proxy.wechat), { tokens: 0, tickets: 0 });
  });
});

test('a restart on the same store fetches nothing', async (t) => {
  const proxy = await startHarness(t);
  await assertServed(proxy);
  await proxy.restart();
  await assertServed(proxy);
  assert.deepEqual(counts(proxy.wechat), { tokens: 1, tickets: 1 });
});

test('the lease of a process that was killed while it fetched does not hold the others up', async (t) => {
  const clock = sharedClock();
  const proxy = await startHarness(t, clock.options);
  const first = await startProcess(t, { ...proxy.environment, PORT: String(await freePort()) });
  proxy.wechat.control.fail({ path: TOKEN.stable, kind: 'latency', ms: 60_000 });
  fetch(first.url + CONFIG, { headers: { origin: SHOP } }).catch(() => {});
  await eventually(
    () => withDatabase(proxy.environment.DATABASE_URL!, (db) => db.prepare(LEASE).get()),
    'it has the lease',
  );
  await first.end('SIGKILL');
  proxy.wechat.control.reset();
  clock.advance(6_000);
  await assertServed(proxy);
});

describe('a token that WeChat refuses', () => {
  for (const code of [40001, 40014, 42001] as const) {
    it(`with ${code} is renewed, and the call made once more`, async (t) => {
      const proxy = await startHarness(t);
      await assertServed(proxy);
      withDatabase(proxy.environment.DATABASE_URL!, (db) => db.exec(DROP_TICKET));
      await proxy.restart();
      proxy.wechat.control.killToken(code);

      await assertServed(proxy, 20);
      assert.deepEqual(counts(proxy.wechat), { tokens: 2, tickets: 3 });
      assert.deepEqual(
        calls(proxy.wechat, TICKET).map(({ code }) => code),
        [undefined, String(code), undefined],
      );
    });
  }

  it('is not renewed for a refusal of another kind', async (t) => {
    const proxy = await startHarness(t);
    proxy.wechat.control.set({ ticketsADay: 0 });
    const { status, json } = await proxy.page('GET', CONFIG);
    assert.deepEqual([status, json.code, json.upstream.code], [502, 'wechat_refused', '45009']);
    assert.deepEqual(counts(proxy.wechat), { tokens: 1, tickets: 1 });
  });
});

/** Token and ticket on a store of their own, as the proxy puts them together. */
async function startTokens(
  t: TestContext,
  options: { tokenApi?: 'stable' | 'classic'; api?: ApiClient; store?: CredentialStore; now?: () => number } = {},
) {
  const { now = Date.now, tokenApi = 'stable' } = options;
  const wechat = await startWechat({ now });
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-'));
  const api = options.api ?? createApiClient(createHttpClient(), wechat.environment.WECHAT_API_URL!);
  const account = { appId: wechat.environment.WECHAT_APP_ID!, appSecret: wechat.environment.WECHAT_APP_SECRET! };
  const errors: string[] = [];
  const onError = (_error: unknown, doing: string) => errors.push(doing);
  const url = `file:${join(folder, 'proxy.db')}`;
  const stores: Store[] = [];
  t.after(async () => {
    await Promise.all([wechat.stop(), ...stores.map((store) => store.close())]);
    await rm(folder, { recursive: true });
  });
  /** As another process on the same store has them. */
  const start = async () => {
    const opened = await Store.open(url);
    stores.push(opened);
    const store = options.store ?? createCredentialStore(opened, now);
    const common = { ...account, api, store, now, onError };
    const accessToken = new AccessToken({ ...common, tokenApi });
    return { accessToken, ticket: new JsapiTicket({ ...common, accessToken }) };
  };
  const database = (work: (db: DatabaseSync) => void) => withDatabase(url, work);
  return { wechat, start, errors, database, ...(await start()) };
}

const refused = (code: string) => new ProxyError('wechat_refused', '', { upstream: { code, message: '' } });

describe('two callers whose token has died', () => {
  it('at once renew it once', async (t) => {
    const { wechat, accessToken } = await startTokens(t);
    const { token: dead } = await accessToken.get();
    const used: string[] = [];
    const call = async (token: string) => {
      used.push(token);
      if (token === dead) throw refused('40001');
      return token;
    };
    wechat.control.killToken();
    const answers = await Promise.all(Array.from({ length: 20 }, () => accessToken.use(call)));
    assert.equal(new Set(answers).size, 1);
    assert.equal(used.filter((token) => token === dead).length, 20);
    assert.equal(counts(wechat).tokens, 2);
  });

  it('one after the other renew it once: the one that comes late finds the new one', async (t) => {
    const { wechat, accessToken } = await startTokens(t);
    const { token: dead } = await accessToken.get();
    wechat.control.killToken();
    const lateAnswer = new EventEmitter();
    const late = accessToken.use(async (token) => {
      if (token === dead) await once(lateAnswer, 'never');
      return token;
    });
    const fresh = await accessToken.use(async (token) => {
      if (token === dead) throw refused('40001');
      return token;
    });
    lateAnswer.emit('error', refused('40001'));
    assert.equal(await late, fresh);
    assert.equal(counts(wechat).tokens, 2);
  });

  it('in two processes renew it once', async (t) => {
    const { wechat, accessToken, start } = await startTokens(t);
    const other = (await start()).accessToken;
    const { token: dead } = await accessToken.get();
    assert.equal((await other.get()).token, dead);
    wechat.control.killToken();
    const call = async (token: string) => {
      if (token === dead) throw refused('42001');
      return token;
    };
    const answers = await Promise.all([accessToken.use(call), other.use(call), other.use(call)]);
    assert.equal(new Set(answers).size, 1);
    assert.equal(counts(wechat).tokens, 2);
  });
});

test('a call is made twice at most', async (t) => {
  const { wechat, accessToken } = await startTokens(t);
  let made = 0;
  const call = async () => {
    made += 1;
    throw refused('40001');
  };
  await assert.rejects(accessToken.use(call), { code: 'wechat_refused' });
  assert.equal(made, 2);
  assert.ok(counts(wechat).tokens <= 3);
});

describe('a ticket', () => {
  it('is dropped with the token that it came from', async (t) => {
    const { wechat, accessToken, ticket } = await startTokens(t);
    const before = await ticket.get();
    const { token: dead } = await accessToken.get();
    wechat.control.killToken();
    wechat.control.killTicket();
    await accessToken.use(async (token) => {
      if (token === dead) throw refused('40001');
    });
    assert.notEqual(await ticket.get(), before);
    assert.deepEqual(counts(wechat), { tokens: 2, tickets: 2 });
  });

  it('is dropped in the other processes too', async (t) => {
    const clock = sharedClock();
    const { wechat, accessToken, ticket, start } = await startTokens(t, clock.options);
    const other = (await start()).ticket;
    const before = await other.get();
    assert.equal(await ticket.get(), before);
    const { token: dead } = await accessToken.get();
    wechat.control.killToken();
    wechat.control.killTicket();
    await accessToken.use(async (token) => {
      if (token === dead) throw refused('40001');
    });
    clock.advance(6_000);
    assert.notEqual(await other.get(), before);
    assert.deepEqual(counts(wechat), { tokens: 2, tickets: 2 });
  });

  it('outlives a token that was merely renewed', async (t) => {
    const clock = sharedClock();
    const { wechat, accessToken, ticket } = await startTokens(t, clock.options);
    await accessToken.get();
    clock.advance(HOUR);
    const before = await ticket.get();
    clock.advance(HOUR - 200_000);
    await accessToken.get();
    await eventually(() => counts(wechat).tokens === 2, 'the token is renewed');
    assert.equal(await ticket.get(), before);
    assert.equal(counts(wechat).tickets, 1);
  });
});

describe('a token that WeChat hands out again though it has refused it', () => {
  /** WeChat’s answers, one after another; the last one stays. */
  function scripted(answers: Record<string, unknown>[]) {
    const bodies: (object | undefined)[] = [];
    const api: ApiClient = async ({ body }) => {
      bodies.push(body);
      return answers[Math.min(bodies.length, answers.length) - 1]!;
    };
    return { api, bodies };
  }
  const answer = (token: string) => ({ access_token: token, expires_in: 7200 });

  it('is replaced by force, once', async (t) => {
    const { api, bodies } = scripted([answer('dead'), answer('dead'), answer('alive')]);
    const { accessToken, wechat } = await startTokens(t, { api });
    const result = await accessToken.use(async (token) => {
      if (token === 'dead') throw refused('40001');
      return token;
    });
    assert.equal(result, 'alive');
    const asked = {
      grant_type: 'client_credential',
      appid: wechat.environment.WECHAT_APP_ID,
      secret: wechat.environment.WECHAT_APP_SECRET,
    };
    assert.deepEqual(bodies, [asked, asked, { ...asked, force_refresh: true }]);
  });

  it('is not forced where the plain request gives another one', async (t) => {
    const { api, bodies } = scripted([answer('dead'), answer('alive')]);
    const { accessToken } = await startTokens(t, { api });
    await accessToken.use(async (token) => {
      if (token === 'dead') throw refused('40001');
    });
    assert.equal(bodies.length, 2);
    assert.equal(
      bodies.some((body) => JSON.stringify(body).includes('force_refresh')),
      false,
    );
  });

  it('is not forced again and again', async (t) => {
    const { api, bodies } = scripted([answer('dead')]);
    const { accessToken } = await startTokens(t, { api });
    for (let count = 0; count < 10; count += 1) {
      await accessToken
        .use(async () => {
          throw refused('40001');
        })
        .catch(() => {});
    }
    const forced = bodies.filter((body) => JSON.stringify(body).includes('force_refresh')).length;
    assert.ok(forced <= 1, `forced ${forced} times`);
  });
});

describe('a busy WeChat (-1)', () => {
  it('is asked again, with a wait', async (t) => {
    const proxy = await startHarness(t);
    proxy.wechat.control.fail({ path: TOKEN.stable, kind: 'status', status: 200 });
    proxy.wechat.control.fail({ path: TICKET, kind: 'status', status: 200 });
    await assertServed(proxy, 20);
    assert.deepEqual(counts(proxy.wechat), { tokens: 2, tickets: 2 });
  });
});

describe('a refusal for good', () => {
  const cases: Record<string, { environment?: Record<string, string>; refuse?: (wechat: Wechat) => void }> = {
    40013: { environment: { WECHAT_APP_ID: 'wx0000000000000000' } },
    40125: { environment: { WECHAT_APP_SECRET: '00000000000000000000000000000000' } },
    40164: { refuse: ({ control }) => control.set({ allowedAddresses: ['203.0.113.7'] }) },
  };
  for (const [code, { environment = {}, refuse }] of Object.entries(cases)) {
    it(`${code} is told, and WeChat is not asked at every request`, async (t) => {
      const proxy = await startHarness(t, { environment });
      refuse?.(proxy.wechat);
      for (let count = 0; count < 10; count += 1) {
        const { status, json } = await proxy.page('GET', CONFIG);
        assert.deepEqual([status, json.code, json.upstream.code], [502, 'wechat_refused', code]);
        assert.ok(json.upstream.message, 'WeChat’s own words');
      }
      assert.deepEqual(counts(proxy.wechat), { tokens: 1, tickets: 0 });
      assert.ok(proxy.log().includes(code), 'the operator learns of it');
      assert.ok(!proxy.log().includes(proxy.environment.WECHAT_APP_SECRET!), 'without the secret');
    });
  }

  it('is asked about less and less often, and the proxy recovers by itself', async (t) => {
    const clock = sharedClock();
    const proxy = await startHarness(t, clock.options);
    proxy.wechat.control.set({ allowedAddresses: [] });
    for (let second = 0; second < 300; second += 1) {
      await proxy.page('GET', CONFIG);
      clock.advance(1_000);
    }
    const { tokens } = counts(proxy.wechat);
    assert.ok(tokens > 2 && tokens <= 12, `${tokens} times in five minutes`);

    proxy.wechat.control.set({ allowedAddresses: null });
    clock.advance(60_000);
    await assertServed(proxy);
  });
});

describe('a store that fails', () => {
  const breakages = {
    'has lost its credentials': 'drop table credentials',
    'has lost its leases': 'drop table leases',
    'has lost both': 'drop table credentials; drop table leases',
    'cannot be written to': `
      create trigger c1 before insert on credentials begin select raise(abort, 'disk full'); end;
      create trigger c2 before update on credentials begin select raise(abort, 'disk full'); end;
      create trigger l1 before insert on leases begin select raise(abort, 'disk full'); end;
      create trigger l2 before update on leases begin select raise(abort, 'disk full'); end;`,
  };
  for (const [name, sql] of Object.entries(breakages)) {
    it(`and ${name} has one token fetched, which is kept in memory`, async (t) => {
      const clock = sharedClock();
      const { wechat, ticket, database } = await startTokens(t, clock.options);
      database((db) => db.exec(sql));
      await Promise.all(Array.from({ length: 20 }, () => ticket.get()));
      for (let minutes = 0; minutes < 30; minutes += 1) {
        clock.advance(60_000);
        await ticket.get();
      }
      assert.deepEqual(counts(wechat), { tokens: 1, tickets: 1 });
    });

    it(`and ${name} while it holds an older token costs no more fetches`, async (t) => {
      const clock = sharedClock();
      const { wechat, ticket, database } = await startTokens(t, clock.options);
      await ticket.get();
      database((db) => db.exec(sql));
      clock.advance(2 * HOUR + 60_000);
      await Promise.all(Array.from({ length: 20 }, () => ticket.get()));
      for (let minutes = 0; minutes < 30; minutes += 1) {
        clock.advance(60_000);
        await ticket.get();
      }
      assert.deepEqual(counts(wechat), { tokens: 2, tickets: 2 });
    });
  }

  it('in every way is lived without', async (t) => {
    const down = async () => {
      throw new Error('the store is down');
    };
    const store: CredentialStore = { read: down, write: down, acquire: down, extend: down, release: down };
    const { wechat, ticket, accessToken, errors } = await startTokens(t, { store });
    await Promise.all(Array.from({ length: 20 }, () => ticket.get()));
    await accessToken.get();
    assert.deepEqual(counts(wechat), { tokens: 1, tickets: 1 });
    assert.ok(errors.length > 0, 'and reported');
  });

  it('only in writing never takes the new token’s place', async (t) => {
    const old: StoredCredential = { value: 'of long ago', refreshAt: 0, expiresAt: 1 };
    const store: CredentialStore = {
      read: async () => old,
      write: async () => {
        throw new Error('read-only');
      },
      acquire: async () => true,
      extend: async () => {},
      release: async () => {},
    };
    const clock = sharedClock();
    const { wechat, accessToken } = await startTokens(t, { store, now: clock.options.now });
    const { token } = await accessToken.get();
    clock.advance(60_000);
    assert.equal((await accessToken.get()).token, token);
    assert.equal(counts(wechat).tokens, 1);
  });
});
