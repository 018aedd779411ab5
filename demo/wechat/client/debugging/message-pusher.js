import { h } from '../element.js';
import { t } from '../messages.js';
import { pretty } from '../pretty.js';
import { block, field, outcome, run } from './form-parts.js';

/**
 * Pushes a message or event to the merchant's server, and shows what it answers.
 *
 * @param {{settings: () => Promise<{messagePush: {url: string, mode: string, format: string} | null}>,
 *   users: () => Promise<Array<{openid: string, nickname: string, isMe: boolean}>>,
 *   examples: (openid: string) => Promise<Array<{name: string, fields: object}>>,
 *   push: (message: {openid: string, fields: object}) => Promise<Pushed>, check: () => Promise<{ok: boolean, status: number, body: string}>}} options
 *
 * @typedef {{taken: boolean, tries: Array<{status: number, body: string, stringToSign: string}>, reply?: object, why?: string}} Pushed
 */
export function createMessagePusher({ settings, users, examples, push, check }) {
  let known = [];

  const server = h('dl', { class: 'push-server' });
  const none = h('div', { class: 'empty', hidden: true });
  const from = h('select');
  const kind = h('select', { onchange: choose });
  const fields = h('textarea', { rows: 6, spellcheck: 'false', required: true });
  const result = h('div', { class: 'tool-result', 'aria-live': 'polite' });
  const form = h(
    'form',
    { class: 'tool-form', onsubmit },
    server,
    h('div', { class: 'fields' }, field('pushAs', from), field('pushKind', kind)),
    field('pushFields', fields),
    h(
      'div',
      { class: 'tool-buttons' },
      h('button', { class: 'primary', type: 'submit', 'data-text': 'push' }),
      h('button', { class: 'secondary', type: 'button', 'data-text': 'checkAddress', onclick: checkAddress }),
    ),
  );

  async function load() {
    const [{ messagePush }, all] = await Promise.all([settings(), users()]);
    none.hidden = messagePush !== null;
    form.hidden = messagePush === null;
    none.replaceChildren(h('h2', {}, t('noPush')), h('p', {}, t('noPushText')));
    if (messagePush) drawServer(messagePush);
    drawUsers(all);
    const isFirst = known.length === 0;
    known = await examples(from.value);
    const chosen = kind.selectedIndex;
    kind.replaceChildren(
      ...known.map(({ name }) => h('option', { 'data-text': `push-${name}` }, t(`push-${name}`) ?? name)),
    );
    kind.selectedIndex = Math.max(chosen, 0);
    if (isFirst) choose();
  }

  function drawServer({ url, mode, format }) {
    const rows = [
      ['pushTo', url],
      ['pushMode', t(`mode-${mode}`)],
      ['pushFormat', format.toUpperCase()],
    ];
    server.replaceChildren(...rows.map(([key, value]) => h('div', {}, h('dt', {}, t(key)), h('dd', {}, value))));
  }

  function drawUsers(all) {
    const chosen = from.value || all.find(({ isMe }) => isMe)?.openid;
    from.replaceChildren(
      ...all.map(({ openid, nickname }) => h('option', { value: openid, selected: openid === chosen }, nickname)),
    );
  }

  function choose() {
    fields.value = JSON.stringify(known[kind.selectedIndex]?.fields ?? {}, null, 2);
  }

  function onsubmit(event) {
    event.preventDefault();
    run(form, result, async () => {
      const message = { openid: from.value, fields: readJson(fields.value) };
      const startedAt = performance.now();
      const pushed = await push(message);
      return draw(pushed, Math.round(performance.now() - startedAt));
    });
  }

  function draw({ taken, tries, reply, why }, ms) {
    return [
      outcome(taken ? 'good' : 'bad', `${t(taken ? 'pushTaken' : 'pushNotTaken')} · ${ms} ms`, why),
      ...(reply
        ? block(t('pushReply'), JSON.stringify(reply, null, 2))
        : taken
          ? block(t('pushReply'), t('pushNoReply'))
          : []),
      ...tries.flatMap(drawTry),
    ];
  }

  function drawTry({ status, body, stringToSign }, index) {
    const { text, kind } = pretty(body);
    return h(
      'details',
      { open: index === 0 },
      h('summary', {}, `${t('pushTry', { number: index + 1 })} · ${status || t('noConnection')}`),
      ...block(t('stringToSign'), stringToSign),
      ...block(t('merchantAnswer'), text, { kind }),
    );
  }

  function checkAddress() {
    run(form, result, async () => {
      const { ok, status, body } = await check();
      return [
        outcome(ok ? 'good' : 'bad', t(ok ? 'addressGood' : 'addressBad')),
        ...(ok ? [] : block(`${t('merchantAnswer')} · ${status}`, pretty(body).text)),
      ];
    });
  }

  return { element: h('div', { class: 'tool' }, none, form, result), load };
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(t('badJson', { reason: error.message }), { cause: error });
  }
}
