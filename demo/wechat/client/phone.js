import { createCallsPanel } from './calls-panel.js';
import { createChats } from './chats.js';
import { h, icon } from './element.js';
import { createFaults } from './faults.js';
import { createInAppBrowser } from './in-app-browser.js';
import { clock, language, onLanguage, setLanguage, t } from './messages.js';
import { createPaySheet } from './pay-sheet.js';

// bridge.js trusts the origin that it came from, and that is 127.0.0.1.
if (location.hostname === 'localhost') location.hostname = '127.0.0.1';

const BANNER_TIME = 5000;
const query = new URLSearchParams(location.search);
const phone = query.get('phone') ?? rememberedPhone();
const device = document.querySelector('.device');
const views = document.querySelector('.views');
const sheetLayer = document.querySelector('.sheet-layer');
const open = { chat: null, browser: false, sheet: false };
let shopUrl = webAddress(query.get('open'));
let nickname = '';
let focusBeforeSheet = null;
let bannerAfterSheet = null;

const browser = createInAppBrowser({ phone, platform: () => device.dataset.platform, onClose: closeBrowser });
const chats = createChats({ shopUrl: () => shopUrl, nickname: () => nickname, onOpenShop: openBrowser, onNavigate });
const paySheet = createPaySheet({ layer: sheetLayer, answer: answerSheet, onOpen: sheetOpened, onClose: sheetClosed });
const callsPanel = createCallsPanel({
  element: document.querySelector('#calls'),
  onCount: (count) => showCount('calls', count),
});
const faults = createFaults({
  element: document.querySelector('#faults'),
  read: () => json('/control'),
  change: (knobs) => json('/control', { method: 'PATCH', body: knobs }),
  act: (deed, input) => json(`/control/${deed}`, { method: 'POST', body: input }),
  onActive: (count) => showCount('faults', count),
});

views.append(chats.list, chats.chat, browser.element);
onLanguage(translate);
choosePlatform(localStorage.getItem('platform') === 'android' ? 'android' : 'ios');
listen();
start();

async function start() {
  showTime();
  setInterval(showTime, 5000);
  setUpDesk();
  faults.load();
  const [control, user] = await Promise.all([
    json('/control'),
    json(`/client/user?phone=${encodeURIComponent(phone)}`),
  ]);
  shopUrl ||= webAddress(control.shopUrl);
  nickname = user.nickname ?? '';
  chats.draw();
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
  phoneEvents.addEventListener('message', ({ data }) => receive(JSON.parse(data)));

  const callEvents = new EventSource('/client/calls/events');
  const offline = document.querySelector('.offline');
  callEvents.addEventListener('call', ({ data }) => callsPanel.add([JSON.parse(data)]));
  callEvents.addEventListener('error', () => {
    offline.hidden = false;
  });
  callEvents.addEventListener('open', async () => {
    offline.hidden = true;
    callsPanel.add(await json('/client/calls'));
  });
}

function receive(receipt) {
  if (!chats.receive(receipt)) return;
  if (open.sheet) bannerAfterSheet = receipt;
  else showBanner(receipt);
}

function showBanner({ title, lines }) {
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
        chats.open('pay');
      },
    },
    h('span', { class: 'avatar pay' }, icon('wallet')),
    h('strong', {}, t('payName')),
    h('span', {}, [title, lines[0]].filter(Boolean).join(' ')),
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

/** Only what is on top can be reached; what lies below waits where it was. */
function onNavigate(chat) {
  open.chat = chat;
  views.dataset.top = open.browser ? 'browser' : chat ? 'chat' : 'list';
  chats.list.inert = Boolean(chat) || open.browser;
  chats.chat.inert = !chat || open.browser;
  browser.element.inert = !open.browser;
}

function answerSheet(id, action) {
  return json(`/client/sheets/${encodeURIComponent(id)}`, { method: 'POST', body: { action } });
}

function sheetOpened() {
  if (open.sheet) return;
  open.sheet = true;
  focusBeforeSheet = document.activeElement;
  views.inert = true;
  showTab('phone');
}

function sheetClosed() {
  open.sheet = false;
  views.inert = false;
  focusBeforeSheet?.focus({ preventScroll: true });
  if (bannerAfterSheet) showBanner(bannerAfterSheet);
  bannerAfterSheet = null;
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
