import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../demo/shop/html.ts';

test('whatever is put into markup is escaped, in text and in attributes', () => {
  const nasty = `"><script>alert('1')</script>&amp;`;

  const { markup } = html`<p title="${nasty}">${nasty}</p>`;

  const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;';
  assert.equal(markup, `<p title="${escaped}">${escaped}</p>`);
});

test('markup inside markup stays as it is, lists are joined, undefined leaves nothing', () => {
  const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);

  const { markup } = html`<ul>${items}</ul>${undefined}${0}`;

  assert.equal(markup, '<ul><li>a</li><li>&lt;b&gt;</li></ul>0');
});
