import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What each part may import, of the project and of what only some may know. Types count too. */
const ALLOWED: Record<string, string[]> = {
  'proxy/http': [
    'proxy/',
    'proxy/http',
    'proxy/images',
    'proxy/messages',
    'proxy/orders',
    'proxy/outbox',
    'proxy/store',
    'proxy/wechat',
    'koa',
  ],
  'proxy/images': ['proxy/', 'proxy/images', 'proxy/store', 'proxy/wechat'],
  'proxy/messages': ['proxy/', 'proxy/messages', 'proxy/outbox', 'proxy/store', 'proxy/wechat'],
  'proxy/orders': ['proxy/', 'proxy/orders', 'proxy/outbox', 'proxy/store', 'proxy/wechat', 'kysely'],
  'proxy/outbox': ['proxy/', 'proxy/outbox', 'proxy/store'],
  'proxy/store': ['proxy/', 'proxy/store', 'proxy/wechat', 'kysely'],
  'proxy/wechat': ['proxy/', 'proxy/wechat'],
  widgets: ['proxy/', 'widgets'],
  'demo/wechat': ['demo/wechat', 'koa'],
  'demo/shop': ['demo/shop', 'koa'],
};
const KNOWN_BY_SOME = /^(@?koa|kysely)/;

for (const [part, allowed] of Object.entries(ALLOWED)) {
  test(`${part} imports only what it may`, () => {
    const files = readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.[tj]s$/.test(name),
    );
    assert.ok(files.length > 0);
    for (const name of files) {
      // It builds; it is not part of what is built.
      if (part === 'widgets' && name === 'build.ts') continue;
      const file = join(part, name);
      for (const imported of importsOf(file)) assert.ok(allowed.includes(imported), `${file} imports ${imported}`);
    }
  });
}

/** The parts of the project that a file imports, and the libraries that are not everybody's. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].flatMap(([, name = '']) => {
    if (name.startsWith('.')) return [partOf(relative(ROOT, join(ROOT, dirname(file), name)))];
    return KNOWN_BY_SOME.test(name) ? [/koa/.test(name) ? 'koa' : 'kysely'] : [];
  });
}

function partOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  if (first === 'widgets') return first;
  return second.endsWith('.ts') || second.endsWith('.js') ? `${first}/` : `${first}/${second}`;
}

test('widgets take nothing from the proxy but types', () => {
  for (const name of readdirSync(join(ROOT, 'widgets'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(join(ROOT, 'widgets', name), 'utf8');
    for (const [line] of text.matchAll(/^(import|export)\b.*\/proxy\/.*$/gm))
      assert.match(line, /^(import|export) type /, name);
  }
});
