import { h, icon } from './element.js';
import { clock, onLanguage, t } from './messages.js';
import { receiptTexts } from './receipt-texts.js';

/**
 * The chat list and its two chats: the shop's official account, which opens the in-app browser, and WeChat Pay's,
 * where receipts arrive; and the plus in the list's corner, behind which the scanner is.
 *
 * @param {{shopUrl: () => string, nickname: () => string, onOpenShop: (url: string) => void, onScan: () => void,
 *   onNavigate: (chat: 'shop' | 'pay' | null) => void}} options
 */
export function createChats({ shopUrl, nickname, onOpenShop, onScan, onNavigate }) {
  const started = new Date();
  const receipts = [];
  let unread = 0;
  let present = null;

  const list = h('section', { class: 'view chats' });
  const chat = h('section', { class: 'view chat', inert: true });
  const scanItem = h('button', { type: 'button', role: 'menuitem', onclick: startScan });
  const menu = h('div', { class: 'plus-menu', id: 'plus-menu', role: 'menu', hidden: true }, scanItem);
  const plusButton = h(
    'button',
    { class: 'bar-button', type: 'button', 'aria-haspopup': 'menu', 'aria-controls': 'plus-menu', onclick: togglePlus },
    icon('plus'),
  );
  const plus = h(
    'div',
    { class: 'bar-side end plus', onkeydown: leavePlusByKey, onfocusout: leavePlus },
    plusButton,
    menu,
  );
  showPlus(false);
  onLanguage(draw);

  function draw() {
    list.setAttribute('aria-label', t('chats'));
    plusButton.setAttribute('aria-label', t('plus'));
    plusButton.title = t('plus');
    menu.setAttribute('aria-label', t('plus'));
    scanItem.replaceChildren(icon('scan'), t('scan'));
    list.replaceChildren(
      h('header', { class: 'bar' }, h('h2', { class: 'bar-title' }, t('chats')), plus),
      h('ul', { class: 'chat-list' }, drawShopRow(), drawPayRow()),
    );
    if (present === 'shop') drawShopChat();
    if (present === 'pay') drawPayChat();
  }

  function showPlus(shown) {
    menu.hidden = !shown;
    plusButton.setAttribute('aria-expanded', String(shown));
  }

  function togglePlus() {
    showPlus(menu.hidden);
    if (!menu.hidden) scanItem.focus();
  }

  function leavePlusByKey(event) {
    if (event.key !== 'Escape' || menu.hidden) return;
    plusButton.focus();
    showPlus(false);
  }

  function leavePlus({ relatedTarget }) {
    if (!plus.contains(relatedTarget)) showPlus(false);
  }

  function startScan() {
    showPlus(false);
    onScan();
  }

  function drawShopRow() {
    return drawRow({
      chat: 'shop',
      name: t('shopName'),
      preview: t('shopPreview'),
      time: clock(started),
      mark: receipts.length ? null : h('span', { class: 'hint' }, t('startHere')),
    });
  }

  function drawPayRow() {
    const last = receipts.at(-1);
    return drawRow({
      chat: 'pay',
      name: t('payName'),
      preview: last ? receiptTexts(last).summary : t('payPreview'),
      time: last ? clock(new Date(last.time)) : '',
      mark: unread ? h('span', { class: 'badge', 'aria-label': t('unread', { count: unread }) }, unread) : null,
    });
  }

  function drawRow({ chat, name, preview, time, mark }) {
    return h(
      'li',
      {},
      h(
        'button',
        { class: 'chat-row', type: 'button', 'data-chat': chat, onclick: () => open(chat) },
        avatar(chat),
        h('span', { class: 'chat-name' }, name),
        h('span', { class: 'chat-time' }, time),
        h('span', { class: 'chat-preview' }, preview),
        mark,
      ),
    );
  }

  function avatar(chat) {
    return h('span', { class: `avatar ${chat}` }, icon(chat === 'shop' ? 'bag' : 'wallet'));
  }

  function open(name) {
    present = name;
    if (name === 'pay') unread = 0;
    draw();
    onNavigate(name);
    chat.querySelector('.bar-button').focus({ preventScroll: true });
    scrollToEnd();
  }

  function leave() {
    const left = present;
    present = null;
    onNavigate(null);
    list.querySelector(`[data-chat=${left}]`)?.focus({ preventScroll: true });
  }

  function drawChatWith(name, detail, ...content) {
    chat.setAttribute('aria-label', name);
    chat.replaceChildren(
      h(
        'header',
        { class: 'bar' },
        h(
          'div',
          { class: 'bar-side' },
          h(
            'button',
            { class: 'bar-button', type: 'button', 'aria-label': t('backToChats'), onclick: leave },
            icon('back'),
          ),
        ),
        h('h2', { class: 'bar-title' }, name, detail ? h('small', {}, detail) : null),
        h('div', { class: 'bar-side end' }),
      ),
      ...content,
    );
  }

  function drawShopChat() {
    const url = shopUrl();
    drawChatWith(
      t('shopName'),
      t('officialAccount'),
      h(
        'div',
        { class: 'chat-log' },
        h('p', { class: 'chat-date' }, t('today', { time: clock(started) })),
        bubble('shop', t('greeting', { name: nickname() || t('friend') })),
        url ? welcomeCard(url) : noShop(),
      ),
      url
        ? h(
            'footer',
            { class: 'chat-menu' },
            h('button', { type: 'button', onclick: () => onOpenShop(url) }, icon('bag'), t('openShop')),
          )
        : '',
    );
  }

  function bubble(from, text) {
    return h('div', { class: 'bubble-row' }, avatar(from), h('p', { class: 'bubble' }, text));
  }

  function welcomeCard(url) {
    return h(
      'button',
      { class: 'card', type: 'button', onclick: () => onOpenShop(url) },
      shopPicture(),
      h('strong', {}, t('welcome')),
      h('span', { class: 'card-text' }, t('welcomeText')),
      h('span', { class: 'card-foot' }, t('openShop'), icon('chevron')),
    );
  }

  function noShop() {
    const address = h('input', {
      type: 'url',
      required: true,
      placeholder: 'http://127.0.0.1:8788/',
      'aria-label': t('shopAddress'),
    });
    const submit = (event) => {
      event.preventDefault();
      onOpenShop(address.value);
    };
    return h(
      'form',
      { class: 'card form', onsubmit: submit },
      h('strong', {}, t('noShop')),
      h('span', { class: 'card-text' }, t('noShopText')),
      address,
      h('button', { class: 'primary', type: 'submit' }, t('open')),
    );
  }

  function drawPayChat() {
    const content = receipts.length
      ? h('div', { class: 'chat-log' }, ...receipts.flatMap(drawReceipt))
      : h('div', { class: 'empty' }, icon('wallet'), h('h2', {}, t('noReceipts')), h('p', {}, t('noReceiptsText')));
    drawChatWith(t('payName'), '', content);
  }

  function drawReceipt(receipt) {
    const { title, amount, rows } = receiptTexts(receipt);
    return [
      h('p', { class: 'chat-date' }, t('today', { time: clock(new Date(receipt.time)) })),
      h(
        'article',
        { class: 'card receipt', 'aria-label': title },
        h('strong', {}, title),
        h('p', { class: 'amount-label' }, t(`${receipt.kind}Amount`)),
        h('p', { class: 'amount' }, amount),
        h('dl', {}, ...rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
        h('span', { class: 'card-foot quiet-foot' }, t('receiptFoot')),
      ),
    ];
  }

  function scrollToEnd() {
    const log = chat.querySelector('.chat-log');
    if (log) log.scrollTop = log.scrollHeight;
  }

  return {
    list,
    chat,
    draw,
    open,
    /** Where the scanner was opened from. */
    focusPlus: () => plusButton.focus({ preventScroll: true }),
    /** A receipt came, as receipt-texts.js has it, with an `id` and a `time`. One that is known already is left out. */
    receive(receipt) {
      if (receipts.some(({ id }) => id === receipt.id)) return false;
      receipts.push(receipt);
      if (present !== 'pay') unread += 1;
      draw();
      scrollToEnd();
      return true;
    },
  };
}

/** A shelf with an awning, drawn here so that the page needs no picture from anywhere. */
function shopPicture() {
  const holder = document.createElement('template');
  holder.innerHTML = `<svg class="card-picture" viewBox="0 0 240 116" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
    <defs><linearGradient id="dawn" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#ffe3c2"/><stop offset="1" stop-color="#ffb7a1"/></linearGradient></defs>
    <rect width="240" height="116" fill="url(#dawn)"/>
    <circle cx="206" cy="26" r="34" fill="#fff" opacity=".35"/>
    <path d="M44 40h152v76H44z" fill="#fff8ef"/>
    <path d="M40 22H67L59 48H28zM93 22H120L120 48H89zM147 22H173L181 48H151z" fill="#12a968"/><path d="M28.0 48a15.3 11 0 0 0 30.7 0zM89.3 48a15.3 11 0 0 0 30.7 0zM150.7 48a15.3 11 0 0 0 30.7 0z" fill="#0d8a55"/>
    <path d="M67 22H93L89 48H59zM120 22H147L151 48H120zM173 22H200L212 48H181z" fill="#fff"/><path d="M58.7 48a15.3 11 0 0 0 30.7 0zM120.0 48a15.3 11 0 0 0 30.7 0zM181.3 48a15.3 11 0 0 0 30.7 0z" fill="#ece7dd"/>
    <path d="M60 96h120v5H60z" fill="#c98d5e"/>
    <circle cx="82" cy="84" r="12" fill="#ff9a3d"/><circle cx="106" cy="84" r="12" fill="#ff8426"/><path d="M82 72c2-5 6-6 9-6-1 5-5 7-9 6zM106 72c2-5 6-6 9-6-1 5-5 7-9 6z" fill="#3fa35a"/>
    <rect x="126" y="72" width="20" height="24" rx="3" fill="#2f8f6b"/><rect x="129" y="67" width="14" height="6" rx="2" fill="#1f6d50"/><circle cx="136" cy="84" r="5.5" fill="#fff" opacity=".9"/>
    <path d="M156 74h18v14a8 8 0 0 1-8 8h-2a8 8 0 0 1-8-8z" fill="#e8574f"/><path d="M174 78h4a4 4 0 0 1 0 9h-4" fill="none" stroke="#e8574f" stroke-width="3"/>
  </svg>`;
  return holder.content.firstElementChild;
}
