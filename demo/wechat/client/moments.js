import { personAvatar } from './avatar.js';
import { chatTime } from './chat-time.js';
import { h, icon } from './element.js';
import { t } from './messages.js';
import { momentsCard } from './share-card.js';

/**
 * Moments (朋友圈): what this user and everybody else has posted, newest first.
 *
 * @param {{me: () => {openid: string, nickname: string}, onOpenUrl: (url: string) => void}} options
 * @returns {import('./chats.js').Conversation & {unseen: () => boolean, load: (shares: Share[]) => void,
 *   receive: (share: Share) => void}}
 *
 * @typedef {import('./friend-chats.js').Share} Share
 */
export function createMoments({ me, onOpenUrl }) {
  let shares = []; // oldest first
  let unseen = false;
  const element = h('div', { class: 'conversation moments-page' });

  function draw() {
    const user = me();
    element.replaceChildren(
      h(
        'div',
        { class: 'moments-cover' },
        h('span', { class: 'moments-me' }, h('strong', {}, user.nickname), personAvatar(user)),
      ),
      shares.length ? h('ul', { class: 'moments-list' }, ...shares.toReversed().map(drawShare)) : drawEmpty(),
    );
  }

  function drawShare({ from, text, card, time }) {
    return h(
      'li',
      {},
      h(
        'article',
        { class: 'moment', 'aria-label': from.nickname },
        personAvatar(from),
        h(
          'div',
          {},
          h('strong', { class: 'moment-name' }, from.nickname),
          text ? h('p', {}, text) : null,
          momentsCard(card, { onOpenUrl }),
          h('time', { datetime: time }, chatTime(new Date(time))),
        ),
      ),
    );
  }

  function drawEmpty() {
    return h(
      'div',
      { class: 'empty' },
      icon('moments'),
      h('h2', {}, t('momentsEmpty')),
      h('p', {}, t('momentsEmptyText')),
    );
  }

  return {
    id: 'moments',
    element,
    draw,
    row: () => null,
    title: () => [t('moments')],
    opened() {
      unseen = false;
    },
    unseen: () => unseen,
    load(all) {
      shares = all;
    },
    receive(share) {
      shares.push(share);
      if (share.from.openid !== me().openid) unseen = true;
    },
  };
}
