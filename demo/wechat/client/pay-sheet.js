import { h, icon } from './element.js';
import { keepFocusInside } from './keep-focus-inside.js';
import { onLanguage, t, yuan } from './messages.js';

const DIGITS = 6;
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0', 'delete'];
const FILL_INTERVAL = 90; // ms between the digits of "fill it in for me"

/**
 * WeChat Pay's sheet: shows what is to be paid, takes six digits, and answers the stand-in with `pay` or `cancel`.
 * It says what became of the payment, whatever the page is told. Sheets that come while one is open wait for their turn.
 *
 * @param {{layer: HTMLElement, pay: (sheet: Sheet) => Promise<PayOutcome>, cancel: (sheet: Sheet) => Promise<unknown>,
 *   onOpen: () => void, onClose: () => void}} options `pay` rejects where the stand-in refuses or is gone
 *
 * @typedef {{id: string, merchantName: string, description: string, amount: {total: number}, outTradeNo: string}} Sheet
 * @typedef {{paid: boolean, reason?: () => string, lie?: 'ok' | 'cancel'}} PayOutcome `lie`: what the page is told
 *   though it is not so
 */
export function createPaySheet({ layer, pay: askToPay, cancel: tellCancelled, onOpen, onClose }) {
  const waiting = [];
  let sheet = null;
  let state = 'entry'; // entry → sending → paid | failed
  let digits = '';
  let outcome = {};

  const dialog = h('div', { class: 'pay-sheet', role: 'dialog', 'aria-modal': 'true', tabindex: '-1', onkeydown });
  layer.append(h('div', { class: 'scrim' }), dialog);
  onLanguage(draw);

  function show(next) {
    if (next.id === sheet?.id || waiting.some(({ id }) => id === next.id)) return;
    if (sheet) waiting.push(next);
    else open(next);
  }

  function open(next) {
    sheet = next;
    state = 'entry';
    digits = '';
    layer.hidden = false;
    onOpen();
    draw();
    dialog.focus({ preventScroll: true });
  }

  function close() {
    sheet = null;
    layer.hidden = true;
    dialog.replaceChildren();
    onClose();
    if (waiting.length) open(waiting.shift());
  }

  /** The stand-in took the sheet away: the payer was too slow, or another window answered. */
  function closed(id) {
    const index = waiting.findIndex((other) => other.id === id);
    if (index >= 0) waiting.splice(index, 1);
    else if (sheet?.id === id && state === 'entry') close();
  }

  async function pay() {
    state = 'sending';
    draw();
    try {
      outcome = await askToPay(sheet);
    } catch (error) {
      outcome = { paid: false, reason: () => error.message };
    }
    state = outcome.paid ? 'paid' : 'failed';
    draw();
    dialog.querySelector('.done').focus({ preventScroll: true });
  }

  function cancel() {
    const left = sheet;
    close();
    tellCancelled(left).catch(() => {}); // the sheet is gone either way; the calls panel shows what became of it
  }

  function press(key) {
    if (state !== 'entry') return;
    if (key === 'delete') digits = digits.slice(0, -1);
    else if (digits.length < DIGITS) digits += key;
    drawDigits();
    if (digits.length === DIGITS) pay();
  }

  async function fillIn() {
    const { id } = sheet;
    while (sheet?.id === id && state === 'entry') {
      press(String(1 + digits.length));
      await new Promise((resolve) => setTimeout(resolve, FILL_INTERVAL));
    }
  }

  function onkeydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      if (state === 'entry') cancel();
      else if (state !== 'sending') close();
    } else if (/^\d$/.test(event.key)) press(event.key);
    else if (event.key === 'Backspace') press('delete');
    else if (event.key === 'Tab') return keepFocusInside(event, dialog);
    else return;
    event.preventDefault();
  }

  function draw() {
    if (!sheet) return;
    dialog.dataset.state = state;
    dialog.setAttribute('aria-label', t('payTo', { name: sheet.merchantName }));
    dialog.replaceChildren(...(state === 'entry' || state === 'sending' ? drawEntry() : drawResult()));
    if (state === 'entry') drawDigits();
  }

  function drawEntry() {
    return [
      h(
        'header',
        {},
        h(
          'button',
          {
            class: 'bar-button',
            type: 'button',
            'aria-label': t('cancelPayment'),
            disabled: state === 'sending',
            onclick: cancel,
          },
          icon('close'),
        ),
        h('h2', { class: 'pay-title' }, t('payTitle')),
      ),
      h('p', { class: 'payee' }, sheet.merchantName),
      h('p', { class: 'amount' }, yuan(sheet.amount)),
      h(
        'dl',
        {},
        row(t('item'), sheet.description),
        row(t('payWith'), h('span', { class: 'method' }, icon('wallet'), t('balance'))),
      ),
      ...(state === 'sending' ? drawSending() : drawKeypad()),
    ];
  }

  function row(name, value) {
    return h('div', {}, h('dt', {}, name), h('dd', {}, value));
  }

  function drawSending() {
    return [h('div', { class: 'sending', role: 'status' }, h('span', { class: 'spinner' }), t('paying'))];
  }

  function drawKeypad() {
    return [
      h('p', { class: 'password-label' }, t('enterPassword'), h('small', {}, t('anySixDigits'))),
      h('div', { class: 'digits', role: 'img' }, ...Array.from({ length: DIGITS }, () => h('i'))),
      h('button', { class: 'fill-in', type: 'button', onclick: fillIn }, t('fillIn')),
      h('div', { class: 'keypad' }, ...KEYS.map(drawKey)),
    ];
  }

  function drawKey(key) {
    if (key === '') return h('span', { class: 'key blank' });
    const label = key === 'delete' ? t('deleteDigit') : key;
    const face = key === 'delete' ? icon('backspace') : key;
    return h('button', { class: `key ${key}`, type: 'button', 'aria-label': label, onclick: () => press(key) }, face);
  }

  function drawDigits() {
    const boxes = dialog.querySelector('.digits');
    boxes?.setAttribute('aria-label', t('digitsEntered', { count: digits.length }));
    for (const [index, box] of [...(boxes?.children ?? [])].entries())
      box.classList.toggle('filled', index < digits.length);
  }

  function drawResult() {
    const paid = state === 'paid';
    const { reason, lie } = outcome;
    return [
      h(
        'div',
        { class: 'result', role: 'status' },
        paid ? drawTick() : h('span', { class: 'result-mark failed' }, icon('close')),
        h('h2', { class: 'result-title' }, t(paid ? 'paid' : 'payFailed')),
        paid
          ? [h('p', { class: 'payee' }, sheet.merchantName), h('p', { class: 'amount' }, yuan(sheet.amount))]
          : h('p', { class: 'reason' }, reason()),
        lie ? h('p', { class: 'lie' }, t('pageHeard', { answer: t(`heard-${lie}`) })) : null,
      ),
      h('button', { class: 'primary done', type: 'button', onclick: close }, t('done')),
    ];
  }

  function drawTick() {
    const mark = h('span', { class: 'result-mark' }, icon('check'));
    mark.querySelector('path').setAttribute('pathLength', '1');
    return mark;
  }

  return { show, closed };
}
