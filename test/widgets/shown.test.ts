import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Problem } from '../../proxy/api.ts';
import { ERROR_TEXTS } from '../../widgets/core/error-texts.ts';
import { addErrorTexts, failure } from '../../widgets/core/failure.ts';
import { languageFrom } from '../../widgets/core/language.ts';
import { formatFen } from '../../widgets/core/money.ts';
import { timeLeft } from '../../widgets/core/time-left.ts';
import { ATTEMPT_ERROR_TEXTS, attemptErrorKind } from '../../widgets/pay-button/attempt-error-texts.ts';

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
  before(() => addErrorTexts(ATTEMPT_ERROR_TEXTS, attemptErrorKind));

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

  /** As the proxy says it: to whoever runs it. */
  const aProblem = (code: string, status: number): Problem => ({
    type: `urn:weixin-widgets:problem:${code}`,
    title: 'The pot is empty.',
    status,
    detail: 'The pot on the left is empty.',
    code,
    remedy: 'Fill it at pay.weixin.qq.com.',
    zh: { title: '壶是空的。', remedy: '请加水。' },
    requestId: 'r1',
    upstream: { code: 'NO_AUTH', message: '商户无此产品权限' },
  });

  it('speak the proxy’s words, in both languages, for a code that is not known here', () => {
    const error = failure('teapot', { status: 418, problem: aProblem('teapot', 418) });
    assert.equal(error.code, 'teapot');
    assert.deepEqual(error.cause, { 'zh-CN': '壶是空的。', en: 'The pot is empty.' });
    assert.deepEqual(error.remedy, { 'zh-CN': '请加水。', en: 'Fill it at pay.weixin.qq.com.' });
    assert.equal(error.problem?.requestId, 'r1');
  });

  it('have words of their own where a proxy of another version sends none', () => {
    const problem = { code: 'teapot', status: 418 } as Problem;
    const { cause, remedy } = failure('teapot', { status: 418, problem });
    assert.deepEqual(cause, { 'zh-CN': '服务暂时不可用。', en: 'The service is not available.' });
    assert.deepEqual(remedy, { 'zh-CN': '请稍后重试。', en: 'Try again in a moment.' });
  });

  for (const [code, cause, remedy] of [
    ['wechat_pay_not_permitted', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['wechat_pay_account_mismatch', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['wechat_pay_signature_refused', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['wechat_pay_rule_limit', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['wechat_refused', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['wechat_untrusted', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['payment_refused', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['trade_no_used', 'WeChat Pay cannot take this payment.', '请联系商家。'],
    ['wechat_pay_busy', 'WeChat Pay is busy.', '请稍后重试。'],
    ['wechat_unavailable', 'WeChat Pay is busy.', '请稍后重试。'],
    ['store_unavailable', 'The service is not available.', '请稍后重试。'],
    ['internal', 'The service is not available.', '请稍后重试。'],
  ] as const) {
    it(`tell a payer of ${code} what a payer can do, and the log what the operator can`, () => {
      const error = failure(code, { status: 502, problem: aProblem(code, 502) });
      assert.equal(error.code, code);
      assert.equal(error.cause.en, cause);
      assert.equal(error.remedy['zh-CN'], remedy);
      const shown = JSON.stringify([error.cause, error.remedy]);
      assert.doesNotMatch(shown, /pot|壶|pay\.weixin|产品权限/);
      assert.equal(error.problem?.zh.remedy, '请加水。');
      for (const each of ['The pot on the left is empty.', 'Fill it at pay.weixin.qq.com.', '商户无此产品权限'])
        assert.ok(error.message.includes(each), error.message);
    });
  }
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
