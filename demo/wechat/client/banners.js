import { avatar, personAvatar } from './avatar.js';
import { h } from './element.js';

const SHOWN = 5000; // ms

/**
 * What drops from the upper edge when something has come while something else is on the screen; the last of each chat.
 *
 * @param {{layer: HTMLElement}} options
 */
export function createBanners({ layer }) {
  const shown = new Map(); // by chat

  /** @param {{chat: string, className?: string, title: string, text: string, onOpen: () => void}} banner */
  function show({ chat, className = 'banner', title, text, onOpen }) {
    const picture = chat === 'pay' || chat === 'account' ? avatar(chat) : personAvatar({ nickname: title });
    const leave = () => {
      banner.remove();
      if (shown.get(chat) === banner) shown.delete(chat);
    };
    const open = () => {
      leave();
      onOpen();
    };
    const content = [picture, h('strong', {}, title), h('span', {}, text)];
    const banner = h('button', { class: className, type: 'button', onclick: open }, ...content);
    shown.get(chat)?.remove();
    shown.set(chat, banner);
    layer.append(banner);
    setTimeout(leave, SHOWN);
  }

  /** What a chat announces is in view once the chat is. */
  function dismiss(chat) {
    shown.get(chat)?.remove();
    shown.delete(chat);
  }

  return { show, dismiss };
}
