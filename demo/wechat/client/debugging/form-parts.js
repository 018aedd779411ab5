import { h } from '../element.js';
import { t } from '../messages.js';

/** A control under its name. @param {string} key of the name in the messages @param {HTMLElement} control */
export function field(key, control, className = '') {
  return h('label', { class: `field ${className}` }, h('span', { 'data-text': key }), control);
}

/** As `field`, for a name that is the same in every language. */
export function fieldNamed(name, control) {
  return h('label', { class: 'field' }, h('span', { class: 'field-code' }, name), control);
}

/** A part of a result: a heading and a block of text. */
export function block(heading, text, { kind = '', note = '' } = {}) {
  return [
    h('h3', {}, heading, note ? h('small', {}, note) : null),
    h('pre', { class: kind, tabindex: '0' }, text || t('emptyBody')),
  ];
}

/** How it ended, in one line. @param {'good' | 'bad' | 'open'} kind */
export function outcome(kind, text, detail = '') {
  return h('p', { class: `outcome ${kind}` }, h('strong', {}, text), detail ? h('span', {}, detail) : null);
}

/**
 * Does `work` for a form: the form waits meanwhile, and a failure is said in the result's place.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLElement} result
 * @param {() => Promise<Array<Node | string>>} work draws the result
 */
export async function run(form, result, work) {
  form.inert = true;
  try {
    result.replaceChildren(...(await work()));
  } catch (error) {
    result.replaceChildren(outcome('bad', t('changeFailed', { reason: error.message })));
  } finally {
    form.inert = false;
  }
}
