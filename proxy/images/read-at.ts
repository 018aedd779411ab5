import { open } from 'node:fs/promises';

/** At most so many bytes of a file, from a position on, each as one character of latin1. */
export async function readAt(path: string, position: number, length: number): Promise<string> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position).finally(() => file.close());
  return buffer.toString('latin1', 0, bytesRead);
}
