import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startWechat } from '../../demo/wechat/start.ts';
import { ConfigError, loadConfig, merchantCertificate, SETTINGS } from '../../proxy/config.ts';
import { INHERITED } from './process.ts';

const CLI = fileURLToPath(new URL('../../proxy/cli.ts', import.meta.url));
const NODE_VERSION = fileURLToPath(new URL('../../proxy/node-version.js', import.meta.url));

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const elliptic = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

const REQUIRED = {
  PUBLIC_URL: 'https://pay.example.com',
  ALLOWED_ORIGINS: 'https://shop.example.com',
  API_KEYS: 'k'.repeat(32),
  SESSION_SECRET: 's'.repeat(32),
  WECHAT_APP_ID: 'wx1234567890abcdef',
  WECHAT_APP_SECRET: '0123456789abcdef0123456789abcdef',
  WECHAT_PAY_MCH_ID: '1900000001',
  WECHAT_PAY_V3_KEY: 'a'.repeat(32),
  WECHAT_PAY_PRIVATE_KEY: privateKey,
  WECHAT_PAY_SERIAL_NO: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C',
};
const WEBHOOK = {
  WEBHOOK_URL: 'https://shop.example.com/events',
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
};
const MESSAGES = { WECHAT_MESSAGE_TOKEN: 'AAAAA', WECHAT_MESSAGE_AES_KEY: 'A'.repeat(43) };
const PUBLIC_KEY = { WECHAT_PAY_PUBLIC_KEY: publicKey, WECHAT_PAY_PUBLIC_KEY_ID: 'PUB_KEY_ID_0119000000012024' };

