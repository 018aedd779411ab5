import { shortTime } from './chat-time.js';
import { h, icon } from './element.js';
import { onLanguage, t } from './messages.js';
import { createPlusMenu } from './plus-menu.js';

const TABS = ['chats', 'discover'];

/**
 * The home of WeChat: the list of chats and, behind a tab, Moments and the scanner; and the view into which a chat or
 * Moments opens.
 *
 * @param {{conversations: () => Conversation[], moments: Conversation & {unseen: () => boolean}, onScan: () => void,
 *   onNavigate: (open: string | null) => void}} options
 *
 * @typedef {object} Conversation
 * @property {string} id
 * @property {HTMLElement} element what stands below the bar
 * @property {HTMLElement} [tools] what stands at the end of the bar
 * @property {() => [name: string, detail?: string]} title
 * @property {() => {avatar: Node, name: string, tag?: string, preview: string, time: Date | null, unread: number,
 *   hint?: string} | null} row its place in the list; null: it has none
 * @property {() => void} draw
 * @property {() => void} opened
 */
export function createChats({ conversations, moments, onScan, onNavigate }) {
  let present = null; // the conversation that is open
  let tab = 'chats';

  const plus = createPlusMenu({ onScan });
  const heading = h('h2', { class: 'bar-title' });
  const page = h('div', { class: 'home-page' });
  const tabs = h('nav', { class: 'tab-bar' });
  const list = h('section', { class: 'view chats' }, h('header', { class: 'bar' }, heading, plus.element), page, tabs);

  const back = h('button', { class: 'bar-button', type: 'button', onclick: leave }, icon('back'));
  const title = h('h2', { class: 'bar-title' });
  const tools = h('div', { class: 'bar-side end' });
  const bar = h('header', { class: 'bar' }, h('div', { class: 'bar-side' }, back), title, tools);
  const chat = h('section', { class: 'view chat', inert: true });
  onLanguage(draw);

  function draw() {
    drawHome();
    if (!present) return;
    const [name, detail] = present.title();
    back.setAttribute('aria-label', t('backToChats'));
    chat.setAttribute('aria-label', name);
    title.replaceChildren(name, detail ? h('small', {}, detail) : '');
    present.draw();
  }

  function drawHome() {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
    list.setAttribute('aria-label', t(tab));
    heading.textContent = t(tab);
    page.replaceChildren(tab === 'chats' ? drawChats() : drawDiscover());
    tabs.replaceChildren(...TABS.map(drawTab));
    if (focused) list.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
  }

  function rows() {
    return conversations()
      .map((conversation) => ({ conversation, row: conversation.row() }))
      .filter(({ row }) => row)
      .sort((one, other) => (other.row.time ?? 0) - (one.row.time ?? 0));
  }

  function drawChats() {
    return h('ul', { class: 'chat-list' }, ...rows().map(drawRow));
  }

  function drawRow({ conversation, row: { avatar, name, tag, preview, time, unread, hint } }) {
    const badge = unread ? h('span', { class: 'badge', 'aria-label': t('unread', { count: unread }) }, unread) : null;
    return h(
      'li',
      {},
      h(
        'button',
        { class: 'chat-row', type: 'button', 'data-focus': conversation.id, onclick: () => open(conversation) },
        avatar,
        h('span', { class: 'chat-name' }, name, tag ? h('small', { class: 'chat-tag' }, tag) : null),
        h('span', { class: 'chat-time' }, time ? shortTime(time) : ''),
        h('span', { class: 'chat-preview' }, preview),
        badge ?? (hint ? h('span', { class: 'hint' }, hint) : null),
      ),
    );
  }

  function drawDiscover() {
    const cell = (name, text, onclick, mark) =>
      h(
        'li',
        {},
        h(
          'button',
          { class: `cell ${name}`, type: 'button', 'data-focus': name, onclick },
          ...[icon(name), h('span', {}, text), mark, icon('chevron')].filter(Boolean),
        ),
      );
    return h(
      'ul',
      { class: 'cells' },
      cell('moments', t('moments'), () => open(moments), moments.unseen() && dot()),
      cell('scan', t('scan'), onScan),
    );
  }

  function dot() {
    return h('i', { class: 'dot', role: 'img', 'aria-label': t('newMoments') });
  }

  function drawTab(name) {
    const unread = rows().reduce((sum, { row }) => sum + row.unread, 0);
    const mark = name === 'chats' ? unread > 0 && h('span', { class: 'badge' }, unread) : moments.unseen() && dot();
    const choose = () => {
      tab = name;
      drawHome();
    };
    return h(
      'button',
      { type: 'button', 'data-focus': `tab-${name}`, 'aria-current': String(name === tab), onclick: choose },
      icon(name),
      h('span', {}, t(name)),
      mark,
    );
  }

  function open(conversation) {
    if (present !== conversation) {
      present = conversation;
      chat.replaceChildren(bar, conversation.element);
      tools.replaceChildren(...(conversation.tools ? [conversation.tools] : []));
    }
    conversation.opened();
    draw();
    onNavigate(conversation.id);
    back.focus({ preventScroll: true });
    scrollToEnd();
  }

  function leave() {
    const left = present;
    present = null;
    onNavigate(null);
    drawHome();
    list.querySelector(`[data-focus="${left === moments ? 'moments' : left.id}"]`)?.focus({ preventScroll: true });
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
    leave,
    /** Something has come into this conversation. */
    arrived(conversation) {
      if (conversation === present) conversation.opened();
      draw();
      if (conversation === present) scrollToEnd();
    },
    isOpen: (conversation) => conversation === present,
    /** Where the scanner was opened from, and what there is to go on with. */
    focusPlus: plus.focus,
    focus: () => (present ? back : list.querySelector('.home-page button'))?.focus({ preventScroll: true }),
  };
}
