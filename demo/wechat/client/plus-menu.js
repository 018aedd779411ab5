import { h, icon } from './element.js';
import { onLanguage, t } from './messages.js';

/**
 * The plus in the corner of the chats, behind which the scanner is.
 *
 * @param {{onScan: () => void}} options
 * @returns {{element: HTMLElement, focus: () => void}}
 */
export function createPlusMenu({ onScan }) {
  const scan = h('button', { type: 'button', role: 'menuitem', onclick: startScan });
  const menu = h('div', { class: 'plus-menu', id: 'plus-menu', role: 'menu', hidden: true }, scan);
  const button = h(
    'button',
    { class: 'bar-button', type: 'button', 'aria-haspopup': 'menu', 'aria-controls': 'plus-menu', onclick: toggle },
    icon('plus'),
  );
  const element = h('div', { class: 'bar-side end plus', onkeydown, onfocusout: leave }, button, menu);
  show(false);
  onLanguage(() => {
    button.setAttribute('aria-label', t('plus'));
    button.title = t('plus');
    menu.setAttribute('aria-label', t('plus'));
    scan.replaceChildren(icon('scan'), t('scan'));
  });

  function show(shown) {
    menu.hidden = !shown;
    button.setAttribute('aria-expanded', String(shown));
  }

  function toggle() {
    show(menu.hidden);
    if (!menu.hidden) scan.focus();
  }

  function onkeydown(event) {
    if (event.key !== 'Escape' || menu.hidden) return;
    button.focus();
    show(false);
  }

  function leave({ relatedTarget }) {
    if (!element.contains(relatedTarget)) show(false);
  }

  function startScan() {
    show(false);
    onScan();
  }

  return { element, focus: () => button.focus({ preventScroll: true }) };
}
