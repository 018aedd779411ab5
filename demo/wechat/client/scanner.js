import { canSeeScreen, readCode, screenFrame } from './code-reader.js';
import { h, icon } from './element.js';
import { onLanguage, t, yuan } from './messages.js';
import { payRefusal } from './pay-refusal.js';
import { qrCode } from './qr-code.js';

const SHOWN = 6;

/**
 * WeChat's scanner (扫一扫). A web page has no camera on the desk, so it is pointed in other ways: at one of the codes
 * that WeChat has given out, at a picture of the screen, at the screen itself, or at text.
 *
 * @param {{codes: () => Promise<Array<{codeUrl: string, description: string, total: number | null, state: string,
 *   expiresAt: string | null}>>, scan: (text: string) => Promise<ScanAnswer>, onSheet: () => void,
 *   onAddress: (url: string) => void, onAccount: (answer: ScanAnswer) => void, onClose: () => void}} options
 *   `onSheet`: the pay sheet comes by itself · `onAccount`: its code was scanned
 *
 * @typedef {{kind: 'sheet' | 'refused' | 'address' | 'chat' | 'follow-page' | 'text', message?: string, url?: string,
 *   ticket?: string}} ScanAnswer
 */
export function createScanner({ codes, scan, onSheet, onAddress, onAccount, onClose }) {
  let inView = [];
  let isOpen = false;
  let busy = false;
  let aimed = ''; // the code that the camera points at
  let found = null; // what stands over the camera: {kind: 'refused', message} or {kind: 'text', text}
  let notice = ''; // the key of a message
  let typing = false;

  const close = h('button', { class: 'bar-button', type: 'button', onclick: leave }, icon('close'));
  const title = h('h2', { class: 'bar-title' });
  const finder = h('div', { class: 'finder' });
  const picture = h('input', { type: 'file', accept: 'image/*', onchange: () => take(picture.files[0]) });
  const text = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', required: true });
  const tools = h('div', { class: 'scan-tools' });
  const status = h('p', { class: 'scan-status', role: 'status' });
  const result = h('div', { class: 'scan-result', role: 'alertdialog', 'aria-modal': 'true', hidden: true });
  const camera = h('div', { class: 'scan-camera' }, finder, status, tools);
  const element = h(
    'section',
    { class: 'view scanner', inert: true, onkeydown, ondragover: allowDrop, ondrop },
    h('header', { class: 'bar' }, h('div', { class: 'bar-side' }, close), title),
    camera,
    result,
  );
  document.addEventListener('paste', onpaste);
  onLanguage(draw);

  function draw() {
    element.setAttribute('aria-label', t('scan'));
    title.textContent = t('scan');
    close.setAttribute('aria-label', t('closeScanner'));
    close.title = t('closeScanner');
    text.placeholder = 'weixin://wxpay/bizpayurl?pr=…';
    text.setAttribute('aria-label', t('scanTextLabel'));
    drawTools();
    drawFinder();
    drawState();
    drawFound();
  }

  function drawTools() {
    const tool = (name, key, onclick) => h('button', { type: 'button', onclick }, icon(name), h('span', {}, t(key)));
    tools.replaceChildren(
      typing ? drawTextForm() : '',
      h(
        'div',
        { class: 'scan-buttons' },
        h('label', {}, picture, icon('camera'), h('span', {}, t('scanPicture'))),
        canSeeScreen ? tool('screen', 'scanScreen', lookAtScreen) : '',
        tool('keyboard', 'scanText', toggleTyping),
      ),
      h('p', { class: 'scan-why' }, t(canSeeScreen ? 'scanWhyScreen' : 'scanWhy')),
    );
    tools.querySelector('.scan-buttons').lastChild.setAttribute('aria-expanded', String(typing));
  }

  function drawTextForm() {
    const submit = (event) => {
      event.preventDefault();
      point(text.value.trim());
    };
    return h('form', { onsubmit: submit }, text, h('button', { class: 'primary', type: 'submit' }, t('scanIt')));
  }

  function drawFinder() {
    const focused = document.activeElement?.dataset?.code;
    finder.replaceChildren(
      inView.length
        ? h('ul', { 'aria-label': t('codesInView') }, ...inView.slice(0, SHOWN).map(drawCode))
        : h('div', { class: 'scan-empty' }, icon('scan'), h('h3', {}, t('noCodes')), h('p', {}, t('noCodesText'))),
    );
    if (focused) [...finder.querySelectorAll('button')].find(({ dataset }) => dataset.code === focused)?.focus();
  }

  function drawCode({ codeUrl, description, total, ...code }) {
    const state = stateOf(code);
    return h(
      'li',
      {},
      h(
        'button',
        {
          class: `code ${state}`,
          type: 'button',
          'data-code': codeUrl,
          'aria-current': codeUrl === aimed,
          onclick: () => point(codeUrl),
        },
        qrCode(codeUrl),
        ...drawCodeTexts(description, total, code.state),
        state === 'open' ? '' : h('span', { class: 'code-state' }, t(`code-${state}`)),
      ),
    );
  }

  function drawCodeTexts(description, total, state) {
    const texts = { PRODUCT: [t('productCode', { name: description }), ''], SCENE: [t('sceneCode'), description] };
    const [name, amount] = texts[state] ?? [description, yuan({ total })];
    return [h('span', { class: 'code-name' }, name), h('span', { class: 'code-amount' }, amount)];
  }

  function drawState() {
    element.dataset.busy = String(busy);
    status.textContent = busy ? t('scanning') : notice && t(notice);
    for (const button of finder.querySelectorAll('.code')) {
      button.setAttribute('aria-current', String(button.dataset.code === aimed));
    }
  }

  function drawFound() {
    camera.inert = Boolean(found);
    result.hidden = !found;
    result.replaceChildren(...(found ? drawResult() : []));
  }

  function drawResult() {
    const again = h('button', { class: 'primary', type: 'button', onclick: dismiss }, t('scanAgain'));
    if (found.kind === 'text') {
      result.setAttribute('aria-label', t('scannedText'));
      return [h('h3', {}, t('scannedText')), h('pre', {}, found.text), h('p', {}, t('scannedTextHint')), again];
    }
    const { words, original, advice } = payRefusal(found.message);
    result.setAttribute('aria-label', words);
    return [
      h('span', { class: 'result-mark failed' }, icon('close')),
      h('h3', {}, words),
      original ? h('p', { class: 'original', lang: 'zh-CN' }, original) : '',
      advice ? h('p', {}, advice) : '',
      again,
    ];
  }

  function toggleTyping() {
    typing = !typing;
    drawTools();
    if (typing) text.focus();
    else tools.querySelector('.scan-buttons').lastChild.focus();
  }

  /** The camera sees this. */
  async function point(seen) {
    if (busy || !seen) return;
    aimed = seen;
    await attempt(async () => {
      const answer = await scan(seen);
      if (!isOpen) return;
      if (answer.kind === 'sheet') onSheet();
      else if (answer.kind === 'address') onAddress(answer.url);
      else if (answer.kind === 'chat' || answer.kind === 'follow-page') onAccount(answer);
      else show(answer.kind === 'text' ? { kind: 'text', text: seen } : answer);
    }, 'noAnswer');
    aimed = '';
    drawState();
  }

  /** A picture that this camera took of the screen. */
  async function take(file) {
    picture.value = ''; // so that the same file can be chosen again
    if (!file || busy || found) return;
    const seen = await attempt(() => readCode(file), 'noPicture');
    await pointAt(seen);
  }

  async function lookAtScreen() {
    if (busy) return;
    const seen = await attempt(async () => readCode(await screenFrame()), 'noScreen');
    await pointAt(seen);
  }

  async function pointAt(seen) {
    if (seen) return point(seen);
    if (seen === null) notice = 'noCodeInPicture';
    drawState();
  }

  /** @returns what `work` gives; undefined where it failed, which the notice then says */
  async function attempt(work, failure) {
    busy = true;
    notice = '';
    drawState();
    try {
      return await work();
    } catch {
      notice = failure;
      return undefined;
    } finally {
      busy = false;
      drawState();
    }
  }

  function show(what) {
    found = what;
    drawFound();
    result.querySelector('button').focus({ preventScroll: true });
  }

  function dismiss() {
    found = null;
    drawFound();
    refresh();
    (finder.querySelector('button') ?? close).focus({ preventScroll: true });
  }

  function leave() {
    isOpen = false;
    found = null;
    onClose();
  }

  function onkeydown(event) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    if (found) dismiss();
    else leave();
  }

  function allowDrop(event) {
    event.preventDefault();
  }

  function ondrop(event) {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  }

  function onpaste(event) {
    if (!isOpen || element.inert || event.target === text) return;
    const [file] = event.clipboardData.files;
    if (file) take(file);
    else if (!found) point(event.clipboardData.getData('text/plain').trim());
  }

  async function refresh() {
    const latest = await codes().catch(() => inView);
    if (JSON.stringify(latest) === JSON.stringify(inView)) return;
    inView = latest;
    drawFinder();
  }

  return {
    element,
    open() {
      isOpen = true;
      notice = '';
      typing = false;
      text.value = '';
      draw();
      refresh();
      close.focus({ preventScroll: true });
    },
    /** It may be that a code has come, was paid or was closed. */
    refresh() {
      if (isOpen) refresh();
    },
    close() {
      isOpen = false;
      found = null;
      drawFound();
    },
  };
}

/** `open`, `paid`, `closed` or `expired`. */
function stateOf({ state, expiresAt }) {
  if (state === 'SUCCESS' || state === 'REFUND') return 'paid';
  if (state === 'CLOSED') return 'closed';
  return expiresAt && new Date(expiresAt) <= new Date() ? 'expired' : 'open';
}
