import { h } from '../element.js';
import { reason } from '../explanations.js';
import { t } from '../messages.js';
import { pretty } from '../pretty.js';
import { block, field, outcome, run } from './form-parts.js';

/**
 * Calls one of WeChat's APIs, as the account's own page for that does.
 *
 * @param {{examples: () => Promise<Example[]>, call: (call: object) => Promise<Answer>}} options
 *
 * @typedef {{name: string, method: string, path: string, query: Record<string, string>, body: string}} Example
 * @typedef {{status: number, body: string, ms: number, url: string}} Answer
 */
export function createApiCaller({ examples, call }) {
  let known = [];

  const choice = h('select', { onchange: choose });
  const method = h('select', {}, h('option', {}, 'GET'), h('option', {}, 'POST'));
  const path = h('input', { required: true, autocomplete: 'off', spellcheck: 'false', placeholder: '/cgi-bin/…' });
  const body = h('textarea', { rows: 7, spellcheck: 'false' });
  const result = h('div', { class: 'tool-result', 'aria-live': 'polite' });
  const form = h(
    'form',
    { class: 'tool-form', onsubmit },
    field('apiExample', choice),
    h('div', { class: 'fields request-line' }, field('field-method', method), field('apiPath', path)),
    field('apiBody', body),
    h('p', { class: 'tool-note', 'data-text': 'tokenAdded' }),
    h('button', { class: 'primary', type: 'submit', 'data-text': 'callApi' }),
  );

  /** The examples speak of the codes and templates that there are now; what is written already stays. */
  async function load() {
    const first = known.length === 0;
    known = await examples();
    const chosen = choice.selectedIndex;
    choice.replaceChildren(...known.map(drawExample), h('option', { 'data-text': 'customApi' }, t('customApi')));
    choice.selectedIndex = Math.max(chosen, 0);
    if (first) choose();
  }

  function drawExample({ name, path }) {
    return h('option', { 'data-text': `api-${name}`, title: path }, t(`api-${name}`) ?? name);
  }

  function choose() {
    const example = known[choice.selectedIndex];
    if (!example) return path.focus();
    const query = new URLSearchParams(example.query).toString();
    method.value = example.method;
    path.value = query ? `${example.path}?${query}` : example.path;
    body.value = example.body;
  }

  function onsubmit(event) {
    event.preventDefault();
    const [pathname, query = ''] = path.value.trim().split('?');
    const asked = { method: method.value, path: pathname, query: Object.fromEntries(new URLSearchParams(query)) };
    run(form, result, async () => draw(await call({ ...asked, body: body.value })));
  }

  function draw({ status, body, ms, url }) {
    const { text, kind } = pretty(body);
    const { errcode, errmsg } = readJson(body);
    const good = status >= 200 && status < 300 && !errcode;
    const why = errcode ? reason({ direction: 'in', code: String(errcode), message: errmsg }) : '';
    return [
      status ? outcome(good ? 'good' : 'bad', `${status} · ${ms} ms`, why) : outcome('bad', t('noConnection')),
      h('p', { class: 'tool-url' }, url),
      ...(status ? block(t('response'), text, { kind }) : []),
    ];
  }

  return { element: h('div', { class: 'tool' }, form, result), load };
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
