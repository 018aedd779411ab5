import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ProxyError } from '../errors.ts';
import { readAt } from './read-at.ts';

/**
 * What makes a file something else as well: a page or script for a browser or a server, or an archive. Long enough that
 * the compressed bytes of a picture do not have it by chance.
 */
const ANYWHERE = new RegExp(
  [
    '<(?:script|iframe|html|!doctype|\\?php)[\\s>/]',
    '<svg\\s+[a-z:]+\\s*=',
    '__halt_compiler\\(',
    'rar!\\x1a\\x07',
    '7z\\xbc\\xaf\\x27\\x1c',
  ].join('|'),
  'i',
);
/** More than any of them is long. */
const OVERLAP = 64;

/**
 * Where a scan of a JPEG begins. Progressive ones have a dozen; each is a pass over all pixels, so that thousands in a
 * small file would keep a processor busy for minutes. Not all between two of them can be interrupted.
 */
const SCAN = '\xff\xda\0';
const MAX_SCANS = 100;

/** A PDF is one wherever in the first kilobyte it begins. */
const PDF = '%PDF-';
/** A JPEG or GIF whose first length reads as the beginning of a comment: the rest is a script’s. */
const SCRIPT_HEAD = /^(?:\xff\xd8\xff\xe0|GIF8[79]a)\/\*/;
/** The end of a ZIP archive, on one disk, followed by a comment of at most 64 KiB. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
const ZIP_END = 'PK\x05\x06\0\0\0\0';
const ZIP_END_WITHIN = 22 + 0xffff;

/** Looks through a picture’s file, in small pieces. @throws {ProxyError} `image_suspicious`, `image_broken` */
export async function assertHarmless(path: string): Promise<void> {
  const { size } = await stat(path);
  const head = await readAt(path, 0, 1_024);
  const tail = await readAt(path, Math.max(0, size - ZIP_END_WITHIN), ZIP_END_WITHIN);
  if (SCRIPT_HEAD.test(head) || head.includes(PDF) || tail.includes(ZIP_END)) throw new ProxyError('image_suspicious');
  const isJpeg = head.startsWith('\xff\xd8');
  let kept = '';
  let scans = 0;
  for await (const chunk of createReadStream(path, { encoding: 'latin1' })) {
    const text = kept + chunk;
    if (ANYWHERE.test(text)) throw new ProxyError('image_suspicious');
    scans += (kept.slice(1 - SCAN.length) + chunk).split(SCAN).length - 1;
    if (isJpeg && scans > MAX_SCANS) throw new ProxyError('image_broken', `It has more than ${MAX_SCANS} scans.`);
    kept = text.slice(-OVERLAP);
  }
}
