import type { IncomingMessage } from 'node:http';
import { withPatience } from './body.ts';

/** How long nothing may come, in milliseconds: phones lose the network for a while. */
const PATIENCE = 30_000;

/**
 * A request's body as it comes, in bounds of size and of time.
 * @throws {ProxyError} `request_timeout`, and `tooLarge`
 */
export async function* bounded(request: IncomingMessage, maxBytes: number, tooLarge: Error): AsyncGenerator<Buffer> {
  // The answer to a refusal goes the same way: the connection must outlive the reading.
  const chunks: AsyncIterator<Buffer> = request.iterator({ destroyOnReturn: false });
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await withPatience(PATIENCE, chunks.next());
      if (done) return;
      size += value.length;
      if (size > maxBytes) throw tooLarge;
      yield value;
    }
  } finally {
    // Lets go of the request, so that what is still to come can be drained. Not waited for: nothing may come any more.
    chunks.return?.().catch(() => {});
  }
}
