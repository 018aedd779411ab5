import { h } from './element.js';
import { t } from './messages.js';

const SHORTEST = 600; // ms: what comes and goes at once is seen by nobody

/**
 * The small box in the middle of the screen that says that a picture is on its way.
 *
 * @param {HTMLElement} layer
 */
export function createProgressTip(layer) {
  const running = new Map(); // what is under way, by id, and since when

  return {
    show({ id, kind }) {
      running.set(id, Date.now());
      layer.replaceChildren(
        h(
          'p',
          { class: 'progress-tip' },
          h('span', { class: 'spinner' }),
          t(kind === 'upload' ? 'uploading' : 'downloading'),
        ),
      );
    },
    async closed(id) {
      await new Promise((resolve) => setTimeout(resolve, SHORTEST - (Date.now() - running.get(id))));
      running.delete(id);
      if (running.size === 0) layer.replaceChildren();
    },
  };
}
