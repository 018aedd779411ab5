import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { ProxyClient } from '../../widgets/core/proxy-client.ts';
import type { WidgetError } from '../../widgets/core/widget-error.ts';
import { createPayment } from '../../widgets/pay-button/create-payment.ts';
import { anOrder } from './an-order.ts';

async function serve(test: TestContext, answer: RequestListener) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { client: new ProxyClient(address), requests };
}

const json =
  (status: number, body: unknown, headers = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

const problem = (code: string, status: number) => ({
  type: 'about:blank',
  title: 't',
  status,
  detail: 'd',
  code,
  remedy: 'r',
  requestId: 'req_1',
});

describe('the proxy client', () => {
  it('reads an order without credentials', async (test) => {
    const { client, requests } = await serve(test, json(200, anOrder()));
    assert.equal((await client.readOrder('ord_1')).status, 'created');
    assert.equal(requests[0]!.url, '/v1/orders/ord_1');
    assert.equal(requests[0]!.headers.authorization, undefined);
    assert.equal(requests[0]!.headers.cookie, undefined);
  });

  it('sends the session and the channel for a payment', async (test) => {
    let body = '';
    const { client, requests } = await serve(test, (request, response) => {
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => response.end(JSON.stringify({ channel: 'jsapi', params: { package: 'prepay_id=1' } })));
    });
    const payment = await createPayment(client, 'ord/1', 'jsapi', 'secret');
    assert.equal(payment.channel === 'jsapi' && payment.params.package, 'prepay_id=1');
    assert.equal(requests[0]!.url, '/v1/orders/ord%2F1/payments');
    assert.equal(requests[0]!.headers.authorization, 'Bearer secret');
    assert.deepEqual(JSON.parse(body), { channel: 'jsapi' });
  });

  it('gives the proxy’s own code, status and request id', async (test) => {
    const { client } = await serve(test, json(409, problem('order_paid', 409)));
    await assert.rejects(createPayment(client, 'ord_1', 'native'), (error: WidgetError) => {
      assert.deepEqual([error.code, error.status, error.problem?.requestId], ['order_paid', 409, 'req_1']);
      return true;
    });
  });

  it('tells how long to wait', async (test) => {
    const { client } = await serve(test, json(429, problem('rate_limited', 429), { 'retry-after': '7' }));
    await assert.rejects(client.readOrder('ord_1'), { code: 'rate_limited', retryAfter: 7_000 });
  });

  for (const [status, code] of [
    [200, 'proxy_answer_invalid'],
    [404, 'proxy_answer_invalid'],
    [429, 'rate_limited'],
    [502, 'proxy_failed'],
  ] as const) {
    it(`takes a page of somebody else’s with status ${status} for ${code}`, async (test) => {
      const { client } = await serve(test, (_request, response) => response.writeHead(status).end('<html>hello'));
      await assert.rejects(client.readOrder('ord_1'), { code, status });
    });
  }

  it('does not take JSON of another shape for an order', async (test) => {
    const { client } = await serve(test, json(200, { status: 'fine' }));
    await assert.rejects(client.readOrder('ord_1'), { code: 'proxy_answer_invalid' });
  });

  it('says that the proxy cannot be reached', async (test) => {
    const { client } = await serve(test, (request) => request.destroy());
    await assert.rejects(client.readOrder('ord_1'), { code: 'proxy_unreachable' });
  });

  it('gives up on an answer that does not come, and on a body that does not end', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    for (const answer of [() => {}, ((_request, response) => response.write('{')) as RequestListener]) {
      const { client, requests } = await serve(test, answer);
      const reading = client.readOrder('ord_1');
      const ended = assert.rejects(reading, { code: 'proxy_timeout' });
      while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      test.mock.timers.tick(10_000);
      await ended;
    }
  });

  it('ends when the caller aborts', async (test) => {
    const { client } = await serve(test, () => {});
    const abort = new AbortController();
    const reading = client.readOrder('ord_1', abort.signal);
    abort.abort();
    await assert.rejects(reading, { code: 'proxy_unreachable' });
  });
});
