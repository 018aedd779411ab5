import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { yuan } from '../../demo/shop/format.ts';
import { parseYuan } from '../../demo/shop/parse-yuan.ts';

const AMOUNTS: [typed: string, fen: number][] = [
  ['12.5', 1250],
  ['12,5', 1250],
  ['12,50', 1250],
  ['12', 1200],
  ['12.', 1200],
  ['0.01', 1],
  ['007', 700],
  ['1.15', 115], // 1.15 * 100 is 114.99999999999999
  ['4.35', 435],
  ['1,234', 1234_00],
  ['1,234.5', 1234_50],
  ['1,234,567.89', 1_234_567_89],
  [' ¥ 12.50 ', 1250],
  ['￥12.50', 1250],
  ['12.50 元', 1250],
  ['１２．５', 1250],
  ['１２，５０', 1250],
  ['99999999.99', 99_999_999_99],
];

for (const [typed, fen] of AMOUNTS) {
  test(`“${typed}” is ${fen} fen`, () => {
    assert.equal(parseYuan(typed), fen);
  });
}

const NO_AMOUNTS = ['', ' ', '0', '0.00', '-1', '+1', '1.234', '1,2,3', '1.2.3', '1,23,456', '12.5.0', '1,234,5'];
NO_AMOUNTS.push('.5', 'all', '1e3', '0x10', '١٢', '999999999', 'NaN', 'Infinity', '12 yuan', '12,345,67');

test('whatever is not an amount of at least one fen is none', () => {
  for (const typed of NO_AMOUNTS) assert.equal(parseYuan(typed), undefined, typed);
});

test('every amount that the shop writes is read back to the fen', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999_99 }), (fen) => {
      assert.equal(parseYuan(yuan(fen)), fen);
      assert.equal(parseYuan(yuan(fen).slice(1).replace('.', ',')), fen);
    }),
  );
});
