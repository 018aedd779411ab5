import { drawEntry, entrySummary } from './account-entry.js';
import { avatar } from './avatar.js';
import { chatTime, isAfterPause } from './chat-time.js';
import { createComposer } from './composer.js';
import { h, icon } from './element.js';
import { language, t } from './messages.js';
import { shopPicture } from './shop-picture.js';

/**
 * The chat with the official account; for those who do not follow it, the page on which they can.
 *
 * @param {{shopUrl: () => string, nickname: () => string, read: () => Promise<AccountChat>,
 *   send: (message: {text: string} | {picture: string}) => Promise<Entry>, follow: (ticket?: string) => Promise<unknown>,
 *   unfollow: () => Promise<unknown>, choosePicture: () => void, sheet: Sheet, toast: (text: string, mark?: string | null) => void,
 *   onOpenUrl: (url: string) => void, onPicture: (url: string) => void, onChange: () => void, hint: () => string}} options
 *   `onChange`: its row or what it shows has changed · `hint`: what stands in its row while nothing has come
 * @returns {import('./chats.js').Conversation}
 *
 * @typedef {import('./account-entry.js').Entry} Entry
 * @typedef {{show: (what: () => object) => void, close: () => void}} Sheet
 * @typedef {{account: {name: string, originalId: string}, following: boolean, entries: Entry[]}} AccountChat
 */
