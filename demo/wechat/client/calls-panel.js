import { h, icon } from './element.js';
import { purpose, reason } from './explanations.js';
import { clock, onLanguage, t } from './messages.js';
import { pretty } from './pretty.js';

const KEPT = 500;
const KINDS = ['all', 'refused', 'notifications'];
const KIND_TEXT = { all: 'allCalls', refused: 'refusedCalls', notifications: 'notifications' };

/**
 * The list of calls to WeChat, newest first; each opens to its string to sign, request and response.
 *
 * @param {{element: HTMLElement, onCount: (count: number) => void}} options
 */
export function createCallsPanel({ element, onCount }) {
  let calls = []; // oldest first
  const cleared = new Set();
  const opened = new Set();
  let kind = 'all';
  let words = '';

  const search = h('input', { type: 'search', oninput: () => filter({ words: search.value.trim().toLowerCase() }) });
  const kinds = h('fieldset', { class: 'segments small' });
  const tools = h('div', { class: 'call-tools' });
  const list = h('ol', { class: 'call-list' });
  const empty = h('div', { class: 'empty guide' });
  element.append(tools, empty, list);
  onLanguage(draw);

  function filter(change) {
    kind = change.kind ?? kind;
    words = change.words ?? words;
    drawList();
  }

  function matches(call) {
    if (kind === 'refused' && call.verdict !== 'refused') return false;
    if (kind === 'notifications' && call.direction !== 'out') return false;
    return !words || JSON.stringify(call).toLowerCase().includes(words);
  }

  function draw() {
    search.placeholder = t('search');
    search.setAttribute('aria-label', t('search'));
    kinds.replaceChildren(...KINDS.map(drawKind));
    tools.replaceChildren(
      kinds,
      search,
      h(
        'button',
        { class: 'quiet', type: 'button', onclick: ({ currentTarget }) => copy(calls.filter(matches), currentTarget) },
        t('copyAll'),
      ),
      h('button', { class: 'quiet', type: 'button', onclick: clear }, t('clear')),
    );
    drawList();
  }

  function drawKind(value) {
    const choose = () => filter({ kind: value });
    const input = h('input', { type: 'radio', name: 'kind', value, checked: value === kind, onchange: choose });
    return h('label', {}, input, h('span', {}, t(KIND_TEXT[value])));
  }

  function drawList() {
    list.replaceChildren(...calls.filter(matches).reverse().map(drawCall));
    drawEmpty();
  }

  function drawEmpty() {
    onCount(calls.length);
    empty.hidden = list.children.length > 0;
    if (empty.hidden) return;
    if (calls.length) empty.replaceChildren(h('p', {}, t('callsNoMatch')));
    else {
      empty.replaceChildren(
        h('h2', {}, t('callsEmpty')),
        h('ol', {}, ...t('callsEmptySteps').map((step) => h('li', {}, step))),
      );
    }
  }

  function drawCall(call) {
    const open = opened.has(call.id);
    const details = h('div', { class: 'call-details', id: `call-${call.id}`, hidden: !open });
    if (open) details.append(...drawDetails(call));
    const why = call.verdict === 'refused' ? reason(call) : '';
    const toggle = ({ currentTarget }) => {
      details.hidden = !details.hidden;
      currentTarget.setAttribute('aria-expanded', String(!details.hidden));
      opened[details.hidden ? 'delete' : 'add'](call.id);
      details.replaceChildren(...(details.hidden ? [] : drawDetails(call)));
    };
    return h(
      'li',
      { class: `call ${call.verdict} ${call.direction}` },
      h(
        'button',
        {
          class: 'call-row',
          type: 'button',
          'aria-expanded': String(open),
          'aria-controls': `call-${call.id}`,
          onclick: toggle,
        },
        drawMark(call),
        h('span', { class: 'call-purpose' }, purpose(call) || direction(call)),
        h(
          'span',
          { class: 'call-status' },
          drawVerdict(call),
          h('time', { datetime: call.time }, clock(new Date(call.time), { seconds: true })),
        ),
        h('span', { class: 'call-path', title: call.path }, h('b', {}, call.method), ' ', withoutOrigin(call.path)),
        h('span', { class: 'call-ms' }, `${Math.round(call.ms)} ms`),
      ),
      call.verdict === 'refused' ? h('p', { class: 'call-refusal' }, h('b', {}, refusal(call)), why) : null,
      details,
    );
  }

  function direction({ direction, method }) {
    if (method === 'BRIDGE') return t('fromPage');
    return t(direction === 'out' ? 'outgoing' : 'incoming');
  }

  function drawMark(call) {
    const name = call.direction === 'out' ? 'bell' : call.verdict === 'ok' ? 'check' : 'close';
    return h('span', { class: 'call-mark', title: direction(call) }, icon(name));
  }

  function drawVerdict(call) {
    const { verdict, status, method } = call;
    if (wasCancelled(call)) return h('span', { class: 'verdict cancelled' }, t('cancelled'));
    // Version 2 refuses with status 200 too.
    const unsaid = method === 'BRIDGE' || !status || (verdict === 'refused' && status < 400);
    const shown = unsaid ? t(verdict) : status;
    return h('span', { class: 'verdict', 'aria-label': `${t(verdict)} ${status || ''}` }, shown);
  }

  /** The payer's own choice: neither an error nor a success. */
  function wasCancelled({ method, code }) {
    return method === 'BRIDGE' && /:cancel$/.test(code ?? '');
  }

  function refusal({ method, code, message }) {
    return method === 'BRIDGE' ? (message ?? code) : [code, message].filter(Boolean).join(' · ');
  }

  function drawDetails(call) {
    return [
      call.stringToSign
        ? [
            h('h3', {}, t('stringToSign'), h('small', {}, signingHint(call.stringToSign))),
            h('pre', {}, call.stringToSign.replaceAll('\n', '⏎\n')),
          ]
        : [],
      h('h3', {}, t('request')),
      drawBody(call.requestBody),
      h('h3', {}, t('response')),
      drawBody(call.responseBody),
      Object.keys(call.requestHeaders ?? {}).length
        ? h('details', {}, h('summary', {}, t('requestHeaders')), h('pre', {}, headerLines(call.requestHeaders)))
        : [],
      h(
        'button',
        { class: 'quiet copy', type: 'button', onclick: ({ currentTarget }) => copy(call, currentTarget) },
        icon('copy'),
        h('span', {}, t('copy')),
      ),
    ].flat();
  }

  /** Version 3 signs lines; version 2 signs fields, with the key behind them. */
  function signingHint(stringToSign) {
    if (stringToSign.includes('\n')) return t('stringToSignHint');
    return /&key=|&signType=(MD5|HMAC-SHA256)/.test(stringToSign) ? t('fieldsToSignHint') : '';
  }

  function drawBody(body) {
    const { text, kind } = pretty(body);
    return h('pre', { class: kind, tabindex: kind === 'table' ? '0' : null }, text || t('emptyBody'));
  }

  function headerLines(headers) {
    return Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n');
  }

  async function copy(value, button) {
    await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
    const label = button.querySelector('span') ?? button;
    const text = label.textContent;
    label.textContent = t('copied');
    setTimeout(() => {
      label.textContent = text;
    }, 1500);
  }

  function clear() {
    for (const { id } of calls) cleared.add(id);
    calls = [];
    opened.clear();
    drawList();
  }

  return {
    /** Calls that came, oldest first; those that are known are left out. */
    add(newer) {
      const known = new Set(calls.map(({ id }) => id));
      for (const call of newer) {
        if (known.has(call.id) || cleared.has(call.id)) continue;
        calls.push(call);
        if (matches(call)) prepend(call);
      }
      calls = calls.slice(-KEPT);
      drawEmpty();
    },
  };

  /** Rows that are there stay what they are, so that neither focus nor an open one is lost. */
  function prepend(call) {
    const row = drawCall(call);
    row.classList.add('new');
    list.prepend(row);
    if (list.children.length > KEPT) list.lastElementChild.remove();
  }
}

/** Notifications go to whole addresses; the path is what tells them apart. */
function withoutOrigin(path) {
  return path.replace(/^https?:\/\/[^/]+/, '');
}
