import { createAccountChat } from './account-chat.js';
import { entrySummary } from './account-entry.js';
import { createBanners } from './banners.js';
import { createCallsPanel } from './calls-panel.js';
import { createChats } from './chats.js';
import { createDebugging } from './debugging/debugging.js';
import { createDesk } from './desk.js';
import { createFaults } from './faults.js';
import { createFriendChats } from './friend-chats.js';
import { createInAppBrowser } from './in-app-browser.js';
import { json } from './json.js';
import { clock, language, onLanguage, setLanguage, t } from './messages.js';
import { createMoments } from './moments.js';
import { createOpenTags } from './open-tags.js';
import { createPayChat } from './pay-chat.js';
import { createPaySheet } from './pay-sheet.js';
import { createPicker } from './picker.js';
import { createProgressTip } from './progress-tip.js';
import { receiptTexts } from './receipt-texts.js';
import { createScanner } from './scanner.js';
import { cardSummary } from './share-card.js';
import { createShareMenu } from './share-menu.js';
import { createSheet } from './sheet.js';
import { createToast } from './toast.js';
import { translate } from './translate.js';
import { createViewer } from './viewer.js';

// bridge.js trusts the origin that it came from, and that is 127.0.0.1.
if (location.hostname === 'localhost') location.hostname = '127.0.0.1';

const PAID = ['SUCCESS', 'REFUND'];
/** Why this payer has not paid, by the state in which the order is. */
const REASONS = { SUCCESS: 'paidByAnother', REFUND: 'paidByAnother', CLOSED: 'orderIsClosed' };
/** The picker that no page has asked for, but the user, for a picture in the chat. */
const FOR_CHAT = 'chat';
const query = new URLSearchParams(location.search);
const phone = query.get('phone') ?? rememberedPhone();
const device = document.querySelector('.device');
const views = document.querySelector('.views');
const sheetLayer = document.querySelector('.sheet-layer');
const pickerLayer = document.querySelector('.picker-layer');
const viewerLayer = document.querySelector('.viewer-layer');
const actionLayer = document.querySelector('.action-layer');
const open = { chat: null, browser: false, scanner: false, sheet: false };
const shares = new Map(); // all that have come, by id
const covers = new Map(); // what lies over the views, the last one on top, and where the focus was before
let shopUrl = webAddress(query.get('open'));
let me = { openid: '', nickname: '' }; // who holds this phone
let account = ''; // what the official account is called
let openedFrom = null; // where the focus was when the browser opened
let bannerAfterSheet = null;

