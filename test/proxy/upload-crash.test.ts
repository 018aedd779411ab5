/** The end of the process, at any moment of uploads. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Harness, type Reply, SHOP, startHarness, times } from './harness.ts';
import { startProcess } from './process.ts';
import { assertWhole, filesIn, photo, rowsOf, upload } from './uploads.ts';

/** A proxy as a process of its own, on the store and images of a harness that has stopped, with a folder for temporary files. */
async function prepare(t: TestContext) {
  const harness = await startHarness(t);
  const token = await harness.session();
  await harness.stop();
  const temporary = await mkdtemp(join(tmpdir(), 'weixin-widgets-'));
  t.after(() => rm(temporary, { recursive: true, force: true }));
  const environment = { ...harness.environment, TMPDIR: temporary };
  const scratch = () =>
    readdirSync(temporary, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return { harness, token, scratch, start: () => startProcess(t, environment) };
}

/** Files in the image folder that are neither an image's nor known to be removed. */
function unaccounted(harness: Harness): string[] {
  const { taken, strays } = rowsOf(harness);
  const known = new Set([...taken, ...strays]);
  return filesIn(harness).filter((name) => !known.has(name));
}

test('an upload that is cut off by the end of the process leaves no file behind', async (t) => {
  const { harness, token, scratch, start } = await prepare(t);
  const served = await start();
  const whole = await photo({ width: 1_000, height: 1_000 });
  const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n';
  const outgoing = request(`${served.url}/v1/images`, {
    method: 'POST',
    headers: { origin: SHOP, authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=b' },
  });
  outgoing.on('error', () => {});
  outgoing.write(head);
  outgoing.write(whole.subarray(0, 200_000));
  await eventually(() => scratch().length > 0, 'what has come so far is in a file');
  await served.end('SIGKILL');
  const left = scratch().length;

  const again = await start();

  assert.ok(left > 0);
  assert.deepEqual(scratch(), []);
  assert.deepEqual(filesIn(harness), []);
  assert.equal((await upload(again, whole, { token })).status, 201);
});

test('what was acknowledged is there, and nothing is half there, whenever the process was killed', async (t) => {
  const { harness, token, scratch, start } = await prepare(t);
  const acknowledged = new Map<string, Reply['json']>();
  const files = await Promise.all(times(24, () => photo({ width: 400, height: 400 })));
  for (const patience of [60, 150, 350]) {
    const served = await start();
    const sending = Promise.allSettled(
      files.map(async (bytes) => {
        const reply = await upload(served, bytes, { token });
        if (reply.status === 201) acknowledged.set(reply.json.id, reply.json);
      }),
    );
    await sleep(patience);
    await served.end('SIGKILL');
    await sending;
  }

  const served = await start();

  assert.deepEqual(scratch(), []);
  assert.deepEqual(unaccounted(harness), []);
  for (const [id, { size }] of acknowledged) {
    await assertWhole(`${served.url}/v1/images/${id}`, size);
  }
  for (const bytes of files) {
    const { json, status } = await upload(served, bytes, { token });
    assert.equal(status, 201);
    await assertWhole(json.url, json.size);
  }
  t.diagnostic(`${acknowledged.size} uploads were acknowledged before the last kill`);
});