const folder = mkdtempSync(join(tmpdir(), 'weixin-widgets-config-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type Environment = Record<string, string | undefined>;

function refused(environment: Environment): ConfigError {
  let thrown: unknown;
  try {
    loadConfig(environment);
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof ConfigError, 'the configuration was accepted');
  return thrown;
}

/** The one problem that there should be. */
function problem(changes: Environment): string {
  const { problems } = refused({ ...REQUIRED, ...changes });
  assert.equal(problems.length, 1, problems.join('\n'));
  return problems[0]!;
}

test('what is not given has its default', () => {
  const config = loadConfig(REQUIRED);

  assert.deepEqual(Object.fromEntries(Object.entries(config).filter(([name]) => !(name in REQUIRED))), {
    HOST: '127.0.0.1',
    PORT: 8787,
    DATABASE_URL: 'file:data/proxy.db',
    IMAGE_STORE: { folder: 'data/images' },
    UPLOAD_MAX_BYTES: 10_485_760,
    UPLOAD_QUOTA: 500,
    WECHAT_TOKEN_API: 'stable',
    WECHAT_PAY_API: 'v3',
    WECHAT_PAY_V2_SIGN_TYPE: 'HMAC-SHA256',
    WECHAT_API_URL: 'https://api.weixin.qq.com',
    WECHAT_OPEN_URL: 'https://open.weixin.qq.com',
    WECHAT_MP_URL: 'https://mp.weixin.qq.com',
    WECHAT_PAY_URL: ['https://api.mch.weixin.qq.com', 'https://api2.mch.weixin.qq.com'],
    SESSION_TTL: 7200,
    RATE_LIMIT: 300,
    TRUST_PROXY: 0,
    LOG_LEVEL: 'info',
  });
});

for (const name of Object.keys(REQUIRED)) {
  test(`${name} is required`, () => {
    for (const value of [undefined, '', '  ']) {
      const text = problem({ [name]: value });
      assert.match(text, new RegExp(`^${name} is missing\\.`));
      assert.ok(text.includes(SETTINGS[name as keyof typeof SETTINGS].remedy), 'says what to do');
    }
  });
}

const MALFORMED: Record<Exclude<keyof typeof SETTINGS, 'HOST'>, string[]> & { HOST: string[] } = {
  HOST: ['not a host', 'http://127.0.0.1'],
  PORT: ['eighty', '-1', '65536', '80.5', '0x50', '1e3', '8787,8788'],
  PUBLIC_URL: [
    'pay.example.com',
    '/pay',
    'http://pay.example.com',
    'ftp://pay.example.com',
    'https://pay.example.com?a=1',
    'https://pay.example.com#a',
    'https://user:pass@pay.example.com',
    'http://127.0.0.1.example.com',
  ],
  ALLOWED_ORIGINS: [
    '*',
    'null',
    ',',
    'shop.example.com',
    'https://*.example.com',
    'https://shop.example.com/',
    'https://shop.example.com/path',
    'https://Shop.example.com',
    'https://shop.example.com:443',
    'https://user@shop.example.com',
    'https://shop.example.com,*',
    'ftp://shop.example.com',
  ],
  API_KEYS: ['k'.repeat(31), `${'k'.repeat(32)},short`, ',', `${'k'.repeat(32)} ${'k'.repeat(32)}`, '密'.repeat(32)],
  SESSION_SECRET: ['s'.repeat(31), `${'s'.repeat(32)},short`, ','],
  DATABASE_URL: ['proxy.db', 'mysql://user:pass@host/db', 'file:', 'postgres://', 'postgres://host:port:port/db'],
  IMAGE_STORE: [
    'data/images',
    'file:',
    's3://',
    's3:bucket',
    's3://b',
    'https://bucket.example.com',
    's3://key:secret@pictures',
    's3://pictures?endpoint=cos.example.com',
    's3://pictures?endpoint=ftp://cos.example.com',
    's3://pictures?acl=public',
    's3://pictures/of buyers',
  ],
  AWS_ACCESS_KEY_ID: ['with space', '密钥'],
  AWS_SECRET_ACCESS_KEY: ['with space', '密钥'],
  UPLOAD_MAX_BYTES: ['1023', '10M', '104857601'],
  UPLOAD_QUOTA: ['0', 'none', '1000001'],
  IMAGE_ORPHAN_TTL: ['59', '7d', 'never'],
  WEBHOOK_URL: ['events', 'ftp://shop.example.com', 'javascript:alert(1)'],
  WEBHOOK_SECRET: ['whsec_', 'secret', `whsec_${Buffer.alloc(16).toString('base64')}`, `whsec_${'!'.repeat(44)}`],
  WEBHOOK_ROUTES: [
    'https://shop.example.com/events',
    'message.*',
    'message.*=events',
    'message.sent=https://chat.example.com',
    'order.p*=https://chat.example.com',
    ',',
  ],
  WECHAT_MESSAGE_TOKEN: ['ab', 'a'.repeat(33), 'with space', '令牌令牌'],
  WECHAT_MESSAGE_AES_KEY: ['a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}-`, `${'a'.repeat(42)}=`],
  TEMPLATE_ORDER_PAID: ['with space', '模板', 'a'.repeat(129)],
  WECHAT_APP_ID: ['1234567890abcdef', 'wx', 'wx1234 567890abcdef', 'gh_0123456789ab'],
  WECHAT_APP_SECRET: ['short', '0123456789abcdef 0123456789abcdef'],
  WECHAT_TOKEN_API: ['stabel', 'STABLE'],
  WECHAT_PAY_API: ['v1', 'V3', '3'],
  WECHAT_PAY_V2_KEY: ['k'.repeat(31), 'k'.repeat(33), `${'k'.repeat(30)} k`, `${'k'.repeat(31)}密`],
  WECHAT_PAY_V2_SIGN_TYPE: ['HMAC', 'md5', 'SHA256'],
  WECHAT_PAY_V2_CERT: [
    '/etc/apiclient_cert.p12',
    'not base64!',
    Buffer.from('not PKCS#12').toString('base64'),
    'MIIabc',
  ],
  WECHAT_PAY_V2_CERT_PASSWORD: ['with space', '密码'],
  RECONCILE_AT: ['10', '24:00', '9:30', '10:60', '10:30:00', 'daily'],
  WECHAT_PAY_MCH_ID: ['19', '1900000001a', 'merchant'],
  WECHAT_PAY_V3_KEY: ['a'.repeat(31), 'a'.repeat(33), `${'a'.repeat(30)}密`],
  WECHAT_PAY_PRIVATE_KEY: ['key', publicKey, elliptic.privateKey, privateKey.slice(0, 400), '/etc/apiclient_key.pem'],
  WECHAT_PAY_SERIAL_NO: ['1', '1DDE 55AD', '"1DDE55AD98ED71D6"'],
  WECHAT_PAY_PUBLIC_KEY: ['key', elliptic.publicKey, publicKey.slice(0, 200), privateKey],
  WECHAT_PAY_PUBLIC_KEY_ID: ['0119000000012024', 'PUB_KEY_ID_', 'pub_key_id_0119000000012024'],
  WECHAT_API_URL: ['api.weixin.qq.com', 'ftp://api.weixin.qq.com'],
  WECHAT_OPEN_URL: ['open.weixin.qq.com', 'file:///etc/passwd'],
  WECHAT_MP_URL: ['mp.weixin.qq.com', 'ws://mp.weixin.qq.com'],
  WECHAT_PAY_URL: ['api.mch.weixin.qq.com', ',', 'https://api.mch.weixin.qq.com,api2'],
  SESSION_TTL: ['0', '2h', '2592001', '-7200'],
  RATE_LIMIT: ['0', 'none', '1000001'],
  TRUST_PROXY: ['true', '-1', '11', '1.5'],
  DOMAIN_VERIFICATION: ['MP_verify_abc.txt', 'abc.txt=abc', '../MP_verify_abc.txt=abc', 'MP_verify_a/b.txt=abc', ','],
  LOG_LEVEL: ['loud', 'INFO'],
};

for (const [name, values] of Object.entries(MALFORMED)) {
  test(`${name} is refused where it is malformed`, () => {
    for (const value of values) {
      const text = problem({ ...WEBHOOK, ...PUBLIC_KEY, ...MESSAGES, [name]: value });
      assert.ok(text.startsWith(`${name} `), text);
      assert.ok(text.includes(SETTINGS[name as keyof typeof SETTINGS].remedy), `${text}: says what to do`);
      assert.match(text, /^\w+ (is|has|lists|does|names|holds) /, `${text}: says what is wrong`);
    }
  });
}

test('every setting has a form that is refused', () => {
  assert.deepEqual(Object.keys(MALFORMED).sort(), Object.keys(SETTINGS).sort());
});

test('a bucket needs its keys', () => {
  const IMAGE_STORE = 's3://pictures/of-buyers?endpoint=https://cos.example.com&region=ap-shanghai';

  const { problems } = refused({ ...REQUIRED, IMAGE_STORE });
  const config = loadConfig({ ...REQUIRED, IMAGE_STORE, AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' });

  assert.deepEqual(
    problems.map((text) => text.split('.', 1)[0]),
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].map((name) => `${name} is missing, though IMAGE_STORE is a bucket`),
  );
  assert.deepEqual(config.IMAGE_STORE, {
    bucket: 'pictures',
    prefix: 'of-buyers',
    region: 'ap-shanghai',
    endpoint: new URL('https://cos.example.com'),
  });
});

test('all problems come at once, each under its name', () => {
  const environment = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, 'planted secret']));

  const { problems, message } = refused(environment);

  assert.deepEqual(problems.map((text) => text.split(' ', 1)[0]).sort(), Object.keys(SETTINGS).sort());
  for (const text of problems) assert.ok(message.includes(text));
});

test('a partner that is missing is told together with all other problems', () => {
  const { problems } = refused({ ...REQUIRED, WEBHOOK_URL: WEBHOOK.WEBHOOK_URL, PORT: 'eighty' });

  assert.deepEqual(problems.map((text) => text.split(' ', 1)[0]).sort(), ['PORT', 'WEBHOOK_SECRET']);
});

test('nothing that was given is ever shown', () => {
  const planted = (name: string) => `planted secret of ${name}`;
  const asValue = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, planted(name)]));
  const asFile = Object.fromEntries(
    Object.keys(SETTINGS).map((name) => [`${name}_FILE`, file(`planted-${name}`, planted(name))]),
  );
  const asPath = Object.fromEntries(Object.keys(SETTINGS).map((name) => [`${name}_FILE`, planted(name)]));

  for (const environment of [asValue, asFile, asPath, { ...asValue, ...asFile }]) {
    const error = refused(environment);
    for (const shown of [error.message, String(error.stack), error.problems.join()]) {
      assert.doesNotMatch(shown, /planted/);
    }
  }
});

