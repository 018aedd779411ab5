import { h } from './element.js';
import { keepFocusInside } from './keep-focus-inside.js';
import { onLanguage } from './messages.js';

/**
 * The sheet that rises from the lower edge of the screen, one at a time: menus, choices, questions.
 *
 * @param {{layer: HTMLElement, onOpen: () => void, onClose: () => void}} options
 */
export function createSheet({ layer, onOpen, onClose }) {
  let drawn = null; // what draws its present content
  let onLeave = null;
  const panel = h('div', { class: 'action-sheet', 'aria-modal': 'true', tabindex: '-1', onkeydown });
  layer.append(h('div', { class: 'scrim', onclick: close }), panel);
  onLanguage(draw);

  function draw() {
    if (!drawn) return;
    const { role = 'dialog', label, content } = drawn();
    panel.setAttribute('role', role);
    panel.setAttribute('aria-label', label);
    panel.replaceChildren(...content.filter(Boolean));
  }

  function close() {
    if (!drawn) return;
    const left = onLeave;
    drawn = null;
    onLeave = null;
    layer.hidden = true;
    panel.replaceChildren();
    onClose();
    left?.();
  }

  function onkeydown(event) {
    if (event.key === 'Tab') return keepFocusInside(event, panel);
    if (event.key !== 'Escape') return;
    event.preventDefault();
    close();
  }

  return {
    /**
     * Opens it, or puts something else into it.
     *
     * @param {() => {role?: 'dialog' | 'alertdialog', label: string, content: Array<Node | null>}} what
     * @param {() => void} [leave] runs when it has been closed, however that came
     */
    show(what, leave = null) {
      const isNew = !drawn;
      onLeave?.();
      drawn = what;
      onLeave = leave;
      layer.hidden = false;
      if (isNew) onOpen();
      draw();
      panel.focus({ preventScroll: true });
    },
    close,
  };
}
