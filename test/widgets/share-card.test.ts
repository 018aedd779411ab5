import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { problemsOfCard, problemsOfIcon } from '../../widgets/share-meta/check-card.ts';
import { type ShareCard, type SharePage, shareCard } from '../../widgets/share-meta/share-card.ts';
import { SHARE_ERROR_TEXTS } from '../../widgets/share-meta/share-error-texts.ts';

const NOTHING: ShareCard = { title: '', description: '', link: '', icon: '' };
const PAGE: SharePage = {
  title: '茶',
  description: '明前',
  canonical: '',
  address: 'https://shop.test/tea/7?size=250',
  base: 'https://shop.test/tea/7?size=250',
};

const cardOf = (given: Partial<ShareCard> = {}, page: Partial<SharePage> = {}) =>
  shareCard({ ...NOTHING, ...given }, { ...PAGE, ...page });

const problemsOf = (given: Partial<ShareCard>, page: Partial<SharePage> = {}) =>
  problemsOfCard({
    given: { ...NOTHING, icon: 'https://cdn.test/tea.png', ...given },
    card: cardOf({ icon: 'https://cdn.test/tea.png', ...given }, page),
    address: PAGE.address,
    isThorough: false,
  }).map(({ error, warning }) => [error.code, warning]);

const iconProblems = (width: number, height: number, bytes = 0) =>
  problemsOfIcon('https://cdn.test/tea.png', { isBroken: false, width, height, bytes }).map(({ error }) => error.code);

describe('the card of a page', () => {
  it('says what the page says of itself where nothing else is asked for', () => {
    assert.deepEqual(cardOf(), { title: '茶', description: '明前', link: PAGE.address, icon: '' });
    assert.equal(cardOf({}, { canonical: 'https://shop.test/tea/7' }).link, 'https://shop.test/tea/7');
    const noisy = 'https://shop.test/tea?id=7&utm_source=x&openid=o1';
    assert.equal(cardOf({}, { canonical: noisy }).link, 'https://shop.test/tea?id=7');
    assert.equal(cardOf({ title: ' 龙井 ' }, { canonical: 'https://www.shop.test/tea/7' }).link, PAGE.address);
  });

  for (const [query, kept] of [
    ['?size=250&from=timeline&isappinstalled=0#wechat_redirect', '?size=250'],
    ['?from=groupmessage&scene=1&clicktime=1770000000&enterid=1770000000', ''],
    ['?utm_source=x&UTM_medium=y&gclid=1&fbclid=2&spm=a1.b2&share_token=3&wx_header=1', ''],
    ['?code=0a1b&state=here&size=%E5%A4%A7', '?size=%E5%A4%A7'],
    ['?accessToken=1&user_token=2&unionId=3&wxfrom=4&bd_vid=5&_ga=6&ttclid=7&jwt=8&sessionToken=9', ''],
    ['?size=250&utm_source=x#/goods/7?a=1', '?size=250#/goods/7?a=1'],
    ['#!/goods/7', '#!/goods/7'],
    ['#reviews', ''],
    ['?code=SKU-7', '?code=SKU-7'],
    ['?from=hangzhou&to=beijing&scene=table-12', '?from=hangzhou&to=beijing&scene=table-12'],
    ['?PHPSESSID=1&jsessionid=2&sid=3&session=4&token=5&access_token=6&openid=o7&session_key=8', ''],
    ['?assessor=1&process=2&tokens=3&a=b?c=d&&e', '?assessor=1&process=2&tokens=3&a=b?c=d&e'],
  ] as const) {
    it(`shares ${query} as ${kept || 'nothing'}`, () => {
      assert.equal(cardOf({}, { address: `https://shop.test/tea/7${query}` }).link, `https://shop.test/tea/7${kept}`);
    });
  }

  it('makes addresses absolute, and takes none that is not of the web', () => {
    assert.equal(cardOf({ link: '/all', icon: '//cdn.test/a.png' }).link, 'https://shop.test/all');
    assert.equal(cardOf({ icon: '../a.png' }).icon, 'https://shop.test/a.png');
    for (const link of ['javascript:alert(1)', 'https://', 'weixin://x'])
      assert.equal(cardOf({ link }).link, PAGE.address);
    for (const icon of ['http://cdn.test/a.png', 'data:image/png;base64,AA==', 'blob:https://shop.test/1', 'https://'])
      assert.equal(cardOf({ icon }).icon, '', icon);
    assert.equal(cardOf({ icon: 'http://127.0.0.1:8788/a.png' }).icon, 'http://127.0.0.1:8788/a.png');
  });
});

describe('what is wrong with a card', () => {
  it('is nothing where nothing is', () => {
    assert.deepEqual(problemsOf({}), []);
    assert.deepEqual(iconProblems(300, 300, 32_768), []);
    assert.deepEqual(iconProblems(300, 301), [], 'rounding');
    assert.deepEqual(iconProblems(0, 0), [], 'no size of its own');
    assert.deepEqual(problemsOfIcon('https://cdn.test/tea.png', undefined), [], 'not looked at');
  });

  for (const [given, page, problem] of [
    [{}, { title: '' }, ['share_title_missing', true]],
    [{ icon: ' ' }, {}, ['share_icon_missing', true]],
    [{ icon: 'http://cdn.test/a.png' }, {}, ['share_icon_not_https', false]],
    [{ icon: 'data:image/png;base64,AA==' }, {}, ['share_icon_data_url', false]],
    [{ icon: 'blob:https://shop.test/1' }, {}, ['share_icon_data_url', false]],
    [{ link: 'https://other.test/' }, {}, ['share_link_not_allowed', true]],
    [{ link: 'javascript:alert(1)' }, {}, ['share_link_not_allowed', false]],
  ] as const) {
    it(`is ${problem[0]}: ${JSON.stringify(given)}`, () => assert.deepEqual(problemsOf(given, page), [problem]));
  }

  it('can be the icon’s shape, size and weight', () => {
    assert.deepEqual(iconProblems(640, 480), ['share_icon_not_square']);
    assert.deepEqual(iconProblems(299, 299), ['share_icon_too_small']);
    assert.deepEqual(iconProblems(600, 600, 32_769), ['share_icon_too_large']);
  });

  it('is said in both languages, with what to do', () => {
    for (const [code, texts] of Object.entries(SHARE_ERROR_TEXTS)) {
      for (const [place, text] of texts.entries()) {
        assert.equal(/\p{Script=Han}/u.test(text.replace('JS接口安全域名', '')), place % 2 === 0, `${code}: ${text}`);
        assert.match(text, /[。.]$/);
      }
    }
  });
});
