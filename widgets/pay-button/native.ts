import type { html, TemplateResult } from 'lit';
import type { Text } from '../core/language.ts';
import type { Attempt } from './attempt.ts';
import { codePath, QUIET_ZONE } from './code-path.ts';
import { NATIVE_STYLES } from './native.styles.ts';

/** What the element hands to its part for codes, so that it need not bring the same things again. */
export interface CodeView {
  html: typeof html;
  say(text: Text): string;
  amount: string;
  attempt: Attempt;
}

const LABEL: Text = ['微信支付二维码', 'WeChat Pay code'];
const REFRESH: Text = ['刷新', 'Refresh'];
const CLOSE: Text = ['取消支付', 'Cancel'];
const TIME_LEFT: Text = ['二维码有效时间', 'Code valid for'];

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
  render({ html, say, amount, attempt }: CodeView): TemplateResult | undefined {
    const { prepared, timeLeft: left, isRenewing } = attempt;
    if (prepared?.channel !== 'native') return undefined;
    const { size, path } = drawn(prepared.codeUrl);
    const side = size + 2 * QUIET_ZONE;
    return html`
      <div part="code" class=${left ? 'frame' : 'frame over'}>
        <svg role="img" aria-label=${say(LABEL)} viewBox="${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}">
          <path d=${path} />
        </svg>
        ${
          left
            ? ''
            : html`<button part="refresh" class="refresh" aria-disabled=${isRenewing} @click=${() => attempt.renew()}>
              ${say(REFRESH)}
            </button>`
        }
      </div>
      <b part="amount">${amount}</b>
      <span part="time" class="time" role="timer">${left ? `${say(TIME_LEFT)} ${left}` : ''}</span>
      <button part="close" class="close" @click=${() => attempt.putAway()}>${say(CLOSE)}</button>
    `;
  },
};

export type Native = typeof native;