test('no malformed value is shown, of any setting', () => {
  for (const [name, values] of Object.entries(MALFORMED)) {
    for (const value of values.filter((text) => text.length > 12)) {
      const { message } = refused({ ...REQUIRED, ...WEBHOOK, ...PUBLIC_KEY, [name]: value });
      const ours = message.replace(SETTINGS[name as keyof typeof SETTINGS].remedy, '');
      assert.ok(!ours.includes(value), `${name} is shown`);
    }
  }
});

test('any setting may come from a file', () => {
  const environment = Object.fromEntries(
    Object.entries({ ...REQUIRED, ...WEBHOOK, ...PUBLIC_KEY, PORT: '9000' }).map(([name, value]) => [
      `${name}_FILE`,
      file(name, `${value}\n`),
    ]),
  );

  const config = loadConfig(environment);

  assert.deepEqual(config.API_KEYS, [REQUIRED.API_KEYS]);
  assert.equal(config.PORT, 9000);
  assert.equal(config.WEBHOOK_SECRET, WEBHOOK.WEBHOOK_SECRET);
  assert.equal(config.WECHAT_PAY_PRIVATE_KEY?.export({ type: 'pkcs8', format: 'pem' }), privateKey);
  assert.equal(config.WECHAT_PAY_PUBLIC_KEY?.export({ type: 'spki', format: 'pem' }), publicKey);
});

