import type { NotificationAnswer } from './control.ts';

const ANSWER_WITHIN = 5000;

/** What WeChat posts to a merchant's address, and what comes back within five seconds; never throws. */
export function postToMerchant(
  url: string,
  { headers, body }: { headers: Record<string, string>; body: string },
  stopping: AbortSignal,
): Promise<NotificationAnswer> {
  return ask(url, { method: 'POST', headers, body }, stopping);
}

/** As `postToMerchant`, for what WeChat gets from there. */
export function getFromMerchant(url: string, stopping: AbortSignal): Promise<NotificationAnswer> {
  return ask(url, { method: 'GET' }, stopping);
}

async function ask(url: string, request: RequestInit, stopping: AbortSignal): Promise<NotificationAnswer> {
  try {
    const answer = await fetch(url, {
      ...request,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN), stopping]),
    });
    return { status: answer.status, body: await answer.text(), headers: Object.fromEntries(answer.headers) };
  } catch (error) {
    return { status: 0, body: error instanceof Error ? `${error.name}: ${error.message}` : String(error), headers: {} };
  }
}
