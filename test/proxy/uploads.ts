/** Pictures as a payer's page sends them, and what the proxy has kept of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import sharp from 'sharp';
import { type Harness, type Reply, SHOP } from './harness.ts';

/** A JPEG that no other call makes. */
export async function photo({ width = 48, height = 32 } = {}): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return sharp({ create: { width, height, channels: 3, background: '#fff', noise } })
    .jpeg()
    .toBuffer();
}

export async function upload(
  proxy: Pick<Harness, 'url'>,
  bytes: Buffer,
  { token, origin = SHOP }: { token?: string; origin?: string },
): Promise<Reply> {
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(bytes)]), 'image.jpg');
  const headers = { origin, ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${proxy.url}/v1/images`, { method: 'POST', body, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

export async function download(url: string, init: RequestInit = {}) {
  const response = await fetch(url, init);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

/** Asserts that it is there, and all of it: its ETag begins with the SHA-256 of its bytes. */
export async function assertWhole(url: string, size: number): Promise<void> {
  const { status, bytes, headers } = await download(url);
  assert.deepEqual([status, bytes.length], [200, size]);
  assert.equal(headers.get('etag')!.slice(1, 65), createHash('sha256').update(bytes).digest('hex'));
}

/** The keys of the files in the image folder, whatever they belong to. */
export function filesIn({ environment }: Pick<Harness, 'environment'>): string[] {
  const folder = environment.IMAGE_STORE!.slice('file:'.length);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

/** What the store says of files. */
export function rowsOf({ environment }: Pick<Harness, 'environment'>) {
  const db = new DatabaseSync(environment.DATABASE_URL!.slice('file:'.length), { readOnly: true });
  try {
    const keys = (sql: string) =>
      db
        .prepare(sql)
        .all()
        .map(({ key }) => key as string);
    return {
      taken: keys('select key from image_files union all select key from image_variants'),
      strays: keys('select key from stray_files'),
    };
  } finally {
    db.close();
  }
}
