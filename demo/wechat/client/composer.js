import { h, icon } from './element.js';
import { t } from './messages.js';

/**
 * Where a message is written. Enter sends, Shift and Enter begin a new line; an Enter that ends a word in an input method
 * does neither.
 *
 * @param {{send: (text: string) => Promise<unknown>, choosePicture: () => void}} options `send` rejects with the reason
 * @returns {{element: HTMLElement, draw: () => void, focus: () => void}}
 */
export function createComposer({ send, choosePicture }) {
  let busy = false;
  let problem = '';

  const field = h('textarea', { rows: 1, maxlength: 2000, oninput: drawState, onkeydown, enterkeyhint: 'send' });
  const picture = h('button', { class: 'bar-button', type: 'button', onclick: choosePicture }, icon('image'));
  const button = h('button', { class: 'primary send', type: 'submit' });
  const notice = h('p', { class: 'composer-notice', role: 'alert', hidden: true });
  const element = h('form', { class: 'composer', onsubmit }, notice, field, picture, button);
  draw();

  function draw() {
    field.setAttribute('aria-label', t('messageField'));
    picture.setAttribute('aria-label', t('sendPicture'));
    picture.title = t('sendPicture');
    button.textContent = t('send');
    drawState();
  }

  function drawState() {
    const empty = field.value.trim() === '';
    picture.hidden = !empty;
    button.hidden = empty;
    button.disabled = busy;
    notice.hidden = !problem;
    notice.textContent = problem && t('notSent', { reason: problem });
  }

  function onkeydown(event) {
    const composing = event.isComposing || event.keyCode === 229; // Safari ends the composition before the key comes
    if (event.key !== 'Enter' || event.shiftKey || composing) return;
    event.preventDefault();
    element.requestSubmit();
  }

  async function onsubmit(event) {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || busy) return;
    busy = true;
    problem = '';
    drawState();
    try {
      await send(text);
      field.value = '';
    } catch (error) {
      problem = error.message;
    }
    busy = false;
    drawState();
    field.focus({ preventScroll: true });
  }

  return { element, draw, focus: () => field.focus({ preventScroll: true }) };
}
