import { type Html, html } from './html.ts';
import type { Language } from './messages.ts';

/** `12800` → `¥128.00`. */
export function yuan(fen: number): string {
  return `¥${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
}

/** The same with a small sign, for show. */
export function price(fen: number): Html {
  return html`<span class="price"><span class="yuan">¥</span>${yuan(fen).slice(1)}</span>`;
}

/** An RFC 3339 time as the customers' clocks show it: they are in China, wherever the server is. */
export function localTime(time: string, language: Language, year?: 'numeric'): string {
  const format = new Intl.DateTimeFormat(language, {
    timeZone: 'Asia/Shanghai',
    year,
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return format.format(new Date(time));
}
