import { shared } from '../core/shared.ts';

/**
 * Runs `task` when everybody before has ended: one at a time in the whole page, whatever the element and the copy of the
 * bundle. Who no longer wants it by then is passed over.
 */
export function takeTurn<T>(line: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const all = shared(`turns@1 ${line}`, () => ({ last: Promise.resolve() as Promise<unknown> }));
  const turn = all.last.then(() => {
    if (signal?.aborted) throw aborted();
    return task();
  });
  all.last = turn.catch(() => undefined);
  return turn;
}

/** What `promise` brings, unless it is no longer wanted: then it rejects at once, though what was begun goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(aborted());
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  });
}

function aborted(): Error {
  return new DOMException('Nobody wants it any more.', 'AbortError');
}
