export const MEDIA_TYPES = ['image', 'voice', 'video', 'thumb'] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

interface Kind {
  contentType: string;
  extension: string;
}

const KINDS: [(bytes: Buffer) => boolean, Kind][] = [
  [(bytes) => starts(bytes, '\xff\xd8\xff'), { contentType: 'image/jpeg', extension: 'jpg' }],
  [(bytes) => starts(bytes, '\x89PNG\r\n\x1a\n'), { contentType: 'image/png', extension: 'png' }],
  [(bytes) => starts(bytes, 'GIF8'), { contentType: 'image/gif', extension: 'gif' }],
  [(bytes) => starts(bytes, 'BM'), { contentType: 'image/bmp', extension: 'bmp' }],
  [(bytes) => starts(bytes, '#!AMR'), { contentType: 'audio/amr', extension: 'amr' }],
  [(bytes) => starts(bytes, 'ID3') || starts(bytes, '\xff\xfb'), { contentType: 'audio/mp3', extension: 'mp3' }],
  [(bytes) => bytes.toString('latin1', 4, 8) === 'ftyp', { contentType: 'video/mp4', extension: 'mp4' }],
];

/** What the bytes are, by their first ones; undefined where WeChat does not know it. */
export function mediaKind(bytes: Uint8Array): Kind | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16));
  return KINDS.find(([matches]) => matches(buffer))?.[1];
}

function starts(bytes: Buffer, text: string): boolean {
  return bytes.toString('latin1', 0, text.length) === text;
}
