import assert from 'node:assert/strict';
import { it } from 'node:test';

it('imports without a browser, and registering does nothing harmful', async () => {
  assert.equal(typeof document, 'undefined');
  const { PayButton, OrderCard, ImageUploader, ShareMeta, PaySuccessEvent, define } = await import(
    '../../widgets/index.ts'
  );
  assert.equal(new PayButton().state, 'idle');
  assert.equal(new OrderCard().state, 'loading');
  assert.equal(new ImageUploader().value, '');
  assert.equal(new ShareMeta().state, 'idle');
  define('pay-button', PayButton);
  assert.equal(PaySuccessEvent.prototype instanceof Event, true);
});
