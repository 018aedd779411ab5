import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CATALOGUE } from '../../demo/shop/catalogue.ts';
import { startDemo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';

const START = fileURLToPath(new URL('../../demo/start.ts', import.meta.url));
const ANY_PORTS = { WECHAT_PORT: '0', PORT: '0', SHOP_PORT: '0' };

function run(environment: Record<string, string>) {
  const child = spawn(process.execPath, [START], { env: { ...process.env, ...ANY_PORTS, ...environment } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.on('data', (text) => {
    output.stderr += text;
  });
  return { child, output, ended: once(child, 'exit') as Promise<[code: number | null]> };
}

async function listenSomewhere() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' ? address!.port : 0 };
}

function stopIfRunning(child: ChildProcess) {
  if (child.exitCode === null) child.kill('SIGKILL');
}

test('says what to open first, serves it, and stops on Ctrl+C', async (t) => {
  const { child, output, ended } = run({});
  t.after(() => stopIfRunning(child));

  await eventually(() => /\?open=\S+/.test(output.stdout), 'the demo says what to open');
  const address = /http:\S+\?open=\S+/.exec(output.stdout)![0];
  const [phone, shop] = await Promise.all([fetch(address), fetch(new URL(address).searchParams.get('open')!)]);
  assert.deepEqual([phone.status, shop.status], [200, 200]);
  assert.match(await shop.text(), /<html lang="zh-CN">\s*<head><script src="[^"]+\/client\/bridge\.js"><\/script>/);

  child.kill('SIGINT');
  assert.deepEqual(await ended, [0, null]);
  await assert.rejects(fetch(address));
  assert.equal(output.stderr, '');
});

for (const variable of ['WECHAT_PORT', 'PORT', 'SHOP_PORT']) {
  test(`a port that is taken is named, with ${variable} and a remedy`, async (t) => {
    const { server, port } = await listenSomewhere();
    t.after(() => server.close());

    const { output, ended } = run({ [variable]: String(port) });

    assert.deepEqual(await ended, [1, null]);
    assert.ok(output.stderr.includes(`Port ${port} is taken`) && output.stderr.includes(`端口 ${port} 已被`));
    assert.ok(output.stderr.includes(`${variable}=0`));
  });
}

test('one port for two is told before anything starts', async () => {
  const { server, port } = await listenSomewhere();
  await new Promise((resolve) => server.close(resolve));

  const { output, ended } = run({ PORT: String(port), SHOP_PORT: String(port) });

  assert.deepEqual(await ended, [1, null]);
  assert.ok(output.stderr.includes(`Port ${port} is taken`) && output.stderr.includes('SHOP_PORT=0'));
});

test('a version of the pay API that does not exist is named', async () => {
  const { output, ended } = run({ WECHAT_PAY_API: 'v4' });

  assert.deepEqual(await ended, [1, null]);
  assert.match(output.stderr, /WECHAT_PAY_API is “v4”/);
});

test('with WECHAT_PAY_API=v2 the whole demo speaks version 2, and stops on Ctrl+C', async (t) => {
  const { child, output, ended } = run({ WECHAT_PAY_API: 'v2' });
  t.after(() => stopIfRunning(child));

  await eventually(() => /\/office\s/.test(output.stdout), 'the demo says where the office is');
  const codes = await fetch(`${/http:\S+\/office/.exec(output.stdout)![0]}/codes`);
  assert.equal((await codes.text()).match(/src="\/office\/codes\//g)?.length, CATALOGUE.length);

  child.kill('SIGINT');
  assert.deepEqual(await ended, [0, null]);
  assert.equal(output.stderr, '');
});

test('a port that is no port is named', async () => {
  const { output, ended } = run({ SHOP_PORT: 'http' });

  assert.deepEqual(await ended, [1, null]);
  assert.match(output.stderr, /“http”/);
  assert.match(output.stderr, /SHOP_PORT/);
});

test('an unexpected failure is told, and what had started is stopped', async () => {
  const { output, ended } = run({ LOG_LEVEL: 'loud' });

  assert.deepEqual(await ended, [1, null]);
  assert.match(output.stderr, /The demo did not start/);
  assert.match(output.stderr, /LOG_LEVEL/);
});

test('two demos run beside each other, and stop without a trace', async () => {
  const options = { wechatPort: 0, proxyPort: 0, shopPort: 0 };
  const [one, other] = await Promise.all([startDemo(options), startDemo(options)]);

  const urls = [one, other].flatMap(({ wechat, proxy, shop }) => [wechat.url, proxy.url, shop.url]);
  assert.equal(new Set(urls).size, 6);
  await Promise.all([one.stop(), other.stop()]);
  await one.stop();

  for (const url of urls) await assert.rejects(fetch(url), url);
});
