import { h, icon } from './element.js';
import { t } from './messages.js';

/**
 * What was shared, as a chat shows it: title, description and square picture, and below whose it is.
 *
 * @param {Card} card
 * @param {{account: string, onOpenUrl?: (url: string) => void}} options without `onOpenUrl` it is only looked at
 *
 * @typedef {{title: string, description?: string, link: string, icon?: string, bare: boolean}} Card `bare`: the page has
 *   set no card, so a bare link went out
 */
export function chatCard({ title, description, link, icon: picture, bare }, { account, onOpenUrl }) {
  return holder(
    'share-card',
    link,
    onOpenUrl,
    h('strong', { class: 'share-title' }, title || link),
    h(
      'span',
      { class: 'share-body' },
      h('span', { class: 'share-description' }, bare ? link : description),
      cardPicture(picture),
    ),
    // WeChat knows whose page it is where the page has spoken through the JS-SDK.
    h('span', { class: 'share-source' }, bare ? hostOf(link) : account || hostOf(link)),
  );
}

/** The same in Moments: one line of picture and title. @param {Card} card */
export function momentsCard({ title, link, icon: picture }, { onOpenUrl }) {
  return holder(
    'moments-card',
    link,
    onOpenUrl,
    cardPicture(picture),
    h('span', { class: 'share-title' }, title || link),
  );
}

function holder(className, link, onOpenUrl, ...content) {
  if (!onOpenUrl) return h('div', { class: className }, ...content);
  return h('button', { class: className, type: 'button', title: link, onclick: () => onOpenUrl(link) }, ...content);
}

/** @param {Card} card */
export function cardSummary({ title, link }) {
  return t('kind-link', { title: title || link });
}

function cardPicture(address) {
  const none = () => h('span', { class: 'share-picture none' }, icon('link'));
  const fallBack = ({ currentTarget }) => currentTarget.replaceWith(none());
  return address
    ? h('img', { class: 'share-picture', src: address, alt: '', draggable: 'false', onerror: fallBack })
    : none();
}

function hostOf(link) {
  return URL.parse(link)?.host ?? link;
}