const toast = createToast(document.querySelector('.toast-layer'));
const sheet = createSheet({
  layer: actionLayer,
  onOpen: () => cover(actionLayer),
  onClose: () => uncover(actionLayer),
});
const browser = createInAppBrowser({
  phone,
  platform: () => device.dataset.platform,
  onClose: closeBrowser,
  onMenu: (page) => shareMenu.open(page),
  onAsk: (question) => answerOpenTag(question),
});
const answerOpenTag = createOpenTags({
  sheet,
  toast,
  account: () => account,
  templates: async () => (await json('/client/debug/settings')).templates,
  allow: (templateId) =>
    json('/control/allow-subscription', { method: 'POST', body: { openid: me.openid, templateId } }),
});
const shareMenu = createShareMenu({
  sheet,
  toast,
  account: () => account,
  users: () => json(`/client/users?phone=${encodeURIComponent(phone)}`),
  pageInfo: (page) => json(`/client/pages/${encodeURIComponent(page)}`),
  share: async (input) => receiveShare(await json('/client/shares', { method: 'POST', body: { phone, ...input } })),
  onRefresh: () => browser.refresh(),
});
const payChat = createPayChat();
const accountChat = createAccountChat({
  sheet,
  toast,
  shopUrl: () => shopUrl,
  nickname: () => me.nickname,
  hint: () => (payChat.isEmpty() ? t('startHere') : ''),
  read: readAccount,
  send: (message) => json('/client/chat', { method: 'POST', body: { phone, ...message } }),
  follow: (ticket) => json('/client/follow', { method: 'POST', body: { phone, ticket } }),
  unfollow: () => json('/client/unfollow', { method: 'POST', body: { phone } }),
  choosePicture,
  onOpenUrl: openBrowser,
  onPicture: (url) => viewer.show([{ url }]),
  onChange: () => chats.arrived(accountChat),
});
const friendChats = createFriendChats({ me: () => me, account: () => account, onOpenUrl: openBrowser });
const moments = createMoments({ me: () => me, onOpenUrl: openBrowser });
const chats = createChats({
  conversations: () => [accountChat, payChat, ...friendChats.list()],
  moments,
  onScan: openScanner,
  onNavigate,
});
const banners = createBanners({ layer: document.querySelector('.banner-layer') });
const desk = createDesk({ onShow: showDeskPage });
const scanner = createScanner({
  codes: () => json('/client/codes'),
  scan: (text) => json('/client/scan', { method: 'POST', body: { phone, text } }),
  onSheet: closeScanner,
  onAddress: openScannedAddress,
  onAccount: openScannedAccount,
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
  choose: ({ id }, picked) =>
    id === FOR_CHAT ? sendPictures(picked) : answerPicker(id, { action: 'choose', ...picked }),
  cancel: async ({ id }) => id !== FOR_CHAT && answerPicker(id, { action: 'cancel' }),
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
  onCount: (count) => desk.showCount('calls', count),
});
const faults = createFaults({
  element: document.querySelector('#faults'),
  read: () => json('/control'),
  change: (knobs) => json('/control', { method: 'PATCH', body: knobs }),
  act: (deed, input) => json(`/control/${deed}`, { method: 'POST', body: input }),
  waitingRefunds,
  onActive: (count) => desk.showCount('faults', count),
});
const debugging = createDebugging({ element: document.querySelector('#debugging'), phone, scan: scanFromDesk });

views.append(chats.list, chats.chat, browser.element, scanner.element);
onLanguage(drawPage);
choosePlatform(localStorage.getItem('platform') === 'android' ? 'android' : 'ios');
listen();
start();

async function start() {
  showTime();
  setInterval(showTime, 5000);
  setUpDesk();
  faults.load();
  if (location.hash) desk.open(location.hash.slice(1));
  const [control] = await Promise.all([json('/control'), loadUser()]);
  shopUrl ||= webAddress(control.shopUrl);
  chats.draw();
}

/** Who holds this phone, and what is on it therefore. Something new may come meanwhile. */
async function loadUser() {
  me = await user();
  const [known] = await Promise.all([json(`/client/shares?phone=${encodeURIComponent(phone)}`), accountChat.load()]);
  for (const share of known) shares.set(share.id, share);
  const oldestFirst = [...shares.values()].sort((one, other) => one.time.localeCompare(other.time));
  friendChats.load(oldestFirst.filter(({ to }) => to === 'friend'));
  moments.load(oldestFirst.filter(({ to }) => to === 'moments'));
  chats.draw();
}

function user() {
  return json(`/client/user?phone=${encodeURIComponent(phone)}`);
}

/** After a break things may have come that were not told, or the stand-in may have begun anew, with other users. */
async function catchUp() {
  const { openid } = await user();
  if (openid === me.openid) await loadUser();
  else await changeHands();
}

async function readAccount() {
  const of = `?phone=${encodeURIComponent(phone)}`;
  const [known, { following, entries }] = await Promise.all([json(`/client/account${of}`), json(`/client/chat${of}`)]);
  account = known.name;
  return { account: known, following, entries };
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
  phoneEvents.addEventListener('chat', ({ data }) => receiveEntry(JSON.parse(data)));
  phoneEvents.addEventListener('following', ({ data }) => accountChat.setFollowing(JSON.parse(data).following));
  phoneEvents.addEventListener('share', ({ data }) => receiveShare(JSON.parse(data)));
  phoneEvents.addEventListener('user', changeHands);
  phoneEvents.addEventListener('error', () => phoneEvents.addEventListener('open', catchUp, { once: true }));

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
  if (!payChat.receive(receipt)) return;
  chats.arrived(payChat);
  if (open.sheet) bannerAfterSheet = receipt;
  else announceReceipt(receipt);
}

