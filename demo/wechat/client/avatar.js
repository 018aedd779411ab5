import { h, icon } from './element.js';

/** Those that are no persons, and what stands in their pictures. */
const ICONS = { account: 'bag', pay: 'wallet' };
const COLOURS = 6;

/** The picture of the official account or of WeChat Pay. @param {keyof typeof ICONS} name */
export function avatar(name) {
  return h('span', { class: `avatar ${name}`, 'aria-hidden': 'true' }, icon(ICONS[name]));
}

/**
 * The picture of a person: the first letter of the name on a colour of their own.
 *
 * @param {{nickname?: string}} user
 */
export function personAvatar({ nickname = '' }) {
  const [letter = ''] = nickname;
  const number = [...nickname].reduce((sum, character, at) => sum + character.codePointAt(0) * (at + 1), 0) % COLOURS;
  return h('span', { class: `avatar person tint-${number}`, 'aria-hidden': 'true' }, letter);
}
