/** Stands before a merchant's webhook, and lets its calls through, or hang. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export class WebhookGate {
  /** The webhook behind it. */
  target = '';
  #isShut = false;
  readonly #hanging = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => this.#pass(request, response));

  /** @returns its address */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhooks`;
  }

  /** From now on calls are taken, and not answered. */
  shut(): void {
    this.#isShut = true;
  }

  /** How many calls wait for an answer in vain. */
  get hanging(): number {
    return this.#hanging.size;
  }

  /** Whoever waits is cut off; the next call is let through. */
  open(): void {
    this.#isShut = false;
    for (const response of this.#hanging) response.destroy();
    this.#hanging.clear();
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    if (this.#isShut) return void this.#hanging.add(response);
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
    const answer = await fetch(this.target, { method: 'POST', headers: headers as Record<string, string>, body });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }
}
