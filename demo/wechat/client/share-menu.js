import { personAvatar } from './avatar.js';
import { h, icon } from './element.js';
import { t } from './messages.js';
import { chatCard, momentsCard } from './share-card.js';

/**
 * The menu of a page in the in-app browser: sending it to a friend, posting it on Moments, its link, loading it again.
 *
 * @param {{sheet: {show: (what: () => object) => void, close: () => void}, account: () => string,
 *   toast: (text: string, mark?: string | null) => void, users: () => Promise<User[]>, pageInfo: (page: string) => Promise<PageInfo>,
 *   share: (input: object) => Promise<unknown>, onRefresh: () => void}} options
 *
 * @typedef {{openid: string, nickname: string, isMe: boolean}} User
 * @typedef {{title: string, description?: string, link: string, icon: string, url: string}} Set what a page has set
 * @typedef {{friend: Set | null, moments: Set | null}} PageInfo
 * @typedef {{page: string, url: string, title: string}} Page what is open: bridge.js's name for it, its address and title
 */
export function createShareMenu({ sheet, account, toast, users, pageInfo, share, onRefresh }) {
  /** @param {Page} page */
  function open(page) {
    const tile = (name, key, onclick) =>
      h(
        'button',
        { class: 'share-tile', type: 'button', onclick },
        h('span', { class: 'share-tile-icon' }, icon(name)),
        h('span', {}, t(key)),
      );
    sheet.show(() => ({
      label: t('pageTools'),
      content: [
        h('p', { class: 'sheet-source' }, t('pageFrom', { host: new URL(page.url).host })),
        h(
          'div',
          { class: 'share-tiles' },
          tile('forward', 'sendToFriend', () => chooseFriend(page)),
          tile('moments', 'shareOnMoments', () => writeMoment(page)),
          tile('link', 'copyLink', () => copyLink(page)),
          tile('refresh', 'refresh', refresh),
        ),
        cancelButton(),
      ],
    }));
  }

  function cancelButton() {
    return h('button', { class: 'sheet-button', type: 'button', onclick: sheet.close }, t('cancel'));
  }

  function refresh() {
    sheet.close();
    onRefresh();
  }

  async function copyLink({ url }) {
    sheet.close();
    await navigator.clipboard.writeText(url).then(
      () => toast(t('linkCopied')),
      () => toast(t('linkNotCopied'), null),
    );
  }

  async function chooseFriend(page) {
    const found = await attempt(() => Promise.all([users(), cardOf(page, 'friend')]));
    if (!found) return;
    const [all, card] = found;
    const entry = (user) =>
      h(
        'li',
        {},
        h(
          'button',
          { class: 'friend', type: 'button', onclick: () => confirm(page, user, card) },
          personAvatar(user),
          h('span', {}, user.nickname),
        ),
      );
    const friends = all.filter(({ isMe }) => !isMe);
    sheet.show(() => ({
      label: t('chooseFriend'),
      content: [
        h('h2', { class: 'sheet-title' }, t('chooseFriend')),
        h('ul', { class: 'friends' }, ...friends.map(entry)),
        cancelButton(),
      ],
    }));
  }

  function confirm(page, friend, card) {
    sheet.show(() => ({
      label: t('sendTo'),
      content: [
        h('h2', { class: 'sheet-title' }, t('sendTo')),
        h('p', { class: 'friend' }, personAvatar(friend), h('span', {}, friend.nickname)),
        ...preview(card, chatCard(card, { account: account() })),
        h(
          'div',
          { class: 'sheet-actions' },
          h('button', { class: 'secondary', type: 'button', onclick: sheet.close }, t('cancel')),
          h('button', { class: 'primary', type: 'button', onclick: () => sendTo(friend) }, t('send')),
        ),
      ],
    }));
    const sendTo = ({ openid }) => send({ ...page, to: 'friend', friend: openid }, t('sent'));
  }

  async function writeMoment(page) {
    const card = await attempt(() => cardOf(page, 'moments'));
    if (!card) return;
    const words = h('textarea', { rows: 3, maxlength: 500 });
    const post = () => send({ ...page, to: 'moments', text: words.value.trim() || undefined }, t('posted'));
    sheet.show(() => {
      words.placeholder = t('momentsWords');
      words.setAttribute('aria-label', t('momentsWords'));
      return {
        label: t('shareOnMoments'),
        content: [
          h(
            'header',
            { class: 'sheet-head' },
            h('button', { class: 'text-button', type: 'button', onclick: sheet.close }, t('cancel')),
            h('button', { class: 'primary', type: 'button', onclick: post }, t('post')),
          ),
          words,
          ...preview(card, momentsCard(card, {})),
        ],
      };
    });
    words.focus({ preventScroll: true });
  }

  /** With what made it so, for whoever builds the page. */
  function preview({ bare }, drawn) {
    return [
      h('div', { class: 'share-preview' }, drawn),
      h('p', { class: 'share-why' }, t(bare ? 'bareHint' : 'setHint')),
    ];
  }

  /** What a page has set counts only at the address where it was set. */
  async function cardOf({ page, url, title }, to) {
    const set = (await pageInfo(page))[to];
    return set?.url === url ? { ...set, bare: false } : { title, link: url, bare: true };
  }

  async function send(input, done) {
    const sent = await attempt(() => share(input));
    if (!sent) return;
    sheet.close();
    toast(done);
  }

  async function attempt(work) {
    try {
      return await work();
    } catch (error) {
      sheet.close();
      toast(t('shareFailed', { reason: error.message }), null);
      return undefined;
    }
  }

  return { open };
}
