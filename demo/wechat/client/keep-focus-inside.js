const STOPS = 'button:not([disabled], [hidden]), textarea, input';

/**
 * For the Tab key in a dialog: from its last stop on to its first, and back.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLElement} dialog
 */
export function keepFocusInside(event, dialog) {
  const stops = [...dialog.querySelectorAll(STOPS)];
  const leaving = event.shiftKey ? [stops[0], dialog] : [stops.at(-1)];
  if (stops.length && !leaving.includes(document.activeElement)) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}
