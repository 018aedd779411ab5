import { avatar, personAvatar } from './avatar.js';
import { dayOf } from './chat-time.js';
import { h, icon } from './element.js';
import { language, t } from './messages.js';

/**
 * @typedef {object} Entry one message or note in the chat with the account
 * @property {string} id
 * @property {string} time RFC 3339
 * @property {'user' | 'account' | 'note'} from
 * @property {'text' | 'image' | 'voice' | 'news' | 'template' | 'subscription' | 'other' | 'note'} kind
 */

const DRAW = {
  text: drawText,
  image: drawImage,
  voice: drawVoice,
  news: drawNews,
  template: drawTemplate,
  subscription: drawTemplate,
  other: drawOther,
};
/** Addresses, and the links that accounts may write. */
const LINK = /<a\s[^>]*?href=["'](https?:[^"']+)["'][^>]*>(.*?)<\/a>|https?:\/\/[^\s<>"'，。；、）】」]+/gi;
/** What is as wide as the screen, without a sender's picture beside it. */
const WIDE = ['news', 'template', 'subscription'];

/**
 * An entry as WeChat draws it.
 *
 * @param {Entry} entry
 * @param {{account: string, nickname: string, onOpenUrl: (url: string) => void, onMiniProgram: (path: string) => void,
 *   onPicture: (url: string) => void}} options
 * @returns {HTMLElement}
 */
export function drawEntry(entry, options) {
  if (entry.kind === 'note') return drawNote(entry);
  const content = (DRAW[entry.kind] ?? drawOther)(entry, options);
  if (WIDE.includes(entry.kind)) return h('div', { class: 'entry wide' }, content);
  const isMine = entry.from === 'user';
  return h(
    'div',
    { class: isMine ? 'entry bubble-row mine' : 'entry bubble-row' },
    isMine ? personAvatar(options) : avatar('account'),
    h('span', { class: 'visually-hidden' }, t('says', { name: isMine ? options.nickname : options.account })),
    content,
  );
}

/** An entry on one line, as the list of chats has it; '' where there is nothing to say. @param {Entry} entry */
export function entrySummary({ kind, text, title, articles, type, note }) {
  if (kind === 'text') return text.replace(LINK, (whole, _href, words = whole) => words);
  if (kind === 'note') return noteText(note, text);
  if (kind === 'template' || kind === 'subscription') return title;
  if (kind === 'news') return t('kind-link', { title: articles[0]?.title ?? '' });
  if (kind === 'other') return otherText(type);
  return t(`kind-${kind}`);
}

function noteText(note, original) {
  return language === 'zh' && original ? original : t(`note-${note}`);
}

function otherText(type, { title = '' } = {}) {
  const known = ['image', 'voice', 'link', 'location', 'video', 'shortvideo'].includes(type);
  return t(known ? `kind-${type}` : 'kind-other', { title });
}

function drawText({ text }, { onOpenUrl }) {
  const content = [];
  let end = 0;
  for (const { 0: whole, 1: href = whole, 2: words = whole, index } of text.matchAll(LINK)) {
    const follow = (event) => {
      event.preventDefault();
      onOpenUrl(href);
    };
    content.push(text.slice(end, index), h('a', { href, onclick: follow }, words));
    end = index + whole.length;
  }
  return h('p', { class: 'bubble' }, ...content, text.slice(end));
}

function drawNote({ note, text, why, kfAccount }) {
  const words = noteText(note, text);
  return h(
    'div',
    { class: 'entry note' },
    h('p', { class: 'chat-note' }, words, kfAccount ? ` (${kfAccount})` : null),
    why ? h('p', { class: 'developer-hint' }, h('b', {}, t('developerHint')), h('span', { lang: 'en' }, why)) : null,
  );
}

function drawImage({ url }, { onPicture }) {
  return h(
    'button',
    { class: 'picture-bubble', type: 'button', 'aria-label': t('enlarge'), onclick: () => onPicture(url) },
    h('img', { src: url, alt: '', draggable: 'false' }),
  );
}

function drawVoice({ url }) {
  return h(
    'button',
    { class: 'bubble voice', type: 'button', 'aria-label': t('playVoice'), onclick: () => new Audio(url).play() },
    icon('voice'),
  );
}

function drawOther({ type, fields = {} }) {
  const { title, Title = title, label, Label = label, Content } = fields;
  return h(
    'p',
    { class: 'bubble other' },
    type === 'location' ? icon('location') : type === 'link' ? icon('link') : null,
    Label ?? Content ?? otherText(type, { title: Title ?? '' }),
  );
}

/** One article is a card with its picture; several are a list under the first. */
function drawNews({ articles }, { onOpenUrl }) {
  const [first, ...others] = articles;
  const link = ({ url }, className, ...content) =>
    h('button', { class: className, type: 'button', onclick: () => onOpenUrl(url) }, ...content);
  return h(
    'article',
    { class: 'news', 'aria-label': first.title },
    link(
      first,
      'news-first',
      h('span', { class: 'news-cover' }, cover(first), h('strong', {}, first.title)),
      others.length === 0 && first.description ? h('span', { class: 'news-text' }, first.description) : null,
    ),
    ...others.map((article) => link(article, 'news-more', h('span', {}, article.title), cover(article))),
  );
}

function cover({ picUrl }) {
  const fallBack = ({ currentTarget }) => currentTarget.replaceWith(h('i', { class: 'no-cover' }));
  return picUrl
    ? h('img', { src: picUrl, alt: '', draggable: 'false', onerror: fallBack })
    : h('i', { class: 'no-cover' });
}

/** The same card for template and subscription messages; what has no label stands alone: first words, and a remark. */
function drawTemplate(entry, options) {
  const { title, rows, time, kind } = entry;
  const labelled = rows.filter(({ label }) => label);
  const start = rows.findIndex(({ label }) => label);
  const alone = (isBefore) =>
    rows.filter(({ label, value }, index) => !label && value && (start < 0 || index < start) === isBefore);
  const paragraph = ({ value, color }) => h('p', { style: colour(color) }, value);
  return h(
    'article',
    { class: 'template-card', 'aria-label': title },
    h('header', {}, h('strong', {}, title), h('time', { datetime: time }, dayOf(new Date(time)))),
    ...alone(true).map(paragraph),
    labelled.length ? h('dl', {}, ...labelled.map(drawRow)) : null,
    ...alone(false).map(paragraph),
    drawFoot(entry, options),
    kind === 'subscription' ? h('p', { class: 'card-kind' }, t('subscriptionNotice')) : null,
  );
}

function drawRow({ label, value, color }) {
  return h('div', {}, h('dt', {}, label), h('dd', { style: colour(color) }, value));
}

/** A merchant's colour; on a dark card the style sheet makes it lighter. */
function colour(color = '') {
  return /^#[0-9a-f]{6}$/i.test(color) ? `--colour: ${color}` : null;
}

function drawFoot({ url, miniProgram }, { onOpenUrl, onMiniProgram }) {
  if (miniProgram) {
    const open = () => onMiniProgram(miniProgram.pagePath || miniProgram.appId);
    return foot(open, icon('mini-program'), t('openMiniProgram'));
  }
  return url ? foot(() => onOpenUrl(url), t('viewDetails')) : null;
}

function foot(onclick, ...content) {
  return h('button', { class: 'template-foot', type: 'button', onclick }, h('span', {}, ...content), icon('chevron'));
}
