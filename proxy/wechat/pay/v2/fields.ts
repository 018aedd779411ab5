/** How version 2 of the API writes numbers, times and what is not there. */
import { z } from 'zod';
import type { XmlFields } from '../../xml.ts';

const CHINA_OFFSET = 8 * 3_600_000;

/** Money in fen. */
export const Fen = z
  .string()
  .regex(/^(0|[1-9]\d{0,9})$/)
  .transform(Number);

/** `20091227091010` or `2017-12-15 09:46:01`, in China's time; as milliseconds since 1970. */
export const ChinaTime = z
  .string()
  .regex(/^\d{14}$|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  .transform((text) => text.replace(/^(....)-?(..)-?(..) ?(..):?(..):?(..)$/, '$1-$2-$3T$4:$5:$6+08:00'))
  .pipe(z.iso.datetime({ offset: true }))
  .transform((text) => Date.parse(text));

/** `20091227091010` */
export function chinaTime(milliseconds: number): string {
  return new Date(milliseconds + CHINA_OFFSET).toISOString().slice(0, 19).replaceAll(/\D/g, '');
}

/** What fields hold; undefined where they are not of the form. An empty element means the same as none. */
export function readFields<T>(schema: z.ZodType<T>, fields: XmlFields): T | undefined {
  const filled = Object.entries(fields).filter(([, value]) => value !== '');
  return schema.safeParse(Object.fromEntries(filled)).data;
}

/** As many whole characters as fit: WeChat counts bytes, where its documents say `String(127)`. */
export function cutToBytes(text: string, bytes: number): string {
  let length = 0;
  let cut = '';
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    cut += character;
  }
  return cut;
}