function announceReceipt(receipt) {
  announce(payChat, { title: t('payName'), text: receiptTexts(receipt).summary });
}

function receiveEntry(entry) {
  if (!accountChat.receive(entry) || entry.from !== 'account') return;
  announce(accountChat, { className: 'banner-of-chat', title: account, text: entrySummary(entry) });
}

/** It comes twice to the phone that sent it: as the answer, and as an event. */
function receiveShare(share) {
  if (shares.has(share.id)) return share;
  shares.set(share.id, share);
  if (share.to === 'moments') {
    moments.receive(share);
    chats.arrived(moments);
    return share;
  }
  const chat = friendChats.receive(share);
  chats.arrived(chat);
  const { from, card } = share;
  if (from.openid !== me.openid) {
    announce(chat, { className: 'banner-of-chat', title: from.nickname, text: cardSummary(card) });
  }
  return share;
}

/** Something has come into a chat that is not on the screen. */
function announce(chat, banner) {
  if (views.dataset.top === 'chat' && chats.isOpen(chat)) return;
  banners.show({ chat: chat.id, ...banner, onOpen: () => openChat(chat) });
}

function openChat(chat) {
  sheet.close();
  closeBrowser();
  if (open.scanner) closeScanner();
  chats.open(chat);
}

/** What lies open belongs to whoever held the phone before. */
async function changeHands() {
  sheet.close();
  closeBrowser();
  if (open.chat) chats.leave();
  shares.clear();
  accountChat.clear();
  await Promise.all([loadUser(), debugging.load()]);
}

// The phone

/** Merchants and friends send addresses: only those of the web lead anywhere. */
function openBrowser(url) {
  if (!webAddress(url)) return toast(t('noAddress', { url }), null);
  if (!open.browser) openedFrom = document.activeElement;
  open.browser = true;
  onNavigate(open.chat);
  browser.open(url);
}

function closeBrowser() {
  if (!open.browser) return;
  open.browser = false;
  onNavigate(open.chat);
  browser.close();
  openedFrom?.focus({ preventScroll: true });
  if (document.activeElement !== openedFrom) chats.focus();
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

/** @returns what became of it; the phone shows it */
async function scanFromDesk(text) {
  const answer = await json('/client/scan', { method: 'POST', body: { phone, text } });
  if (answer.kind === 'chat' || answer.kind === 'follow-page') {
    desk.showSide('phone');
    closeBrowser();
    openScannedAccount(answer);
  }
  return answer;
}

/** A code of the official account: its chat, or the page on which it can be followed. */
function openScannedAccount({ kind, ticket }) {
  if (kind === 'follow-page') accountChat.found(ticket);
  if (open.scanner) closeScanner();
  chats.open(accountChat);
}

function choosePicture() {
  picker.show({ id: FOR_CHAT, count: 9, sizeType: ['compressed'], sourceType: ['album', 'camera'] });
}

async function sendPictures({ pictures }) {
  try {
    for (const picture of pictures) await accountChat.say({ picture });
  } catch (error) {
    toast(t('notSent', { reason: error.message }), null);
  }
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
  if (top === 'chat') banners.dismiss(chat.id);
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
  if (bannerAfterSheet) announceReceipt(bannerAfterSheet);
  bannerAfterSheet = null;
}

/** Only the last layer over the views can be reached. */
function cover(layer) {
  covers.set(layer, document.activeElement);
  drawCovers();
  desk.showSide('phone');
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
}

function showDeskPage(page) {
  if (page === 'faults') faults.load();
  if (page === 'debugging') debugging.load();
}

function drawPage() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = t('title');
  translate(document);
  const button = document.querySelector('#language');
  button.textContent = t('language');
  button.setAttribute('aria-label', t('languageLabel'));
}
