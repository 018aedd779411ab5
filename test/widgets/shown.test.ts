import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ERROR_TEXTS } from '../../widgets/core/error-texts.ts';
import { addErrorTexts, failure } from '../../widgets/core/failure.ts';
import { languageFrom } from '../../widgets/core/language.ts';
import { formatFen } from '../../widgets/core/money.ts';
import { timeLeft } from '../../widgets/core/time-left.ts';
import { ATTEMPT_ERROR_TEXTS } from '../../widgets/pay-button/attempt-error-texts.ts';

describe('money', () => {
  for (const [fen, shown] of [
    [1, '¥0.01'],
    [10, '¥0.10'],
    [100, '¥1.00'],
    [3980, '¥39.80'],
    [123456789, '¥1,234,567.89'],
    [100000000000, '¥1,000,000,000.00'],
  ] as const) {
    it(`shows ${fen} fen as ${shown}`, () => assert.equal(formatFen(fen), shown));
  }

  it('loses no fen', () => {
    fc.assert(fc.property(fc.nat(), (fen) => Number(formatFen(fen).replace(/[¥,.]/g, '')) === fen));
  });
});

describe('the time left', () => {
  const now = Date.parse('2026-03-01T08:00:00.000Z');
  for (const [expiresAt, shown] of [
    ['2026-03-01T08:00:01.000Z', '00:01'],
    ['2026-03-01T08:00:00.400Z', '00:01'],
    ['2026-03-01T08:15:00.000Z', '15:00'],
    ['2026-03-01T09:59:59.000Z', '1:59:59'],
    ['2026-03-08T08:00:00.000Z', '168:00:00'],
    ['2026-03-01T08:00:00.000Z', undefined],
    ['2026-03-01T07:00:00.000Z', undefined],
  ] as const) {
    it(`is ${shown} until ${expiresAt}`, () => assert.equal(timeLeft(expiresAt, now), shown));
  }
});

describe('errors', () => {
  before(() => addErrorTexts(ATTEMPT_ERROR_TEXTS));

  for (const code of Object.keys({ ...ERROR_TEXTS, ...ATTEMPT_ERROR_TEXTS })) {
    it(`explain ${code} in both languages`, () => {
      for (const detail of ['', 'WeChat said so']) {
        const { cause, remedy } = failure(code, { detail });
        for (const text of [cause, remedy]) {
          assert.match(text['zh-CN'], /\p{Script=Han}/u);
          assert.match(text.en, /^[A-Z][^\p{Script=Han}]+[.)]$/u);
          assert.doesNotMatch(text['zh-CN'] + text.en, /[{}]/);
        }
      }
    });
  }

  it('speak the proxy’s words for a code that is not known here', () => {
    const problem = {
      type: 'about:blank',
      title: '',
      status: 418,
      detail: 'The pot is empty.',
      code: 'teapot',
      remedy: 'Fill it.',
      requestId: 'r1',
    };
    const error = failure('teapot', { status: 418, problem });
    assert.equal(error.code, 'teapot');
    assert.match(error.cause.en, /^The pot is empty\./);
    assert.equal(error.remedy.en, 'Fill it.');
    assert.equal(error.cause['zh-CN'], '服务暂时不可用。');
    assert.equal(error.problem?.requestId, 'r1');
  });
});

describe('the language', () => {
  for (const [tag, language] of [
    ['zh', 'zh-CN'],
    ['zh-CN', 'zh-CN'],
    ['ZH-hant-TW', 'zh-CN'],
    ['en-GB', 'en'],
    ['fr', 'en'],
    ['zha', 'en'],
  ] as const) {
    it(`of ${tag} is ${language}`, () => assert.equal(languageFrom(tag), language));
  }
});
