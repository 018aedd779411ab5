import { ERROR_TEXTS, type ErrorCode } from './error-texts.ts';
import { type ErrorDetails, type ErrorText, WidgetError } from './widget-error.ts';

const texts: Record<string, ErrorText> = { ...ERROR_TEXTS };

/** A part that is loaded later brings the texts of its own errors. */
export function addErrorTexts(more: Record<string, ErrorText>): void {
  Object.assign(texts, more);
}

/** The error of this code. One of the proxy that is not known here speaks the proxy's English. */
export function failure(code: ErrorCode | (string & {}), details: ErrorDetails = {}): WidgetError {
  // What exactly went wrong in a sign-in matters to nobody who reads it.
  const known = texts[/^(oauth|session)_/.test(code) ? 'sign_in_failed' : code];
  if (known) return new WidgetError(code, known, details);
  const [zhCause, enCause, zhRemedy, enRemedy] = ERROR_TEXTS.proxy_failed;
  const { detail = enCause, remedy = enRemedy } = details.problem ?? {};
  return new WidgetError(code, [zhCause, detail, zhRemedy, remedy], details);
}

/** Anything that was thrown, as a WidgetError. */
export function asWidgetError(thrown: unknown): WidgetError {
  // By name: it may come from another copy of the bundle.
  return (thrown as Error)?.name === 'WidgetError'
    ? (thrown as WidgetError)
    : failure('proxy_failed', { reason: thrown });
}
