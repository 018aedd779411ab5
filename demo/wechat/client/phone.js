import { createCallsPanel } from './calls-panel.js';
import { createChats } from './chats.js';
import { h, icon } from './element.js';
import { createFaults } from './faults.js';
import { createInAppBrowser } from './in-app-browser.js';
import { clock, language, onLanguage, setLanguage, t } from './messages.js';
import { createPaySheet } from './pay-sheet.js';
import { createPicker } from './picker.js';
import { createProgressTip } from './progress-tip.js';
import { receiptTexts } from './receipt-texts.js';
import { createScanner } from './scanner.js';
import { createViewer } from './viewer.js';

// bridge.js trusts the origin that it came from, and that is 127.0.0.1.
if (location.hostname === 'localhost') location.hostname = '127.0.0.1';

const BANNER_TIME = 5000;
const PAID = ['SUCCESS', 'REFUND'];
/** Why this payer has not paid, by the state in which the order is. */
const REASONS = { SUCCESS: 'paidByAnother', REFUND: 'paidByAnother', CLOSED: 'orderIsClosed' };
const query = new URLSearchParams(location.search);
const phone = query.get('phone') ?? rememberedPhone();
const device = document.querySelector('.device');
const views = document.querySelector('.views');
const sheetLayer = document.querySelector('.sheet-layer');
const pickerLayer = document.querySelector('.picker-layer');
const viewerLayer = document.querySelector('.viewer-layer');
const open = { chat: null, browser: false, scanner: false, sheet: false };
const covers = new Map(); // what lies over the views, the last one on top, and where the focus was before
let shopUrl = webAddress(query.get('open'));
let nickname = '';
let bannerAfterSheet = null;

const browser = createInAppBrowser({ phone, platform: () => device.dataset.platform, onClose: closeBrowser });
const chats = createChats({
  shopUrl: () => shopUrl,
  nickname: () => nickname,
  onOpenShop: openBrowser,
  onScan: openScanner,
  onNavigate,
});
const scanner = createScanner({
  codes: () => json('/client/codes'),
  scan: (text) => json('/client/scan', { method: 'POST', body: { phone, text } }),
  onSheet: closeScanner,
  onAddress: openScannedAddress,
  onClose: closeScanner,
});
const paySheet = createPaySheet({
  layer: sheetLayer,
  pay,
  cancel: ({ id }) => answerSheet(id, 'cancel'),
  onOpen: sheetOpened,
  onClose: sheetClosed,
});
const picker = createPicker({
  layer: pickerLayer,
  album: () => json('/client/album'),
  takePhoto: () => json('/client/camera', { method: 'POST' }),
  choose: ({ id }, picked) => answerPicker(id, { action: 'choose', ...picked }),
  cancel: ({ id }) => answerPicker(id, { action: 'cancel' }),
  preview: (pictures) => viewer.show(pictures),
  onOpen: () => cover(pickerLayer),
  onClose: () => uncover(pickerLayer),
});
const viewer = createViewer({
  layer: viewerLayer,
  onOpen: () => cover(viewerLayer),
  onClose: () => uncover(viewerLayer),
});
const progressTip = createProgressTip(document.querySelector('.progress-layer'));
const callsPanel = createCallsPanel({
  element: document.querySelector('#calls'),
  onCount: (count) => showCount('calls', count),
});
const faults = createFaults({
  element: document.querySelector('#faults'),
  read: () => json('/control'),
  change: (knobs) => json('/control', { method: 'PATCH', body: knobs }),
  act: (deed, input) => json(`/control/${deed}`, { method: 'POST', body: input }),
  waitingRefunds,
  onActive: (count) => showCount('faults', count),
});

views.append(chats.list, chats.chat, browser.element, scanner.element);
onLanguage(translate);
choosePlatform(localStorage.getItem('platform') === 'android' ? 'android' : 'ios');
listen();
start();

async function start() {
  showTime();
  setInterval(showTime, 5000);
  setUpDesk();
  faults.load();
  const [control, holder] = await Promise.all([json('/control'), user()]);
  shopUrl ||= webAddress(control.shopUrl);
  nickname = holder.nickname ?? '';
  chats.draw();
}

/** Who holds this phone. */
function user() {
  return json(`/client/user?phone=${encodeURIComponent(phone)}`);
}

function rememberedPhone() {
  const id = sessionStorage.getItem('phone') ?? crypto.randomUUID().slice(0, 8);
  sessionStorage.setItem('phone', id);
  return id;
}

/** The address if it is one of the web, else ''. A query can hold anything, `javascript:` too. */
function webAddress(text) {
  return text && /^https?:$/.test(URL.parse(text)?.protocol ?? '') ? text : '';
}