export function createAccountChat(options) {
  const { shopUrl, nickname, read, send, follow, unfollow, choosePicture, sheet, toast, onOpenUrl, onChange } = options;
  const started = new Date();
  let account = { name: '', originalId: '' };
  let isFollowing = true;
  let entries = [];
  let unread = 0;
  let ticket; // of the code by which the account was found
  let asking = false;
  let drawn = { key: '', entries: [], count: 0 }; // what stands in the log

  const log = h('div', { class: 'chat-log', role: 'log' });
  log.addEventListener('load', stayAtEnd, true); // pictures come late, and make it longer
  const composer = createComposer({ send: (text) => say({ text }), choosePicture });
  const chips = h('div', { class: 'chat-chips' });
  const footer = h('footer', { class: 'chat-foot' }, chips, composer.element);
  const profile = h('div', { class: 'profile' });
  const element = h('div', { class: 'conversation' }, log, footer, profile);
  const tools = h('button', { class: 'bar-button', type: 'button', onclick: askToUnfollow }, icon('dots'));

  async function load() {
    const chat = await read();
    account = chat.account;
    isFollowing = chat.following;
    const known = new Set(chat.entries.map(({ id }) => id));
    entries = [...chat.entries, ...entries.filter(({ id }) => !known.has(id))];
    onChange();
  }

  function row() {
    const last = entries.at(-1);
    return {
      avatar: avatar('account'),
      name: account.name || t('shopName'),
      tag: t('shopName'),
      preview: last && isFollowing ? entrySummary(last) : t('shopPreview'),
      time: last ? new Date(last.time) : started,
      unread,
      hint: options.hint(),
    };
  }

  function draw() {
    tools.hidden = log.hidden = footer.hidden = !isFollowing;
    profile.hidden = isFollowing;
    tools.setAttribute('aria-label', t('chatTools'));
    tools.title = t('chatTools');
    log.setAttribute('aria-label', account.name);
    if (!isFollowing) return drawProfile();
    drawLog();
    composer.draw();
    const url = shopUrl();
    chips.hidden = !url;
    chips.replaceChildren(url ? openShop('chip', url) : '');
  }

  /** What stands there stays, so that screen readers say only what is new. */
  function drawLog() {
    const key = JSON.stringify([language, shopUrl(), nickname(), account]);
    if (key !== drawn.key || entries !== drawn.entries) {
      log.replaceChildren(...drawIntroduction());
      drawn = { key, entries, count: 0 };
    }
    log.append(...entries.slice(drawn.count).flatMap((entry, index) => drawWithTime(entry, drawn.count + index)));
    drawn.count = entries.length;
  }

  function stayAtEnd({ target }) {
    const below = log.scrollHeight - log.scrollTop - log.clientHeight;
    if (below < 2 * target.clientHeight) log.scrollTop = log.scrollHeight;
  }

  function openShop(className, url) {
    return h('button', { class: className, type: 'button', onclick: () => onOpenUrl(url) }, icon('bag'), t('openShop'));
  }

  function drawIntroduction() {
    const url = shopUrl();
    const greeting = t('greeting', { name: nickname() || t('friend') });
    return [
      h('p', { class: 'chat-date' }, chatTime(started)),
      h('div', { class: 'bubble-row' }, avatar('account'), h('p', { class: 'bubble' }, greeting)),
      url ? welcomeCard(url, onOpenUrl) : noShop(onOpenUrl),
    ];
  }

  function drawWithTime(entry, index) {
    const before = index ? new Date(entries[index - 1].time) : started;
    const time = new Date(entry.time);
    const drawn = drawEntry(entry, {
      ...{ account: account.name, nickname: nickname(), onOpenUrl, onPicture: options.onPicture },
      onMiniProgram: (path) => toast(t('miniProgramOpened', { path }), 'mini-program'),
    });
    return isAfterPause(before, time) ? [h('p', { class: 'chat-date' }, chatTime(time)), drawn] : [drawn];
  }

  function drawProfile() {
    const url = shopUrl();
    profile.replaceChildren(
      h(
        'div',
        { class: 'profile-head' },
        avatar('account'),
        h('h3', {}, account.name),
        h('p', {}, t('wechatId', { id: account.originalId })),
      ),
      h('p', { class: 'profile-text' }, t('followText')),
      h(
        'button',
        { class: 'primary', type: 'button', disabled: asking, onclick: followNow },
        t(asking ? 'following' : 'follow'),
      ),
      url ? openShop('text-button', url) : '',
    );
  }

  async function followNow() {
    asking = true;
    draw();
    await attempt(() => follow(ticket), 'followFailed');
    asking = false;
    ticket = undefined;
    onChange();
  }

  function askToUnfollow() {
    sheet.show(() => ({
      role: 'alertdialog',
      label: t('unfollow'),
      content: [
        h('p', { class: 'sheet-text' }, t('unfollowText', { name: account.name })),
        h('button', { class: 'sheet-button danger', type: 'button', onclick: unfollowNow }, t('unfollow')),
        h('button', { class: 'sheet-button', type: 'button', onclick: sheet.close }, t('cancel')),
      ],
    }));
  }

  async function unfollowNow() {
    sheet.close();
    if (await attempt(unfollow, 'followFailed')) toast(t('unfollowed'));
  }

  /** @returns whether it worked; else the toast says why not */
  async function attempt(work, failure) {
    try {
      const { following } = await work();
      isFollowing = following;
      onChange();
      return true;
    } catch (error) {
      toast(t(failure, { reason: error.message }), null);
      return false;
    }
  }

  async function say(message) {
    receive(await send(message));
  }

  /** @returns whether it is new */
  function receive(entry) {
    if (entries.some(({ id }) => id === entry.id)) return false;
    entries.push(entry);
    if (entry.from === 'account') unread += 1;
    onChange();
    return true;
  }

  return {
    id: 'account',
    element,
    tools,
    load,
    row,
    draw,
    receive,
    say,
    /** Someone else holds the phone. */
    clear() {
      entries = [];
      unread = 0;
    },
    title: () => [account.name || t('shopName'), t('officialAccount')],
    opened() {
      unread = 0;
    },
    /** Its code was scanned by someone who does not follow it. */
    found(scanned) {
      ticket = scanned;
      isFollowing = false;
    },
    setFollowing(value) {
      isFollowing = value;
      onChange();
    },
  };
}

function welcomeCard(url, onOpenUrl) {
  return h(
    'button',
    { class: 'card', type: 'button', onclick: () => onOpenUrl(url) },
    shopPicture(),
    h('strong', {}, t('welcome')),
    h('span', { class: 'card-text' }, t('welcomeText')),
    h('span', { class: 'card-foot' }, t('openShop'), icon('chevron')),
  );
}

function noShop(onOpenUrl) {
  const address = h('input', {
    type: 'url',
    required: true,
    placeholder: 'http://127.0.0.1:8788/',
    'aria-label': t('shopAddress'),
  });
  const submit = (event) => {
    event.preventDefault();
    onOpenUrl(address.value);
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
