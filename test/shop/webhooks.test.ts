import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type RunningShop, startShop } from '../../demo/shop/server.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const BODY = JSON.stringify({ type: 'refund.failed', timestamp: '2026-01-01T00:00:00Z', data: { id: 'ref_1' } });

let shop: RunningShop;
beforeEach(async () => {
  shop = await startShop({ port: 0, proxyUrl: 'http://127.0.0.1:9', apiKey: 'k', webhookSecret: SECRET });
});
afterEach(() => shop.stop());

interface Delivery {
  id?: string;
  secret?: string;
  body?: string;
  at?: Date;
}

async function deliver({ id = 'evt_1', secret = SECRET, body = BODY, at = new Date() }: Delivery, sent = body) {
  const signature = new Webhook(secret).sign(id, at, body);
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  return (await fetch(`${shop.url}/webhooks/weixin`, { method: 'POST', headers, body: sent })).status;
}

test('a signed event is taken, and taken once however often it comes', async () => {
  assert.equal(await deliver({}), 204);
  assert.equal(await deliver({ at: new Date(Date.now() + 1000) }), 204);
  assert.equal(await deliver({ id: 'evt_2' }), 204);

  assert.deepEqual(shop.events, [
    { id: 'evt_1', type: 'refund.failed', timestamp: '2026-01-01T00:00:00Z', data: { id: 'ref_1' } },
    { id: 'evt_2', type: 'refund.failed', timestamp: '2026-01-01T00:00:00Z', data: { id: 'ref_1' } },
  ]);
});

test('a forged, changed, old or unsigned event is refused', async () => {
  assert.equal(await deliver({ secret: `whsec_${Buffer.alloc(32, 8).toString('base64')}` }), 401);
  assert.equal(await deliver({}, BODY.replace('failed', 'succeeded')), 401);
  assert.equal(await deliver({}, `${BODY} `), 401);
  assert.equal(await deliver({ at: new Date(Date.now() - 10 * 60_000) }), 401);
  assert.equal((await fetch(`${shop.url}/webhooks/weixin`, { method: 'POST', body: BODY })).status, 401);

  assert.deepEqual(shop.events, []);
});

test('a body that is too large is refused before it is read', async () => {
  assert.equal(await deliver({ body: `"${'x'.repeat(300_000)}"` }), 413);
});