/** @throws Error with the stand-in's own words where it does not answer 2xx */
async function json(path, { method = 'GET', body } = {}) {
  const response = await fetch(path, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error((await response.text()) || `HTTP ${response.status}`);
  return await response.json();
}

// What the stand-in tells

function listen() {
  const phoneEvents = new EventSource(`/client/phones/${encodeURIComponent(phone)}/events`);
  phoneEvents.addEventListener('sheet', ({ data }) => paySheet.show(JSON.parse(data)));
  phoneEvents.addEventListener('sheet-closed', ({ data }) => paySheet.closed(JSON.parse(data).id));
  phoneEvents.addEventListener('picker', ({ data }) => picker.show(JSON.parse(data)));
  phoneEvents.addEventListener('picker-closed', ({ data }) => picker.closed(JSON.parse(data).id));
  phoneEvents.addEventListener('viewer', ({ data }) => view(JSON.parse(data)));
  phoneEvents.addEventListener('progress', ({ data }) => progressTip.show(JSON.parse(data)));
  phoneEvents.addEventListener('progress-closed', ({ data }) => progressTip.closed(JSON.parse(data).id));
  phoneEvents.addEventListener('message', ({ data }) => receive(JSON.parse(data)));

  const callEvents = new EventSource('/client/calls/events');
  const offline = document.querySelector('.offline');
  callEvents.addEventListener('call', ({ data }) => {
    const call = JSON.parse(data);
    callsPanel.add([call]);
    scanner.refresh();
    if (outRefundNo(call)) faults.refreshRefunds();
  });
  callEvents.addEventListener('error', () => {
    offline.hidden = false;
  });
  callEvents.addEventListener('open', async () => {
    offline.hidden = true;
    callsPanel.add(await json('/client/calls'));
  });
}

/** The numbers of the refunds that were asked for and have not ended. */
async function waitingRefunds() {
  const calls = await json('/client/calls');
  const numbers = [...new Set(calls.map(outRefundNo))].filter(Boolean);
  const refunds = await Promise.all(numbers.map((number) => json(`/control/refunds/${encodeURIComponent(number)}`)));
  return refunds.filter(({ state }) => state === 'PROCESSING').map((refund) => refund.outRefundNo);
}

/** What a call that asked for a refund named it, in either version; undefined for any other call. */
function outRefundNo({ method, path, verdict, requestBody }) {
  const asked =
    method === 'POST' && verdict === 'ok' && /^\/(v3\/refund\/domestic\/refunds|secapi\/pay\/refund)$/.test(path);
  const named = /"out_refund_no":\s*"([^"]+)"|<out_refund_no>(?:<!\[CDATA\[)?([^\]<]+)/;
  return asked ? requestBody.match(named)?.slice(1).find(Boolean) : undefined;
}

function receive(receipt) {
  if (!chats.receive(receipt)) return;
  if (open.sheet) bannerAfterSheet = receipt;
  else showBanner(receipt);
}

function showBanner(receipt) {
  if (views.dataset.top === 'chat' && open.chat === 'pay') return;
  const layer = document.querySelector('.banner-layer');
  const banner = h(
    'button',
    {
      class: 'banner',
      type: 'button',
      onclick: () => {
        banner.remove();
        closeBrowser();
        if (open.scanner) closeScanner();
        chats.open('pay');
      },
    },
    h('span', { class: 'avatar pay' }, icon('wallet')),
    h('strong', {}, t('payName')),
    h('span', {}, receiptTexts(receipt).summary),
  );
  layer.replaceChildren(banner);
  setTimeout(() => banner.remove(), BANNER_TIME);
}

// The phone

function openBrowser(url) {
  open.browser = true;
  onNavigate(open.chat);
  browser.open(url);
}

function closeBrowser() {
  if (!open.browser) return;
  open.browser = false;
  onNavigate(open.chat);
  browser.close();
  (chats.chat.querySelector('.card, .chat-menu button') ?? chats.list.querySelector('button'))?.focus({
    preventScroll: true,
  });
}

function openScanner() {
  open.scanner = true;
  onNavigate(open.chat);
  scanner.open();
}

function closeScanner() {
  open.scanner = false;
  scanner.close();
  onNavigate(open.chat);
  if (open.sheet) covers.set(sheetLayer, null);
  else chats.focusPlus();
}

function openScannedAddress(url) {
  closeScanner();
  openBrowser(url);
}

