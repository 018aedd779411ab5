export interface Repeated {
  start(): void;
  /** Has the next round come at once: after the one under way, if there is one. */
  soon(): void;
  /** No further round; waits for the one under way. */
  stop(): Promise<void>;
}

/** Does some work again and again, never twice at once. What it throws is reported and does not end it. */
export function repeat(
  pause: number,
  onError: (error: unknown, doing: string) => void,
  doing: string,
  work: () => Promise<unknown>,
): Repeated {
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  let stopped = true;

  async function round(): Promise<void> {
    do {
      again = false;
      await work().catch((error) => onError(error, doing));
    } while (again && !stopped);
    running = undefined;
    if (!stopped) timer = setTimeout(soon, pause);
  }

  function soon(): void {
    if (stopped) return;
    clearTimeout(timer);
    if (running) again = true;
    else running = round();
  }

  return {
    start() {
      stopped = false;
      soon();
    },
    soon,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
