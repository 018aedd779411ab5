import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Store } from '../../widgets/core/stored.ts';
import { KeptPictures } from '../../widgets/image-uploader/kept-pictures.ts';

function aStore(kept = new Map<string, string>()): Store & { kept: Map<string, string> } {
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

const URLS = ['https://pay.test/v1/images/img_1', 'https://pay.test/v1/images/img_2'];

describe('pictures that are kept with the tab', () => {
  it('are there again when the page is loaded anew', () => {
    const store = aStore();
    new KeptPictures(store, '/review?order=1', 'photos', 0).keep(URLS);
    assert.deepEqual(new KeptPictures(store, '/review?order=1', 'photos', 0).read(), URLS);
  });

  it('are of one page, one name and one of its elements', () => {
    const store = aStore();
    new KeptPictures(store, '/review?order=1', 'photos', 0).keep(URLS);
    assert.deepEqual(new KeptPictures(store, '/review?order=2', 'photos', 0).read(), []);
    assert.deepEqual(new KeptPictures(store, '/review?order=1', 'others', 0).read(), []);
    assert.deepEqual(new KeptPictures(store, '/review?order=1', 'photos', 1).read(), []);
  });

  it('are forgotten, also where none is left', () => {
    const store = aStore();
    const kept = new KeptPictures(store, '/review', 'photos', 0);
    kept.keep(URLS);
    kept.forget();
    assert.deepEqual(kept.read(), []);
    kept.keep(URLS);
    kept.keep([]);
    assert.equal(store.kept.size, 0);
  });

  it('are lost, and nothing else, where the browser keeps nothing', () => {
    const none = new KeptPictures(undefined, '/review', 'photos', 0);
    none.keep(URLS);
    none.forget();
    assert.deepEqual(none.read(), []);
    const full = aStore();
    full.setItem = () => {
      throw new DOMException('', 'QuotaExceededError');
    };
    new KeptPictures(full, '/review', 'photos', 0).keep(URLS);
  });

  it('are nothing but web addresses, whatever was stored', () => {
    const store = aStore();
    const kept = new KeptPictures(store, '/review', 'photos', 0);
    kept.keep(URLS);
    const [key] = store.kept.keys();
    for (const [stored, read] of [
      ['{broken', []],
      ['{}', []],
      [JSON.stringify(['javascript:alert(1)', 5, null, URLS[0]]), [URLS[0]]],
    ] as const) {
      store.kept.set(key!, stored);
      assert.deepEqual(kept.read(), read);
    }
  });
});
