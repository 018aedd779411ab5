import { h, icon } from './element.js';
import { keepFocusInside } from './keep-focus-inside.js';
import { language, onLanguage, t } from './messages.js';

const ACROSS = 4; // pictures in a row, as picker.css has it
const NOTICE_TIME = 2000;

/**
 * WeChat's picker for pictures: the album as a grid in which pictures are chosen by number, and the camera.
 * A picker that comes while another one is open waits for its turn.
 *
 * @param {{layer: HTMLElement, album: () => Promise<Picture[]>, takePhoto: () => Promise<Picture>,
 *   choose: (picker: Picker, picked: {pictures: string[], original: boolean, source: 'album' | 'camera'}) => Promise<unknown>,
 *   cancel: (picker: Picker) => Promise<unknown>, preview: (pictures: Array<{url: string, name: string}>) => void,
 *   onOpen: () => void, onClose: () => void}} options
 *
 * @typedef {{id: string, count: number, sizeType: string[], sourceType: string[]}} Picker
 * @typedef {{id: string, name: string, title?: {zh: string, en: string}}} Picture
 */
export function createPicker({ layer, album, takePhoto, choose, cancel, preview, onOpen, onClose }) {
  const waiting = [];
  let picker = null;
  let pictures = null; // null: on their way
  let chosen = []; // ids, in order
  let original = false;
  let shot = null; // what the camera took; null in the album
  let camera = false;
  let noticeTimer = 0;

  const notice = h('p', { class: 'picker-notice', role: 'status' });
  const face = h('div', { class: 'picker-face' });
  const dialog = h(
    'div',
    { class: 'picker', role: 'dialog', 'aria-modal': 'true', tabindex: '-1', onkeydown },
    face,
    notice,
  );
  layer.append(dialog);
  onLanguage(draw);

  function show(next) {
    if (next.id === picker?.id || waiting.some(({ id }) => id === next.id)) return;
    if (picker) waiting.push(next);
    else open(next);
  }

  function open(next) {
    picker = next;
    chosen = [];
    original = false;
    pictures = null;
    camera = false;
    layer.hidden = false;
    onOpen();
    if (picker.sourceType.includes('album')) openAlbum();
    else openCamera();
    dialog.focus({ preventScroll: true });
  }

  function close() {
    picker = null;
    layer.hidden = true;
    face.replaceChildren();
    say('');
    onClose();
    if (waiting.length) open(waiting.shift());
  }

  /** The page that asked has gone, or another window answered. */
  function closed(id) {
    const index = waiting.findIndex((other) => other.id === id);
    if (index >= 0) waiting.splice(index, 1);
    else if (picker?.id === id) close();
  }

  async function openAlbum() {
    camera = false;
    draw();
    const { id } = picker;
    const found = await album().catch(() => []);
    if (picker?.id !== id) return;
    pictures = found;
    draw();
  }

  async function openCamera() {
    camera = true;
    shot = null;
    draw();
    const { id } = picker;
    const taken = await takePhoto().catch(() => null);
    if (picker?.id !== id || !camera) return;
    if (!taken) return leaveCamera();
    shot = taken;
    draw();
    face.querySelector('.use-photo').focus({ preventScroll: true });
  }

  function leaveCamera() {
    if (!picker.sourceType.includes('album')) return leave();
    openAlbum(); // what was taken lies in it
    dialog.focus({ preventScroll: true });
  }

  function leave() {
    const left = picker;
    close();
    cancel(left).catch(() => {}); // the sheet is gone either way; the calls panel shows what became of it
  }

  function finish(ids, source) {
    const done = picker;
    close();
    choose(done, { pictures: ids, original, source }).catch(() => {});
  }

  function toggle(id) {
    if (chosen.includes(id)) chosen = chosen.filter((other) => other !== id);
    else if (chosen.length < picker.count) chosen = [...chosen, id];
    else return say(t('pickLimit', { count: picker.count }));
    say('');
    drawChosen();
  }

  function say(text) {
    clearTimeout(noticeTimer);
    notice.textContent = text;
    if (text) noticeTimer = setTimeout(say, NOTICE_TIME, '');
  }

  function onkeydown(event) {
    if (event.key === 'Tab') return keepFocusInside(event, dialog);
    if (event.key === 'Escape') {
      if (camera) leaveCamera();
      else leave();
    } else if (!moveFocus(event.key)) return;
    event.preventDefault();
  }

  /** Arrow keys move over the grid. @returns whether they did */
  function moveFocus(key) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -ACROSS, ArrowDown: ACROSS }[key];
    const tiles = [...face.querySelectorAll('.tile')];
    if (!step || !tiles.length) return false;
    const at = tiles.indexOf(document.activeElement);
    tiles[at < 0 ? 0 : at + step]?.focus();
    return true;
  }

  function draw() {
    dialog.setAttribute('aria-label', t(camera ? 'camera' : 'album'));
    if (!picker) return;
    const focused = document.activeElement?.dataset?.focus;
    dialog.classList.toggle('camera-open', camera);
    face.replaceChildren(...(camera ? drawCamera() : drawAlbum()));
    if (focused) face.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
    if (!camera) drawChosen();
  }

  function drawAlbum() {
    return [
      h(
        'header',
        { class: 'bar' },
        h('button', { class: 'text-button', type: 'button', 'data-focus': 'cancel', onclick: leave }, t('cancel')),
        h('h2', { class: 'bar-title' }, t('album')),
      ),
      h(
        'div',
        { class: 'picker-grid', role: 'group', 'aria-label': t('album') },
        drawCameraTile(),
        pictures?.map(drawTile),
      ),
      pictures?.length === 0 ? h('p', { class: 'picker-empty' }, t('albumEmpty')) : null,
      h(
        'footer',
        { class: 'picker-foot' },
        drawPreview(),
        drawOriginal(),
        h('button', {
          class: 'primary pick-done',
          type: 'button',
          'data-focus': 'done',
          onclick: () => finish(chosen, 'album'),
        }),
      ),
    ].filter(Boolean);
  }

  function drawCameraTile() {
    if (!picker.sourceType.includes('camera')) return [];
    return h(
      'button',
      { class: 'tile camera-tile', type: 'button', 'data-focus': 'camera', onclick: openCamera },
      icon('camera'),
      h('span', {}, t('takePhoto')),
    );
  }

  function drawTile(picture) {
    const { id, name } = picture;
    return h(
      'button',
      {
        class: 'tile',
        type: 'button',
        role: 'checkbox',
        'aria-label': titleOf(picture),
        'data-id': id,
        'data-focus': id,
        onclick: () => toggle(id),
      },
      h('img', { src: `/client/album/${id}/thumbnail`, alt: '', loading: 'lazy', draggable: 'false' }),
      /\.gif$/i.test(name) ? h('i', { class: 'tile-type' }, 'GIF') : null,
      h('b', { class: 'tile-number' }),
    );
  }

  function drawPreview() {
    const look = () => preview(chosen.map((id) => shownAs(pictures.find((picture) => picture.id === id))));
    return h(
      'button',
      { class: 'text-button look', type: 'button', 'data-focus': 'look', onclick: look },
      t('previewChosen'),
    );
  }

  /** Its user has a say where the page left it open. */
  function drawOriginal() {
    if (picker.sizeType.length < 2) return h('span');
    const turn = () => {
      original = !original;
      drawChosen();
    };
    return h(
      'button',
      { class: 'text-button original', type: 'button', role: 'switch', 'data-focus': 'original', onclick: turn },
      h('i'),
      t('original'),
    );
  }

  /** What changes with each picture, without drawing the grid again. */
  function drawChosen() {
    for (const tile of face.querySelectorAll('[data-id]')) {
      const number = chosen.indexOf(tile.dataset.id) + 1;
      tile.setAttribute('aria-checked', String(number > 0));
      tile.classList.toggle('beyond', !number && chosen.length >= picker.count);
      tile.querySelector('.tile-number').textContent = number || '';
    }
    const done = face.querySelector('.pick-done');
    done.textContent = chosen.length ? t('pickDone', { chosen: chosen.length, count: picker.count }) : t('done');
    done.disabled = chosen.length === 0;
    face.querySelector('.look').disabled = chosen.length === 0;
    face.querySelector('.original')?.setAttribute('aria-checked', String(original));
  }

  function drawCamera() {
    return [
      shot
        ? h('img', { class: 'shot', src: `/client/album/${shot.id}`, alt: t('newPhoto') })
        : h('div', { class: 'shot taking', role: 'status' }, h('span', { class: 'spinner' }), t('takingPhoto')),
      h(
        'footer',
        { class: 'camera-foot' },
        h('button', { class: 'text-button', type: 'button', onclick: leaveCamera }, t('cancel')),
        h('button', { class: 'text-button', type: 'button', disabled: !shot, onclick: openCamera }, t('retake')),
        h(
          'button',
          { class: 'primary use-photo', type: 'button', disabled: !shot, onclick: () => finish([shot.id], 'camera') },
          t('usePhoto'),
        ),
      ),
    ];
  }

  function titleOf({ title, name }) {
    return title ? title[language] : name;
  }

  function shownAs(picture) {
    return { url: `/client/album/${picture.id}`, name: titleOf(picture) };
  }

  return { show, closed };
}
