import { h, icon } from './element.js';

const SHOWN = 2000; // ms

/**
 * WeChat's short word in the middle of the screen.
 *
 * @param {HTMLElement} layer has the role `status`
 */
export function createToast(layer) {
  let timer = 0;

  /** @param {string} text @param {string | null} mark the icon above it; null: none */
  return function toast(text, mark = 'check') {
    clearTimeout(timer);
    layer.replaceChildren(h('p', { class: 'toast' }, mark && icon(mark), h('span', {}, text)));
    timer = setTimeout(() => layer.replaceChildren(), SHOWN);
  };
}