for (const [what, path] of [
  ['does not exist', join(folder, 'missing')],
  ['is a folder', folder],
] as const) {
  test(`a file that ${what} is told by the name of its setting`, () => {
    const text = problem({ API_KEYS: undefined, API_KEYS_FILE: path });

    assert.match(text, /^API_KEYS cannot be read from the file that API_KEYS_FILE names/);
    assert.ok(!text.includes(folder));
  });
}

test('a file without content is not taken for an absent setting', () => {
  assert.match(problem({ API_KEYS: undefined, API_KEYS_FILE: file('empty', '\n') }), /^API_KEYS /);
  assert.match(problem({ PORT_FILE: file('empty', '') }), /^PORT /);
  assert.match(
    problem({ ...WEBHOOK, WEBHOOK_SECRET: undefined, WEBHOOK_SECRET_FILE: file('empty', '') }),
    /^WEBHOOK_SECRET /,
  );
});

test('a value and a file for the same setting contradict each other', () => {
  const text = problem({ API_KEYS_FILE: file('keys', 'k'.repeat(40)) });

  assert.match(text, /^API_KEYS is given twice: as API_KEYS and as API_KEYS_FILE/);
});

for (const [given, missing, pair] of [
  ['WEBHOOK_URL', 'WEBHOOK_SECRET', WEBHOOK],
  ['WEBHOOK_SECRET', 'WEBHOOK_URL', WEBHOOK],
  ['WEBHOOK_ROUTES', 'WEBHOOK_SECRET', { WEBHOOK_ROUTES: 'message.*=https://chat.example.com/events' }],
  ['WECHAT_MESSAGE_AES_KEY', 'WECHAT_MESSAGE_TOKEN', MESSAGES],
  ['WECHAT_PAY_PUBLIC_KEY', 'WECHAT_PAY_PUBLIC_KEY_ID', PUBLIC_KEY],
  ['WECHAT_PAY_PUBLIC_KEY_ID', 'WECHAT_PAY_PUBLIC_KEY', PUBLIC_KEY],
] as const) {
  test(`${given} needs ${missing}`, () => {
    const text = problem({ ...pair, [missing]: undefined });

    assert.match(text, new RegExp(`^${missing} is missing`));
    assert.match(text, new RegExp(given));
  });
}

test('a key in PEM form may have \\n for its line ends', () => {
  const flat = (pem: string) => pem.trim().replaceAll('\n', '\\n');

  const config = loadConfig({
    ...REQUIRED,
    ...PUBLIC_KEY,
    WECHAT_PAY_PRIVATE_KEY: flat(privateKey),
    WECHAT_PAY_PUBLIC_KEY: flat(publicKey),
  });

  assert.equal(config.WECHAT_PAY_PRIVATE_KEY?.export({ type: 'pkcs8', format: 'pem' }), privateKey);
  assert.equal(config.WECHAT_PAY_PUBLIC_KEY?.export({ type: 'spki', format: 'pem' }), publicKey);
});

const V2 = {
  ...REQUIRED,
  WECHAT_PAY_API: 'v2',
  WECHAT_PAY_V2_KEY: '192006250b4c09247ec02edce69f6a2d',
  WECHAT_PAY_V3_KEY: undefined,
  WECHAT_PAY_PRIVATE_KEY: undefined,
  WECHAT_PAY_SERIAL_NO: undefined,
};

