import { personAvatar } from './avatar.js';
import { chatTime, isAfterPause } from './chat-time.js';
import { h } from './element.js';
import { t } from './messages.js';
import { cardSummary, chatCard } from './share-card.js';

/**
 * The chats with friends, in which shared pages stand. There is one with each friend to or from whom something was sent.
 *
 * @param {{me: () => User, account: () => string, onOpenUrl: (url: string) => void}} options
 *
 * @typedef {{openid: string, nickname: string}} User
 * @typedef {{id: string, time: string, to: 'friend' | 'moments', from: User, friend?: User, text?: string,
 *   card: import('./share-card.js').Card}} Share
 */
export function createFriendChats({ me, account, onOpenUrl }) {
  let chats = new Map(); // by openid

  function chatWith(friend) {
    const known = chats.get(friend.openid);
    if (known) return known;
    const chat = createFriendChat(friend);
    chats.set(friend.openid, chat);
    return chat;
  }

  function createFriendChat(friend) {
    const shares = []; // oldest first
    let unread = 0;
    const log = h('div', { class: 'chat-log', role: 'log' });
    const element = h('div', { class: 'conversation' }, log);

    function draw() {
      log.setAttribute('aria-label', friend.nickname);
      log.replaceChildren(...shares.flatMap(drawShare));
    }

    function drawShare({ time, from, card }, index) {
      const isMine = from.openid === me().openid;
      const at = new Date(time);
      const isFirst = index === 0 || isAfterPause(new Date(shares[index - 1].time), at);
      return [
        isFirst ? h('p', { class: 'chat-date' }, chatTime(at)) : '',
        h(
          'div',
          { class: isMine ? 'bubble-row mine' : 'bubble-row' },
          personAvatar(from),
          h('span', { class: 'visually-hidden' }, t('says', { name: from.nickname })),
          chatCard(card, { account: account(), onOpenUrl }),
        ),
      ];
    }

    function row() {
      const last = shares.at(-1);
      return {
        avatar: personAvatar(friend),
        name: friend.nickname,
        preview: cardSummary(last.card),
        time: new Date(last.time),
        unread,
      };
    }

    return {
      id: friend.openid,
      element,
      draw,
      row,
      title: () => [friend.nickname],
      opened() {
        unread = 0;
      },
      add(share, isNew) {
        shares.push(share);
        if (isNew && share.from.openid !== me().openid) unread += 1;
      },
    };
  }

  function add(share, isNew) {
    const chat = chatWith(share.from.openid === me().openid ? share.friend : share.from);
    chat.add(share, isNew);
    return chat;
  }

  return {
    list: () => [...chats.values()],
    /** All that there are, oldest first. @param {Share[]} shares */
    load(shares) {
      chats = new Map();
      for (const share of shares) add(share, false);
    },
    /** @param {Share} share one that has just come @returns the chat in which it stands */
    receive: (share) => add(share, true),
  };
}
