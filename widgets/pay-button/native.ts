import type { html, TemplateResult } from 'lit';
import type { Text } from '../core/language.ts';
import type { CODE_TEXTS } from './attempt.texts.ts';
import type { Attempt } from './attempt.ts';
import { codePath, QUIET_ZONE } from './code-path.ts';
import { NATIVE_STYLES } from './native.styles.ts';

/** What the element hands to its part for codes, so that it need not bring the same things again. */
export interface CodeView {
  html: typeof html;
  say(text: Text): string;
  texts: typeof CODE_TEXTS;
  amount: string;
  attempt: Attempt;
}

let last = { text: '', size: 0, path: '' };

/** The clock under a code is drawn every second; the code is not. */
function drawn(text: string): typeof last {
  if (last.text !== text) last = { text, ...codePath(text) };
  return last;
}

/** What only a page that shows a code to scan needs; loaded with the first one. */
export const native = {
  styles: NATIVE_STYLES,

  /** The code, what it costs, how long it lives and what can be done with it. */
  render({ html, say, texts, amount, attempt }: CodeView): TemplateResult | undefined {
    const { prepared, timeLeft: left, isRenewing, isOffline } = attempt;
    if (prepared?.channel !== 'native') return undefined;
    const { size, path } = drawn(prepared.codeUrl);
    const side = size + 2 * QUIET_ZONE;
    const putAway = () => attempt.putAway();
    const handleKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      // A dialog around it stays.
      event.preventDefault();
      putAway();
    };
    return html`
      <div part="code" class=${left ? 'frame' : 'frame over'}>
        <svg role="img" aria-label=${say(texts.label)} aria-hidden=${!left} viewBox="${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}">
          <path d=${path} />
        </svg>
        ${
          left
            ? ''
            : html`<button part="refresh" class="refresh" aria-disabled=${isRenewing} @click=${() => attempt.renew()} @keydown=${handleKey}>
              ${say(texts.refresh)}
            </button>`
        }
      </div>
      <b part="amount">${amount}</b>
      ${
        left
          ? html`
            <span part="time" class="time" role="timer">${say(texts.timeLeft)} ${left}</span>
            ${isOffline ? html`<span class="time">${say(texts.offline)}</span>` : ''}
          `
          : ''
      }
      <button part="close" class="close" @click=${putAway} @keydown=${handleKey}>${say(texts.close)}</button>
    `;
  },
};

export type Native = typeof native;
