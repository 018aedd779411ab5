import { type ErrorDetails, type ErrorText, WidgetError } from '../core/widget-error.ts';
import { UPLOADER_ERROR_TEXTS, type UploaderErrorCode, uploaderErrorKind } from './uploader-error-texts.ts';

const texts: Record<string, ErrorText> = UPLOADER_ERROR_TEXTS;

/** An error of the uploader's own. */
export function uploadFailure(code: UploaderErrorCode, details: ErrorDetails = {}): WidgetError {
  return new WidgetError(code, texts[code]!, details);
}

/**
 * Anything that was thrown, in words for whoever uploads pictures. Code, status, the proxy's answer and the message for
 * consoles stay. What has no words here and did not come from the proxy, such as a mistake in the page's setup, keeps
 * its own.
 */
export function asUploadError(
  thrown: unknown,
  { asWidgetError }: { asWidgetError(thrown: unknown): WidgetError },
): WidgetError {
  const error = asWidgetError(thrown);
  const { code, status, problem, retryAfter } = error;
  // What the proxy says is for whoever runs it: it names variables of its own.
  const text = texts[code] ?? texts[uploaderErrorKind(code)] ?? (status ? texts.upload_unavailable : undefined);
  // Its own errors are in these words already, with details of their own.
  if (!text || (error.cause.en === text[1] && error.remedy.en === text[3])) return error;
  return new WidgetError(code, text, { status, problem, retryAfter, reason: error });
}
