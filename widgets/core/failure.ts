import type { Problem } from '../../proxy/api.ts';
import { ERROR_TEXTS, type ErrorCode } from './error-texts.ts';
import { type ErrorDetails, type ErrorText, WidgetError } from './widget-error.ts';

const texts: Record<string, ErrorText> = { ...ERROR_TEXTS };

let kindOf = (code: string): string => code;

/**
 * A part that is loaded later brings the texts of its own errors.
 *
 * @param kind which of them stands for a code that has none.
 */
export function addErrorTexts(more: Record<string, ErrorText>, kind: typeof kindOf): void {
  Object.assign(texts, more);
  kindOf = kind;
}

/** The error of this code. */
export function failure(code: ErrorCode | (string & {}), details: ErrorDetails = {}): WidgetError {
  return new WidgetError(code, texts[code] ?? texts[kindOf(code)] ?? proxyText(details), details);
}

/** The proxy's own words, in both languages, but for its faults: what to do about those is for whoever runs it. */
function proxyText({ status, problem }: ErrorDetails): ErrorText {
  const [zhCause, enCause, zhRemedy, enRemedy] = ERROR_TEXTS.proxy_failed;
  // A proxy of another version may send less.
  const { title = enCause, remedy = enRemedy, zh }: Partial<Problem> = (status! < 500 && problem) || {};
  return [zh?.title ?? zhCause, title, zh?.remedy ?? zhRemedy, remedy];
}

/** Anything that was thrown, as a WidgetError. */
export function asWidgetError(thrown: unknown): WidgetError {
  // By name: it may come from another copy of the bundle.
  return (thrown as Error)?.name === 'WidgetError'
    ? (thrown as WidgetError)
    : failure('proxy_failed', { reason: thrown });
}
