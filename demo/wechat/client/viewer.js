import { h, icon } from './element.js';
import { keepFocusInside } from './keep-focus-inside.js';
import { onLanguage, t } from './messages.js';

/**
 * Pictures over the whole screen, one at a time: swiped or turned by arrow keys, closed by a tap or Escape.
 *
 * @param {{layer: HTMLElement, onOpen: () => void, onClose: () => void}} options
 */
export function createViewer({ layer, onOpen, onClose }) {
  let shown = []; // {url, name?}
  let at = 0;

  const strip = h('div', { class: 'viewer-strip', onscroll: follow, onclick: close });
  const count = h('p', { class: 'viewer-count', role: 'status' });
  const back = h('button', { class: 'viewer-turn', type: 'button', onclick: () => turn(-1) }, icon('back'));
  const next = h('button', { class: 'viewer-turn next', type: 'button', onclick: () => turn(1) }, icon('chevron'));
  const leave = h('button', { class: 'viewer-close', type: 'button', onclick: close }, icon('close'));
  const dialog = h(
    'div',
    { class: 'viewer', role: 'dialog', 'aria-modal': 'true', tabindex: '-1', onkeydown },
    ...[strip, back, next, leave, count],
  );
  layer.append(dialog);
  onLanguage(draw);

  function draw() {
    dialog.setAttribute('aria-label', t('viewer'));
    back.setAttribute('aria-label', t('pictureBefore'));
    next.setAttribute('aria-label', t('pictureAfter'));
    leave.setAttribute('aria-label', t('closeViewer'));
    strip.replaceChildren(...shown.map(drawSlide));
    goTo(at, 'instant');
  }

  function drawSlide({ url, name }, index) {
    const broken = ({ currentTarget }) => {
      currentTarget.replaceWith(h('p', { class: 'viewer-broken' }, icon('warning'), t('pictureBroken')));
    };
    const alt = name ?? t('pictureNumber', { number: index + 1 });
    return h(
      'div',
      { class: 'viewer-slide' },
      h('img', { class: 'viewer-picture', src: url, alt, draggable: 'false', onerror: broken }),
    );
  }

  function turn(step) {
    goTo(Math.min(Math.max(at + step, 0), shown.length - 1), 'smooth');
  }

  function goTo(index, behavior) {
    at = index;
    drawCount();
    strip.scrollTo({ left: index * strip.clientWidth, behavior });
  }

  /** Fingers move the strip by themselves. */
  function follow() {
    const seen = Math.round(strip.scrollLeft / (strip.clientWidth || 1));
    const whole = Math.abs(strip.scrollLeft - seen * strip.clientWidth) < 2;
    if (!whole || seen === at) return;
    at = seen;
    drawCount();
  }

  function drawCount() {
    count.textContent = shown.length > 1 ? `${at + 1}/${shown.length}` : '';
    back.hidden = at === 0;
    next.hidden = at >= shown.length - 1;
  }

  function onkeydown(event) {
    if (event.key === 'Tab') return keepFocusInside(event, dialog);
    if (event.key === 'ArrowLeft') turn(-1);
    else if (event.key === 'ArrowRight') turn(1);
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
  }

  function close() {
    shown = [];
    strip.replaceChildren();
    layer.hidden = true;
    onClose();
  }

  return {
    /** `pictures`: `{url, name?}`; opens on the one that is numbered `current`, from 0. */
    show(pictures, current = 0) {
      const isNew = layer.hidden;
      shown = pictures;
      at = current;
      layer.hidden = false;
      if (isNew) onOpen();
      draw();
      dialog.focus({ preventScroll: true });
    },
  };
}
