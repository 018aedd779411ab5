import { h, icon } from './element.js';
import { language, onLanguage, setLanguage, t, yuan } from './messages.js';
import { payRefusal } from './pay-refusal.js';

const OPENING = 900; // ms in which a phone would open the app

/**
 * WeChat's page between a mobile site and the app, and the app's sheet laid over it.
 * `payment` is what WeChat put into the page: `{prepayId, merchantName, description, amount}` or `{error}`.
 */
const payment = JSON.parse(document.querySelector('[name=h5-payment]').content);
let state = payment.error ? 'refused' : 'opening'; // opening → asking → sending → paid; any → refused
let message = payment.error ?? '';
const redirectUrl = new URLSearchParams(location.search).get('redirect_url');
let nowhere = false;
let failed = false;

const root = h('div', { class: 'h5', onkeydown });
const languageButton = h('button', { class: 'quiet', type: 'button', onclick: switchLanguage });
document.body.append(root);
onLanguage(draw);
if (state === 'opening') setTimeout(turn, OPENING, 'asking');

function turn(next) {
  state = next;
  draw();
  root.querySelector('[data-first]')?.focus({ preventScroll: true });
}

async function answer(action) {
  failed = false;
  turn('sending');
  try {
    const { result, message: words } = await post(action);
    if (result === 'refused') {
      message = words;
      turn('refused');
    } else if (action === 'pay') turn('paid');
    else leave();
  } catch {
    failed = true;
    turn('asking');
  }
}

/** @throws where the stand-in is gone, or knows nothing of this page */
async function post(action) {
  const response = await fetch(`/client/h5/${encodeURIComponent(payment.prepayId)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ action }),
  });
  return await response.json();
}

/** To where the merchant wants the payer, else to where the payer came from. */
function leave() {
  if (redirectUrl && /^https?:$/.test(URL.parse(redirectUrl)?.protocol ?? '')) location.replace(redirectUrl);
  else if (history.length > 1) history.back();
  else {
    nowhere = true;
    draw();
  }
}

function onkeydown(event) {
  if (event.key !== 'Escape' || state !== 'asking') return;
  event.preventDefault();
  answer('cancel');
}

function switchLanguage() {
  setLanguage(language === 'zh' ? 'en' : 'zh');
  languageButton.focus();
}

function draw() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = t('h5Title');
  languageButton.textContent = t('language');
  languageButton.setAttribute('aria-label', t('languageLabel'));
  const covered = state !== 'refused' && state !== 'opening';
  root.replaceChildren(
    h('header', { inert: covered }, h('span', {}, icon('wallet'), t('h5Title')), languageButton),
    h('main', { inert: covered }, state === 'refused' ? drawRefusal() : drawOpening()),
    covered ? drawSheet() : '',
  );
}

function drawOpening() {
  return [
    h('span', { class: 'spinner' }),
    h('div', { role: 'status' }, h('h1', {}, t('openingWechat'))),
    h('p', { class: 'hint' }, t('openingHint')),
  ];
}

function drawRefusal() {
  const { words, original, advice } = payRefusal(message);
  return [
    h('span', { class: 'problem-mark' }, icon('warning')),
    h('div', { role: 'alert' }, h('h1', {}, words)),
    original ? h('p', { class: 'original', lang: 'zh-CN' }, original) : null,
    advice ? h('div', { class: 'advice' }, h('h2', {}, t('whatToDo')), h('p', {}, advice)) : null,
    nowhere
      ? drawNowhere()
      : h('button', { class: 'primary', type: 'button', 'data-first': '', onclick: leave }, t('backToShop')),
  ];
}

function drawSheet() {
  return h(
    'div',
    { class: 'sheet-layer' },
    h('div', { class: 'scrim' }),
    h(
      'div',
      {
        class: 'pay-sheet',
        role: 'dialog',
        'aria-modal': 'true',
        'aria-label': t('payTo', { name: payment.merchantName }),
      },
      state === 'paid' ? drawPaid() : nowhere ? drawNowhere() : drawAsking(),
      h('p', { class: 'hint' }, t('standInNote')),
    ),
  );
}

function drawNowhere() {
  return h('p', { class: 'hint', role: 'status' }, t('nowhereBack'));
}

function drawAsking() {
  const sending = state === 'sending';
  const row = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
  return [
    h('header', {}, h('h2', { class: 'pay-title' }, t('h5Asks'))),
    h('p', { class: 'payee' }, payment.merchantName),
    h('p', { class: 'amount' }, yuan(payment.amount)),
    h(
      'dl',
      {},
      row(t('item'), payment.description),
      row(t('payWith'), h('span', { class: 'method' }, icon('wallet'), t('balance'))),
    ),
    failed ? h('p', { class: 'reason', role: 'alert' }, t('noAnswer')) : null,
    h(
      'div',
      { class: 'buttons' },
      h(
        'button',
        { class: 'primary', type: 'button', 'data-first': '', disabled: sending, onclick: () => answer('pay') },
        t(sending ? 'paying' : 'payNow'),
      ),
      h(
        'button',
        { class: 'secondary', type: 'button', disabled: sending, onclick: () => answer('cancel') },
        t('dontPay'),
      ),
    ),
  ];
}

function drawPaid() {
  const mark = h('span', { class: 'result-mark' }, icon('check'));
  mark.querySelector('path').setAttribute('pathLength', '1');
  return [
    h(
      'div',
      { class: 'result', role: 'status' },
      mark,
      h('h2', { class: 'result-title' }, t('paid')),
      h('p', { class: 'payee' }, payment.merchantName),
      h('p', { class: 'amount' }, yuan(payment.amount)),
    ),
    nowhere
      ? drawNowhere()
      : h('button', { class: 'primary done', type: 'button', 'data-first': '', onclick: leave }, t('backToShop')),
  ];
}
