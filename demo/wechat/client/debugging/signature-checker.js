import { h, icon } from '../element.js';
import { t } from '../messages.js';
import { pretty } from '../pretty.js';
import { translate } from '../translate.js';
import { block, field, fieldNamed, outcome, run } from './form-parts.js';
import { SIGNATURE_KINDS } from './signature-kinds.js';

/** What is called otherwise in every language; the others go by WeChat's own names. */
const NAMED = ['url', 'method', 'path', 'body', 'ticket', 'signature'];
const LONG = ['body', 'encrypt'];

/**
 * Checks a signature as WeChat's own page does: the string to sign, the signature that it leads to, and what was received.
 *
 * @param {{ask: (path: string, body: object) => Promise<Check>}} options
 *
 * @typedef {{stringToSign: string, expected: string, verdict: 'right' | 'wrong' | null, hint?: string, problem?: string,
 *   plaintext?: string}} Check
 */
export function createSignatureChecker({ ask }) {
  let kind = 'jssdk';
  let controls = {};

  const kinds = h('select', { onchange: choose });
  const paste = h('textarea', { rows: 3, spellcheck: 'false', oninput: fill });
  const inputs = h('div', { class: 'fields' });
  const result = h('div', { class: 'tool-result', 'aria-live': 'polite' });
  const form = h(
    'form',
    { class: 'tool-form', onsubmit: check },
    field('signatureKind', kinds),
    h('label', { class: 'field' }, h('span', {}), paste),
    inputs,
    h('button', { class: 'primary', type: 'submit', 'data-text': 'check' }),
  );
  kinds.append(
    ...Object.keys(SIGNATURE_KINDS).map((name) => h('option', { value: name, 'data-text': `signature-${name}` })),
  );
  drawFields();

  function choose() {
    kind = kinds.value;
    paste.value = '';
    drawFields();
    translate(form);
    result.replaceChildren();
  }

  function drawFields() {
    const { paste: key, fields, optional = [] } = SIGNATURE_KINDS[kind];
    const control = (name) => {
      const required = !optional.includes(name);
      const shared = { name, spellcheck: 'false', required, 'data-hint': required ? null : 'optional' };
      return LONG.includes(name)
        ? h('textarea', { rows: 3, ...shared })
        : h('input', { autocomplete: 'off', ...shared });
    };
    controls = Object.fromEntries(fields.map((name) => [name, control(name)]));
    paste.previousElementSibling.dataset.text = key;
    paste.required = kind === 'pay-v2';
    inputs.replaceChildren(
      ...fields.map((name) =>
        NAMED.includes(name) ? field(`field-${name}`, controls[name]) : fieldNamed(name, controls[name]),
      ),
    );
  }

  function fill() {
    for (const [name, value] of Object.entries(SIGNATURE_KINDS[kind].read(paste.value))) {
      if (value !== undefined && value !== null && controls[name]) controls[name].value = value;
    }
  }

  function check(event) {
    event.preventDefault();
    const filled = Object.entries(controls).filter(([, { value }]) => value !== '');
    const values = Object.fromEntries(
      filled.map(([name, { value }]) => [name, LONG.includes(name) ? value : value.trim()]),
    );
    const received = values.signature ?? values.sign ?? '';
    const [path, body] = SIGNATURE_KINDS[kind].request(values, paste.value);
    run(form, result, async () => draw(await ask(path, body), received));
  }

  function draw({ stringToSign, expected, verdict, hint, problem, plaintext }, received) {
    const lines = stringToSign.replaceAll('\n', '⏎\n');
    return [
      drawVerdict(verdict, hint, `wrong-${kind.split('-')[0]}`),
      problem ? h('p', { class: 'advice' }, problem === 'no-ticket' ? t('noTicket') : problem) : '',
      ...block(t('stringToSign'), lines, { note: stringToSign.includes('\n') ? t('stringToSignHint') : '' }),
      ...(expected ? block(t('expectedSignature'), expected) : []),
      ...(received && verdict === 'wrong' ? drawReceived(received, expected) : []),
      ...(plaintext ? block(t('decrypted'), pretty(plaintext).text) : []),
    ];
  }

  return {
    element: h('div', { class: 'tool' }, form, result),
  };
}

/** `advice`: where nothing is known of how it came to be. */
function drawVerdict(verdict, hint, advice) {
  if (verdict === 'right') return outcome('good', t('signatureRight'));
  if (verdict === null) return outcome('open', t('signatureNone'));
  const words = hint ? (t(`hint-${hint}`) ?? hint) : t(advice);
  return outcome('bad', t('signatureWrong'), words);
}

/** The characters that differ are marked. */
function drawReceived(received, expected) {
  const marked = [...received].map((character, at) =>
    character === expected[at] ? character : h('mark', {}, character),
  );
  return [
    h('h3', {}, t('receivedSignature'), h('small', {}, t('differences'))),
    h('pre', { tabindex: '0' }, ...marked),
    received.length === expected.length
      ? ''
      : h('p', { class: 'advice' }, icon('warning'), ` ${received.length} ≠ ${expected.length}`),
  ];
}