test('version 2 of the API needs its key, and none of version 3', () => {
  const config = loadConfig(V2);

  assert.equal(config.WECHAT_PAY_V2_KEY, V2.WECHAT_PAY_V2_KEY);
  assert.equal(config.WECHAT_PAY_V2_SIGN_TYPE, 'HMAC-SHA256');
  assert.equal(config.WECHAT_PAY_V3_KEY, undefined);
  assert.match(refused({ ...V2, WECHAT_PAY_V2_KEY: undefined }).problems.join(), /^WECHAT_PAY_V2_KEY is missing/);
});

test('version 3 takes the key of version 2 for notifications that still come in it', () => {
  const config = loadConfig({ ...REQUIRED, WECHAT_PAY_V2_KEY: V2.WECHAT_PAY_V2_KEY });

  assert.equal(config.WECHAT_PAY_V2_KEY, V2.WECHAT_PAY_V2_KEY);
});

test('the merchant certificate is a file as WeChat gives it, or its base64', async () => {
  const { environmentV2, stop } = await startWechat();
  await stop();
  const text = environmentV2.WECHAT_PAY_V2_CERT!;
  const bytes = Buffer.from(text, 'base64');
  const binary = join(folder, 'apiclient_cert.p12');
  writeFileSync(binary, bytes);
  const v2 = { ...V2, WECHAT_PAY_MCH_ID: environmentV2.WECHAT_PAY_MCH_ID };

  for (const given of [
    { WECHAT_PAY_V2_CERT: text },
    { WECHAT_PAY_V2_CERT_FILE: binary },
    { WECHAT_PAY_V2_CERT_FILE: file('cert-base64', `${text}\n`) },
  ]) {
    const config = loadConfig({ ...v2, ...given });
    assert.deepEqual(config.WECHAT_PAY_V2_CERT, bytes);
    assert.match(merchantCertificate(config)!.cert, /^-----BEGIN CERTIFICATE-----/);
  }
  const wrong = refused({ ...v2, WECHAT_PAY_V2_CERT: text, WECHAT_PAY_V2_CERT_PASSWORD: 'another-password' });
  assert.match(wrong.problems.join(), /^WECHAT_PAY_V2_CERT is of no use: .*password/);
  assert.doesNotMatch(wrong.message, /another-password/);
});

test('lists are split at commas, spaces around them do not matter', () => {
  const config = loadConfig({
    ...REQUIRED,
    ALLOWED_ORIGINS: 'https://a.example.com, http://localhost:3000 ,https://b.example.com:8443',
    API_KEYS: ` ${'a'.repeat(32)} , ${'b'.repeat(40)},`,
    DOMAIN_VERIFICATION: 'MP_verify_a1.txt=x, MP_verify_b2.txt=y=z',
  });

  assert.deepEqual(config.ALLOWED_ORIGINS, [
    'https://a.example.com',
    'http://localhost:3000',
    'https://b.example.com:8443',
  ]);
  assert.deepEqual(config.API_KEYS, ['a'.repeat(32), 'b'.repeat(40)]);
  assert.deepEqual(config.DOMAIN_VERIFICATION, [
    { name: 'MP_verify_a1.txt', content: 'x' },
    { name: 'MP_verify_b2.txt', content: 'y=z' },
  ]);
});

test('a session secret is measured in bytes, an API key in characters', () => {
  const config = loadConfig({ ...REQUIRED, SESSION_SECRET: '密'.repeat(11) });

  assert.deepEqual(config.SESSION_SECRET, ['密'.repeat(11)]);
});

for (const [given, expected] of [
  ['https://pay.example.com/', 'https://pay.example.com'],
  ['https://pay.example.com/weixin/', 'https://pay.example.com/weixin'],
  ['http://localhost:8787', 'http://localhost:8787'],
  ['http://127.0.0.1:8787', 'http://127.0.0.1:8787'],
  ['http://[::1]:8787', 'http://[::1]:8787'],
] as const) {
  test(`PUBLIC_URL may be ${given}`, () => {
    assert.equal(loadConfig({ ...REQUIRED, PUBLIC_URL: given }).PUBLIC_URL, expected);
  });
}

// The programs that people run.

function run(environment: Environment, args = ['serve']): ChildProcess & { output: string } {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...INHERITED, ...environment }, cwd: folder });
  const process_ = Object.assign(child, { output: '' });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      process_.output += chunk;
    });
  }
  return process_;
}

