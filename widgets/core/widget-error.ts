import type { Problem } from '../../proxy/api.ts';
import type { Language } from './language.ts';

/** The cause in Chinese and English, the remedy in both. */
export type ErrorText = readonly [zhCause: string, enCause: string, zhRemedy: string, enRemedy: string];

export interface ErrorDetails {
  /** What WeChat or the browser said; shown in the cause. */
  detail?: string | undefined;
  /** The HTTP status, where the proxy answered. */
  status?: number;
  /** The proxy's whole answer. */
  problem?: Problem | undefined;
  /** In milliseconds, where the proxy named a time. */
  retryAfter?: number | undefined;
  /** What was caught. */
  reason?: unknown;
}

/**
 * What went wrong, in a form that a page can test (`code`, stable) and show (`cause` and `remedy`, each in both
 * languages: `error.cause['zh-CN']`, `error.remedy.en`). `message` is English, for consoles and logs.
 */
export class WidgetError extends Error {
  /** One of this project's codes, or a code of the proxy. */
  readonly code: string;
  override readonly cause: Record<Language, string>;
  readonly remedy: Record<Language, string>;
  readonly status: number | undefined;
  /** The proxy's whole answer: with `requestId` for its log, and `upstream`, what WeChat said to it. */
  readonly problem: Problem | undefined;
  readonly retryAfter: number | undefined;
  readonly reason: unknown;

  constructor(code: string, [zhCause, enCause, zhRemedy, enRemedy]: ErrorText, details: ErrorDetails) {
    const { detail, status, problem, retryAfter, reason } = details;
    const said = detail || problem?.upstream?.message;
    // The proxy's own words are for whoever runs it.
    super(`${problem?.detail ?? enCause} ${problem?.remedy ?? enRemedy} ${said ?? ''}`.trim());
    this.name = 'WidgetError';
    this.code = code;
    // What WeChat says to the payer is for the payer; the rest only means something in a console.
    const shown = detail && /^(payment|jssdk)_/.test(code) ? `(${detail})` : '';
    this.cause = { 'zh-CN': zhCause + shown, en: `${enCause} ${shown}`.trim() };
    this.remedy = { 'zh-CN': zhRemedy, en: enRemedy };
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
    this.reason = reason;
  }
}

/** Whether the same request may well succeed later: the network, an overload, a fault of the server. */
export function isPassing({ status }: WidgetError): boolean {
  // 2xx: somebody else answered in the proxy's place, such as the sign-in page of a wireless network.
  return status === undefined || status < 400 || status === 408 || status === 429 || status >= 500;
}