/** Only what is on top can be reached; what lies below waits where it was. */
function onNavigate(chat) {
  open.chat = chat;
  const top = open.browser ? 'browser' : open.scanner ? 'scanner' : chat ? 'chat' : 'list';
  views.dataset.top = top;
  chats.list.inert = top !== 'list';
  chats.chat.inert = top !== 'chat';
  browser.element.inert = top !== 'browser';
  scanner.element.inert = top !== 'scanner';
}

/** The answer to the sheet only says that WeChat heard it; the order says what became of it. */
async function pay({ id, outTradeNo }) {
  await answerSheet(id, 'pay');
  const [order, { bridgeAnswer }, { openid }] = await Promise.all([
    json(`/control/orders/${encodeURIComponent(outTradeNo)}`),
    json('/control'),
    user(),
  ]);
  const paid = PAID.includes(order.state) && order.openid === openid;
  const lies = order.tradeType === 'JSAPI' && bridgeAnswer === (paid ? 'cancel' : 'ok');
  return {
    paid,
    reason: () => t(REASONS[order.state] ?? 'notCharged'),
    lie: lies ? bridgeAnswer : undefined,
  };
}

function answerPicker(id, body) {
  return json(`/client/pickers/${encodeURIComponent(id)}`, { method: 'POST', body });
}

/** What `previewImage` asks for. */
function view({ urls, current }) {
  const pictures = urls.map((url) => ({ url }));
  viewer.show(pictures, current);
}

function answerSheet(id, action) {
  return json(`/client/sheets/${encodeURIComponent(id)}`, { method: 'POST', body: { action } });
}

function sheetOpened() {
  if (open.sheet) return;
  open.sheet = true;
  cover(sheetLayer);
}

function sheetClosed() {
  open.sheet = false;
  if (!uncover(sheetLayer)) chats.focusPlus(); // the scanner was there, and has gone
  if (bannerAfterSheet) showBanner(bannerAfterSheet);
  bannerAfterSheet = null;
}

/** Only the last layer over the views can be reached. */
function cover(layer) {
  covers.set(layer, document.activeElement);
  drawCovers();
  showTab('phone');
}

/** @returns whether the focus went back to where it was before */
function uncover(layer) {
  const before = covers.get(layer);
  covers.delete(layer);
  drawCovers();
  before?.focus({ preventScroll: true });
  return Boolean(before);
}

function drawCovers() {
  const layers = [...covers.keys()];
  views.inert = layers.length > 0;
  for (const layer of layers) layer.inert = layer !== layers.at(-1);
}

function choosePlatform(platform) {
  const changed = device.dataset.platform !== platform;
  device.dataset.platform = platform;
  document.querySelector(`[name=platform][value=${platform}]`).checked = true;
  localStorage.setItem('platform', platform);
  if (changed) browser.switchClient();
}

function showTime() {
  document.querySelector('.status-time').textContent = clock();
}

// The desk beside it

function setUpDesk() {
  for (const input of document.querySelectorAll('[name=platform]')) {
    input.addEventListener('change', () => choosePlatform(input.value));
  }
  document.querySelector('#language').addEventListener('click', () => setLanguage(language === 'zh' ? 'en' : 'zh'));
  for (const button of document.querySelectorAll('.bottom-tabs button')) {
    button.addEventListener('click', () => showTab(button.dataset.tab));
  }
  const tabs = [...document.querySelectorAll('[role=tab]')];
  for (const tab of tabs) {
    tab.addEventListener('click', () => showDeskPage(tab, tabs));
    tab.addEventListener('keydown', ({ key }) => {
      if (key !== 'ArrowLeft' && key !== 'ArrowRight') return;
      const other = tabs[1 - tabs.indexOf(tab)];
      showDeskPage(other, tabs);
      other.focus();
    });
  }
}

function showDeskPage(chosen, tabs) {
  for (const tab of tabs) {
    const selected = tab === chosen;
    tab.setAttribute('aria-selected', String(selected));
    tab.tabIndex = selected ? 0 : -1;
    document.getElementById(tab.getAttribute('aria-controls')).hidden = !selected;
  }
  if (chosen.id === 'faults-tab') faults.load();
}

function showTab(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll('.bottom-tabs button')) {
    button.setAttribute('aria-current', String(button.dataset.tab === tab));
  }
}

function showCount(name, count) {
  for (const element of document.querySelectorAll(`[data-count=${name}]`)) element.textContent = count || '';
}

function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = t('title');
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll('[data-label]'))
    element.setAttribute('aria-label', t(element.dataset.label));
  const button = document.querySelector('#language');
  button.textContent = t('language');
  button.setAttribute('aria-label', t('languageLabel'));
}