const RUNNABLE = { ...REQUIRED, ...PUBLIC_KEY, PORT: '0', DATABASE_URL: 'file:cli.db' };

test('`serve` ends with the message, and not with a stack, where the environment is wrong', async () => {
  const cli = run({ ...RUNNABLE, API_KEYS: 'planted-secret', PORT: 'eighty' });

  const [code] = await once(cli, 'close');

  assert.equal(code, 1);
  assert.equal(cli.output.trim(), refused({ ...RUNNABLE, API_KEYS: 'planted-secret', PORT: 'eighty' }).message);
  assert.doesNotMatch(cli.output, /planted|\n\s+at /);
});

test('`serve` runs with a right environment, answers, and ends when told to', async () => {
  const cli = run(RUNNABLE);
  while (!cli.output.includes('the proxy listens')) {
    await Promise.race([once(cli.stdout!, 'data'), once(cli, 'close').then(() => assert.fail(cli.output))]);
  }
  const { url } = JSON.parse(cli.output.split('\n').find((line) => line.includes('the proxy listens'))!);

  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  cli.kill('SIGTERM');
  const [code] = await once(cli, 'close');
  assert.equal(code, 0, cli.output);
  for (const secret of [
    REQUIRED.API_KEYS,
    REQUIRED.SESSION_SECRET,
    REQUIRED.WECHAT_APP_SECRET,
    REQUIRED.WECHAT_PAY_V3_KEY,
  ]) {
    assert.ok(!cli.output.includes(secret));
  }
});

test('`serve` says which setting to change where it cannot start', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const cases: [string, Environment][] = [
    ['PORT', { PORT: String((taken.address() as AddressInfo).port) }],
    ['HOST', { HOST: '192.0.2.1' }],
    ['HOST', { HOST: 'nowhere.invalid' }],
    ['DATABASE_URL', { DATABASE_URL: `file:${CLI}/proxy.db` }],
    ['DATABASE_URL', { DATABASE_URL: `file:${CLI}` }],
    ['IMAGE_STORE', { IMAGE_STORE: `file:${CLI}` }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://user:planted-secret@127.0.0.1:1/proxy' }],
  ];

  const ended = await Promise.all(
    cases.map(async ([name, changes]) => {
      const cli = run({ ...RUNNABLE, DATABASE_URL: `file:${name}.db`, ...changes });
      const [code] = await once(cli, 'close');
      return { name, changes, code, output: cli.output };
    }),
  );

  for (const { name, changes, code, output } of ended) {
    const about = JSON.stringify(changes);
    assert.equal(code, 1, about);
    assert.match(output, new RegExp(name), about);
    assert.doesNotMatch(output, /planted|\n\s+at /, about);
  }
});

test('anything but `serve` explains how to call the program', async () => {
  for (const args of [[], ['server']]) {
    const cli = run(RUNNABLE, args);
    const [code] = await once(cli, 'close');
    assert.equal(code, 2);
    assert.match(cli.output, /Usage: weixin-widgets serve/);
  }
});

test('an old Node ends with a message that says what to do', () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, NODE_VERSION],
    { encoding: 'utf8' },
  );

  assert.equal(status, 1);
  assert.match(stderr, /needs Node 24 or newer; this is Node 20\.20\.2/);
  assert.match(stderr, /npm ci/);
  assert.match(stderr, /需要 Node 24/);
});

test('the machine’s own Node is told off where it is too old, and only there', () => {
  const machine = { encoding: 'utf8', env: { PATH: '/usr/local/bin:/usr/bin:/bin' } } as const;
  const found = spawnSync('/usr/bin/env', ['node', '-p', 'process.versions.node'], machine);
  const node = found.status === 0 ? 'node' : process.execPath;
  const version = found.status === 0 ? found.stdout.trim() : process.versions.node;

  const { status, stdout, stderr } = spawnSync('/usr/bin/env', [node, '--import', NODE_VERSION, CLI], machine);

  if (Number.parseInt(version, 10) < 24) {
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`this is Node ${version.replaceAll('.', '\\.')}\\.`));
    assert.doesNotMatch(stderr, /Usage|\n\s+at /);
  } else {
    assert.equal(status, 2);
    assert.match(stderr, /^Usage/);
  }
  assert.equal(stdout, '');
});
