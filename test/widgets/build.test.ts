import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { transformWithOxc } from 'vite';
import { buildStaleWidgets } from '../../demo/build-stale-widgets.ts';
import { OUTPUT } from '../../widgets/build.ts';

/** What each file may weigh, in bytes, compressed by gzip. */
const LIMITS = {
  'widgets.js': 20_000,
  'widgets.iife.js': 22_000,
  'order-card.js': 14_000,
  'pay-button.js': 14_000,
  'image-uploader.js': 12_300,
  'weixin-js-sdk-': 5_000,
  'wechat-': 5_000,
  'attempt-': 4_200,
  'native-': 3_000,
  'uploader-': 10_000,
  'pictures-': 8_900,
  'sharing-': 7_100,
};

const nameOf = (start: string) => readdirSync(OUTPUT).find((name) => name.startsWith(start))!;
const read = (name: string) => readFileSync(OUTPUT + name, 'utf8');

describe('the built widgets', () => {
  before(() => buildStaleWidgets());

  for (const [start, limit] of Object.entries(LIMITS)) {
    it(`${start} weighs at most ${limit} bytes`, () => {
      const size = gzipSync(read(nameOf(start)), { level: 9 }).length;
      assert.ok(size <= limit, `${size} bytes`);
    });
  }

  const parts = ['weixin-js-sdk', 'wechat', 'attempt', 'native', 'uploader', 'pictures', 'sharing'];

  for (const start of ['widgets.iife.js', ...parts.map((part) => `${part}-`)]) {
    it(`${start} is an ES2019 script`, async () => {
      const code = read(nameOf(start));
      const options = { minify: false, sourcemap: false, lang: 'js', sourceType: 'script' } as const;
      const asIs = await transformWithOxc(code, 'script.js', { ...options, target: 'esnext' });
      const lowered = await transformWithOxc(code, 'script.js', { ...options, target: 'es2019' });
      assert.equal(lowered.code, asIs.code, 'nothing in it needs to be lowered');
      assert.doesNotMatch(code, /\bimport\s*\(|import\.meta/);
    });
  }

  for (const name of [
    'widgets.js',
    'pay-button.js',
    'order-card.js',
    'image-uploader.js',
    'share-meta.js',
    'index.js',
  ]) {
    it(`${name} is an ES2021 module`, async () => {
      const options = { minify: false, sourcemap: false, lang: 'js', sourceType: 'module' } as const;
      const asIs = await transformWithOxc(read(name), 'module.js', { ...options, target: 'esnext' });
      const lowered = await transformWithOxc(read(name), 'module.js', { ...options, target: 'es2021' });
      assert.equal(lowered.code, asIs.code);
    });
  }

  it('keeps a name without a hash for widgets that a browser has kept', () => {
    for (const part of parts) assert.equal(read(`${part}.js`), read(nameOf(`${part}-`)));
  });

  it('leaves Lit to the bundler of whoever installs the package', () => {
    assert.match(read('pay-button/pay-button.js'), /from "lit"/);
    assert.match(read('index.js'), /\.\/pay-button\/index\.js/);
    assert.match(read('pay-button/code-path.js'), /from "lean-qr\/nano"/);
    assert.match(read('pay-button/load-native.js'), /import\("\.\/native\.js"\)/);
  });

  it('doubles neither Lit nor the texts of errors in what is loaded later', () => {
    for (const part of ['attempt.js', 'native.js', 'wechat.js', 'uploader.js', 'pictures.js', 'sharing.js'])
      assert.doesNotMatch(read(part), /litElement|lit\$|ALLOWED_ORIGINS/);
  });

  it('doubles no text of an error of the uploader', () => assert.doesNotMatch(read('uploader.js'), /JPEG、PNG/));

  it('names the licence of everything that it contains', () => {
    for (const name of ['lit', 'weixin-js-sdk', 'lean-qr'])
      assert.match(read('third-party-notices.txt'), new RegExp(`^${name}$`, 'm'));
  });

  it('uses nothing that old phones lack', () => {
    for (const name of ['widgets.js', 'widgets.iife.js', ...parts.slice(1).map((part) => `${part}.js`)]) {
      assert.doesNotMatch(
        read(name),
        // ElementInternals only where they are.
        /\.attachInternals\(|<dialog|:has\(|@layer|\.replaceAll\(|\.at\(|structuredClone|\beval\(|new Function/,
      );
    }
  });
});
