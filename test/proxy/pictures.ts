/** Pictures and what only pretends to be one, made by code: byte for byte known, and by no library that is under test. */
import { constants, crc32, deflateRawSync, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** Pixels, row by row. */
export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  data: Buffer;
}
export type Colour = readonly number[];
/** How a picture is stored that a camera has marked so: https://www.cipa.jp/std/documents/download_e.html?DC-008 (tag 0x0112). */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

// Pixels

export function paint(width: number, height: number, colourAt: (x: number, y: number) => Colour): Pixels {
  const rows = Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => colourAt(x, y)).flat());
  const data = Buffer.from(rows.flat());
  return { width, height, channels: (data.length / (width * height)) as Pixels['channels'], data };
}

export function colourAt({ width, channels, data }: Pixels, x: number, y: number): number[] {
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + channels)];
}

/** Red, green, blue and yellow, from the upper left to the lower right: however it is turned, it shows. */
export function corners(width = 64, height = 32): Pixels {
  const colours = [
    [220, 20, 20],
    [20, 180, 20],
    [20, 20, 220],
    [230, 220, 30],
  ];
  return paint(width, height, (x, y) => colours[(x < width / 2 ? 0 : 1) + (y < height / 2 ? 0 : 2)]!);
}

/** The picture as a camera stores it that was held so: a viewer that heeds `orientation` sees it upright again. */
export function turned(upright: Pixels, orientation: Orientation): Pixels {
  const { width: w, height: h } = upright;
  const from: Record<Orientation, (column: number, row: number) => [x: number, y: number]> = {
    1: (column, row) => [column, row],
    2: (column, row) => [w - 1 - column, row],
    3: (column, row) => [w - 1 - column, h - 1 - row],
    4: (column, row) => [column, h - 1 - row],
    5: (column, row) => [row, column],
    6: (column, row) => [w - 1 - row, column],
    7: (column, row) => [w - 1 - row, h - 1 - column],
    8: (column, row) => [row, h - 1 - column],
  };
  const [width, height] = orientation > 4 ? [h, w] : [w, h];
  return paint(width, height, (column, row) => colourAt(upright, ...from[orientation](column, row)));
}

/** Noise that is the same each time. */
export function noise(bytes: number, seed = 1): Buffer {
  const data = Buffer.alloc(bytes);
  let state = seed;
  for (let index = 0; index < bytes; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[index] = state >>> 24;
  }
  return data;
}

// JPEG

export function jpeg({ width, height, channels, data }: Pixels, quality = 95): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } }).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}

export interface Segment {
  marker: number;
  payload: Buffer;
}

export function segment(marker: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1');
  return Buffer.concat([Buffer.from([0xff, marker]), uint16(bytes.length + 2), bytes]);
}

/** Puts segments in where a camera does: right after the beginning. */
export function withSegments(picture: Buffer, ...segments: Buffer[]): Buffer {
  return Buffer.concat([picture.subarray(0, 2), ...segments, picture.subarray(2)]);
}

/** What stands before each scan, in order; and whatever follows the picture's end. */
export function readJpeg(picture: Buffer): { segments: Segment[]; trailer: Buffer } {
  const segments: Segment[] = [];
  let at = 2;
  while (picture[at + 1] !== 0xd9) {
    if (picture[at] !== 0xff || at >= picture.length) throw new Error(`no segment at ${at}`);
    const end = at + 2 + picture.readUInt16BE(at + 2);
    segments.push({ marker: picture[at + 1]!, payload: picture.subarray(at + 4, end) });
    at = picture[at + 1] === 0xda ? endOfScan(picture, end) : end;
  }
  return { segments, trailer: picture.subarray(at + 2) };
}

function endOfScan(picture: Buffer, from: number): number {
  for (let at = picture.indexOf(0xff, from); at >= 0; at = picture.indexOf(0xff, at + 1)) {
    const next = picture[at + 1]!;
    const isRestart = next >= 0xd0 && next <= 0xd7;
    if (next !== 0 && next !== 0xff && !isRestart) return at;
  }
  throw new Error('the scan does not end');
}

/** Says that it is of another size than it is. */
export function withJpegSize(picture: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(picture);
  const frame = copy.findIndex((byte, at) => byte === 0xff && [0xc0, 0xc2].includes(copy[at + 1]!));
  copy.writeUInt16BE(height, frame + 5);
  copy.writeUInt16BE(width, frame + 7);
  return copy;
}

/**
 * A progressive JPEG that is refined over and over, each time over all of it: a few bytes a scan, and a pass over all
 * blocks for whoever draws it. All that has been read of it must be held until its end.
 */
export function jpegOfScans(edge: number, scans: number, components = 1): Buffer {
  const blocks = Math.ceil(edge / 8) ** 2;
  const numbers = Array.from({ length: components }, (_, index) => index + 1);
  const table = (kind: number, symbol: number) => [kind, 1, ...new Array(15).fill(0), symbol];
  const scan = (of: number[], from: number, to: number, bits: string) =>
    Buffer.concat([
      segment(0xda, Buffer.from([of.length, ...of.flatMap((number) => [number, 0]), from, to, 0])),
      stuffed(bits),
    ]);
  // A run of blocks: the band ends in all of them.
  const pass = scan([1], 1, 63, '0'.repeat(15 * Math.ceil(blocks / 0x4000)));
  const frame = [8, ...uint16(edge), ...uint16(edge), components, ...numbers.flatMap((number) => [number, 0x11, 0])];
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...new Array(64).fill(16)])),
    segment(0xc2, Buffer.from(frame)),
    segment(0xc4, Buffer.from([...table(0x00, 0), ...table(0x10, 0xe0)])),
    // A block: no difference from the one before.
    scan(numbers, 0, 0, '0'.repeat(blocks * components)),
    ...Array.from({ length: scans - 1 }, () => pass),
    Buffer.from([0xff, 0xd9]),
  ]);
}

function stuffed(bits: string): Buffer {
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g)!;
  return Buffer.from(bytes.flatMap((byte) => (byte === '11111111' ? [0xff, 0] : [Number.parseInt(byte, 2)])));
}

// PNG https://www.w3.org/TR/png-3/

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const PNG_COLOUR_TYPES = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

interface PngOptions {
  /** Before the pixels. */
  chunks?: Buffer[];
  interlaced?: boolean;
  bitDepth?: 1 | 8 | 16;
  colourType?: 0 | 2 | 3 | 4 | 6;
}

/** Of these pixels; 16 bits a channel where `bitDepth` says so: `data` has two bytes for each then. */
export function png({ width, height, channels, data }: Pixels, options: PngOptions = {}): Buffer {
  const stride = (width * channels * (options.bitDepth ?? 8)) / 8;
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.concat([Buffer.alloc(1), data.subarray(y * stride, (y + 1) * stride)]),
  );
  const colourType = PNG_COLOUR_TYPES[channels];
  return pngOf({ width, height, colourType, ...options }, deflateSync(Buffer.concat(rows)));
}

/** With whatever is claimed to be its pixels. */
export function pngOf(options: PngOptions & { width: number; height: number }, zlib: Buffer): Buffer {
  const { width, height, bitDepth = 8, colourType = 2, interlaced = false, chunks = [] } = options;
  const header = [uint32(width), uint32(height), Buffer.from([bitDepth, colourType, 0, 0, Number(interlaced)])];
  const all = [chunk('IHDR', Buffer.concat(header)), ...chunks, chunk('IDAT', zlib), chunk('IEND', '')];
  return Buffer.concat([PNG_SIGNATURE, ...all]);
}

export function chunk(type: string, content: Buffer | string): Buffer {
  const body = Buffer.concat([Buffer.from(type), Buffer.from(content as string, 'latin1')]);
  return Buffer.concat([uint32(body.length - 4), body, uint32(crc32(body))]);
}

export function readPng(picture: Buffer): { types: string[]; trailer: Buffer } {
  const types: string[] = [];
  let at = PNG_SIGNATURE.length;
  while (types.at(-1) !== 'IEND') {
    types.push(picture.toString('latin1', at + 4, at + 8));
    at += 12 + picture.readUInt32BE(at);
  }
  return { types, trailer: picture.subarray(at) };
}

export function zlibOf(content: Buffer): Buffer {
  return deflateSync(content);
}

/** A zlib stream of so many zeros, at a thousandth of their size and none of the time. */
export function zlibOfZeros(count: number): Buffer {
  const mebibyte = 1 << 20;
  const piece = deflateRawSync(Buffer.alloc(mebibyte), { finishFlush: constants.Z_FULL_FLUSH });
  const pieces = Array.from({ length: Math.floor(count / mebibyte) }, () => piece);
  const rest = deflateRawSync(Buffer.alloc(count % mebibyte));
  const adler = uint32((count % 65_521) * 0x1_0000 + 1);
  return Buffer.concat([Buffer.from([0x78, 0x9c]), ...pieces, rest, adler]);
}

// GIF https://www.w3.org/Graphics/GIF/spec-gif89a.txt

export interface Frame {
  width: number;
  height: number;
  /** Of one colour, from the palette. */
  colour: number;
  /** Milliseconds. */
  delay?: number;
}
interface GifOptions {
  width: number;
  height: number;
  palette?: Colour[];
  frames: Frame[];
  /** How often it is shown; 0: for ever. */
  loop?: number;
  extensions?: Buffer[];
}

export function gif({ width, height, palette = GIF_PALETTE, frames, loop, extensions = [] }: GifOptions): Buffer {
  const screen = [Buffer.from('GIF89a'), uint16le(width), uint16le(height), Buffer.from([0x91, 0, 0])];
  const colours = Buffer.from(palette.flat());
  const repeat =
    loop === undefined ? [] : [gifExtension(0xff, 'NETSCAPE2.0', Buffer.concat([Buffer.from([1]), uint16le(loop)]))];
  const pictures = frames.map((frame) => gifFrame(frame));
  return Buffer.concat([...screen, colours, ...repeat, ...extensions, ...pictures, Buffer.from([0x3b])]);
}

/** Four colours: all that the tests need, and what `gif` writes. */
export const GIF_PALETTE: Colour[] = [
  [220, 20, 20],
  [20, 180, 20],
  [20, 20, 220],
  [230, 220, 30],
];

/** A comment (0xfe), or an application's extension (0xff) with its name. */
export function gifExtension(label: number, name: string, content: Buffer | string): Buffer {
  const application = name ? [Buffer.from([name.length]), Buffer.from(name)] : [];
  return Buffer.concat([Buffer.from([0x21, label]), ...application, subBlocks(Buffer.from(content as string))]);
}

function gifFrame({ width, height, colour, delay }: Frame): Buffer {
  const control =
    delay === undefined ? [] : [Buffer.from([0x21, 0xf9, 4, 4]), uint16le(Math.round(delay / 10)), Buffer.from([0, 0])];
  const descriptor = [Buffer.from([0x2c, 0, 0, 0, 0]), uint16le(width), uint16le(height), Buffer.from([0, 2])];
  return Buffer.concat([...control, ...descriptor, subBlocks(lzwOfOneColour(width * height, colour))]);
}

/** Codes of three bits, begun anew before they would grow to four. */
function lzwOfOneColour(pixels: number, colour: number): Buffer {
  const clear = 4;
  const codes = Array.from({ length: Math.ceil(pixels / 2) }, (_, index) =>
    index * 2 + 1 < pixels ? [clear, colour, colour] : [clear, colour],
  );
  return lowBitsFirst([...codes.flat(), clear + 1].map((code) => [code, 3]));
}

function subBlocks(content: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; at += 255) {
    const block = content.subarray(at, at + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  return Buffer.concat([...blocks, Buffer.alloc(1)]);
}

export interface GifContent {
  /** Milliseconds. */
  delays: number[];
  loop?: number;
  /** Labels of all extensions; those of applications by name. */
  extensions: string[];
  trailer: Buffer;
}

export function readGif(picture: Buffer): GifContent {
  const content: GifContent = { delays: [], extensions: [], trailer: Buffer.alloc(0) };
  const colourTable = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + colourTable(picture[10]!);
  let delay = 0;
  while (picture[at] !== 0x3b) {
    const isFrame = picture[at] === 0x2c;
    const start = isFrame ? at + 11 + colourTable(picture[at + 9]!) : at + 2;
    const blocks: Buffer[] = [];
    let next = start;
    for (; picture[next]; next += 1 + picture[next]!)
      blocks.push(picture.subarray(next + 1, next + 1 + picture[next]!));
    if (isFrame) content.delays.push(delay);
    else if (picture[at + 1] === 0xf9) delay = blocks[0]!.readUInt16LE(1) * 10;
    else content.extensions.push(picture[at + 1] === 0xff ? blocks[0]!.toString('latin1') : String(picture[at + 1]));
    if (!isFrame && content.extensions.at(-1) === 'NETSCAPE2.0' && blocks[1]) content.loop = blocks[1].readUInt16LE(1);
    at = next + 1;
    if (at >= picture.length) throw new Error('the GIF does not end');
  }
  content.trailer = picture.subarray(at + 1);
  return content;
}

// WebP https://developers.google.com/speed/webp/docs/riff_container

interface WebpOptions {
  exif?: Buffer;
  xmp?: string;
  icc?: Buffer;
}
/** As VP8X lists them. */
const WEBP_FLAGS = { animation: 0x02, xmp: 0x04, exif: 0x08, alpha: 0x10, icc: 0x20 };

export function riff(form: string, ...chunks: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from(form), ...chunks]);
  return Buffer.concat([Buffer.from('RIFF'), uint32le(body.length), body]);
}

export function riffChunk(type: string, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([Buffer.from(type), uint32le(bytes.length), bytes, Buffer.alloc(bytes.length % 2)]);
}

/** Without loss, of one colour: any number of pixels in some thirty bytes. https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification */
export function vp8l(width: number, height: number, [red = 0, green = 0, blue = 0, alpha = 255]: Colour): Buffer {
  const bits: [value: number, length: number][] = [
    [0x2f, 8],
    [width - 1, 14],
    [height - 1, 14],
    [alpha < 255 ? 1 : 0, 1],
    [0, 3],
    // No transform, no colour cache, no groups of codes.
    [0, 3],
  ];
  // Each code has one symbol, so that it takes no bits: green, red, blue, alpha, distance.
  for (const symbol of [green, red, blue, alpha, 0]) bits.push([1, 1], [0, 1], [1, 1], [symbol, 8]);
  return lowBitsFirst(bits);
}

/** A simple WebP, extended. */
export async function webp({ width, height, channels, data }: Pixels, options: WebpOptions = {}): Promise<Buffer> {
  const simple = await sharp(data, { raw: { width, height, channels } }).webp({ lossless: true }).toBuffer();
  const bitstream = simple.subarray(12);
  const { exif, xmp, icc } = options;
  const flags =
    (exif ? WEBP_FLAGS.exif : 0) |
    (xmp ? WEBP_FLAGS.xmp : 0) |
    (icc ? WEBP_FLAGS.icc : 0) |
    (channels === 4 ? WEBP_FLAGS.alpha : 0);
  return riff(
    'WEBP',
    vp8x(width, height, flags),
    ...(icc ? [riffChunk('ICCP', icc)] : []),
    bitstream,
    ...(exif ? [riffChunk('EXIF', exif)] : []),
    ...(xmp ? [riffChunk('XMP ', xmp)] : []),
  );
}

export function animatedWebp(width: number, height: number, loop: number, frames: Frame[]): Buffer {
  const animation = riffChunk('ANIM', Buffer.concat([Buffer.alloc(4), uint16le(loop)]));
  const pictures = frames.map(({ colour, delay = 100, ...size }) => {
    const position = [uint24le(0), uint24le(0), uint24le(size.width - 1), uint24le(size.height - 1), uint24le(delay)];
    const picture = riffChunk('VP8L', vp8l(size.width, size.height, GIF_PALETTE[colour]!));
    return riffChunk('ANMF', Buffer.concat([...position, Buffer.from([2]), picture]));
  });
  return riff('WEBP', vp8x(width, height, WEBP_FLAGS.animation), animation, ...pictures);
}

function vp8x(width: number, height: number, flags: number): Buffer {
  return riffChunk('VP8X', Buffer.concat([Buffer.from([flags, 0, 0, 0]), uint24le(width - 1), uint24le(height - 1)]));
}

export interface WebpContent {
  types: string[];
  /** Milliseconds. */
  delays: number[];
  loop?: number;
  trailer: Buffer;
}

export function readWebp(picture: Buffer): WebpContent {
  const end = 8 + picture.readUInt32LE(4);
  const content: WebpContent = { types: [], delays: [], trailer: picture.subarray(end) };
  for (let at = 12; at < end; at += 8 + picture.readUInt32LE(at + 4) + (picture.readUInt32LE(at + 4) % 2)) {
    const type = picture.toString('latin1', at, at + 4);
    content.types.push(type);
    if (type === 'ANIM') content.loop = picture.readUInt16LE(at + 12);
    if (type === 'ANMF') content.delays.push(picture.readUIntLE(at + 20, 3));
  }
  return content;
}

// Metadata

type Field = [tag: number, type: 'ascii' | 'bytes' | 'short' | 'long' | 'rational', value: string | Buffer | number[]];
interface Directory {
  fields: Field[];
  /** Other directories, by the tag that points to them. */
  inner?: Record<number, Directory>;
}
const FIELD_TYPES = { ascii: [2, 1], bytes: [7, 1], short: [3, 2], long: [4, 4], rational: [5, 8] } as const;

/** TIFF, as EXIF has it: directories one after the other, big-endian. */
export function tiff(first: Directory, second?: Directory): Buffer {
  const header = Buffer.concat([Buffer.from('MM\0*'), uint32(8)]);
  const one = directory(first, 8);
  if (!second) return Buffer.concat([header, one.bytes]);
  one.bytes.writeUInt32BE(8 + one.bytes.length, one.next);
  return Buffer.concat([header, one.bytes, directory(second, 8 + one.bytes.length).bytes]);
}

function directory({ fields, inner = {} }: Directory, start: number): { bytes: Buffer; next: number } {
  const pointers = Object.entries(inner).map(([tag, content]) => ({ tag: Number(tag), content }));
  const count = fields.length + pointers.length;
  const next = 2 + count * 12;
  const entries: { tag: number; bytes: Buffer }[] = [];
  const outside: Buffer[] = [];
  const place = (bytes: Buffer) => {
    const offset = start + next + 4 + Buffer.concat(outside).length;
    outside.push(bytes, Buffer.alloc(bytes.length % 2));
    return uint32(offset);
  };
  for (const [tag, type, value] of fields) {
    const bytes = fieldBytes(type, value);
    const [number, size] = FIELD_TYPES[type];
    const inline = Buffer.concat([bytes, Buffer.alloc(4)]).subarray(0, 4);
    const content = bytes.length <= 4 ? inline : place(bytes);
    entries.push({ tag, bytes: Buffer.concat([uint16(tag), uint16(number), uint32(bytes.length / size), content]) });
  }
  for (const { tag, content } of pointers) {
    const offset = start + next + 4 + Buffer.concat(outside).length;
    outside.push(directory(content, offset).bytes);
    entries.push({ tag, bytes: Buffer.concat([uint16(tag), uint16(4), uint32(1), uint32(offset)]) });
  }
  const sorted = entries.sort((a, b) => a.tag - b.tag).map(({ bytes }) => bytes);
  return { bytes: Buffer.concat([uint16(count), ...sorted, uint32(0), ...outside]), next };
}

function fieldBytes(type: Field[1], value: Field[2]): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(`${value}\0`, 'latin1');
  if (type === 'rational')
    return Buffer.concat(value.flatMap((number) => [uint32(Math.round(number * 1e4)), uint32(1e4)]));
  return Buffer.concat(value.map(type === 'short' ? uint16 : uint32));
}

/** What a camera writes: who made it, when, where, how it was held, and a small copy. `mark` is in each text. */
export function cameraExif(
  mark: string,
  { orientation = 1, thumbnail }: { orientation?: Orientation; thumbnail?: Buffer },
) {
  const first: Directory = {
    fields: [
      [0x010e, 'ascii', `${mark} description`],
      [0x010f, 'ascii', `${mark} maker`],
      [0x0110, 'ascii', `${mark} model`],
      [0x0112, 'short', [orientation]],
      [0x013b, 'ascii', `${mark} artist`],
      [0x8298, 'ascii', `${mark} copyright`],
      // What Windows calls the comment.
      [0x9c9c, 'bytes', Buffer.from(`${mark} comment\0`, 'utf16le')],
    ],
    inner: {
      34665: {
        fields: [
          [0x9003, 'ascii', '2026:11:22 10:00:00'],
          [0x927c, 'bytes', Buffer.from(`${mark} maker’s note`)],
          [0x9286, 'bytes', Buffer.from(`ASCII\0\0\0${mark} user comment`)],
          [0xa431, 'ascii', `${mark} serial number`],
        ],
      },
      34853: {
        fields: [
          [0x0001, 'ascii', 'N'],
          [0x0002, 'rational', [31, 13, 49.3]],
          [0x0003, 'ascii', 'E'],
          [0x0004, 'rational', [121, 28, 25.1]],
          [0x001c, 'bytes', Buffer.from(`ASCII\0\0\0${mark} area`)],
        ],
      },
    },
  };
  if (!thumbnail) return tiff(first);
  // The copy stands at the end; where that is shows once all else has been written.
  const small = (offset: number): Directory => ({
    fields: [
      [0x0103, 'short', [6]],
      [0x0201, 'long', [offset]],
      [0x0202, 'long', [thumbnail.length]],
    ],
  });
  const end = tiff(first, small(0)).length;
  return Buffer.concat([tiff(first, small(end)), thumbnail]);
}

export function orientationExif(orientation: Orientation): Buffer {
  return tiff({ fields: [[0x0112, 'short', [orientation]]] });
}

export function xmp(mark: string): string {
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 5.6.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
   xmp:CreatorTool="${mark} tool">
   <dc:creator><rdf:Seq><rdf:li>${mark} creator</rdf:li></rdf:Seq></dc:creator>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
${' '.repeat(200)}
<?xpacket end="w"?>`;
}

/** As Photoshop keeps it. https://www.iptc.org/std/IIM/4.2/specification/IIMV4.2.pdf */
export function iptc(mark: string): Buffer {
  const records = Object.entries({ 80: 'by-line', 90: 'city', 120: 'caption' }).map(([number, what]) => {
    const text = Buffer.from(`${mark} ${what}`);
    return Buffer.concat([Buffer.from([0x1c, 2, Number(number)]), uint16(text.length), text]);
  });
  const content = Buffer.concat(records);
  const block = [
    Buffer.from('8BIM\x04\x04\0\0', 'latin1'),
    uint32(content.length),
    content,
    Buffer.alloc(content.length % 2),
  ];
  return Buffer.concat([Buffer.from('Photoshop 3.0\0'), ...block]);
}

// Colour https://www.color.org/specification/ICC.1-2022-05.pdf

/** Red, green and blue in CIE XYZ, under D50, and how values become light. */
export interface ColourSpace {
  primaries: [Colour, Colour, Colour];
  gamma: 'srgb' | number;
}
export const SRGB: ColourSpace = {
  primaries: [
    [0.43607, 0.22249, 0.01392],
    [0.38515, 0.71687, 0.09708],
    [0.14307, 0.06061, 0.7141],
  ],
  gamma: 'srgb',
};
export const DISPLAY_P3: ColourSpace = {
  primaries: [
    [0.51512, 0.2412, -0.00105],
    [0.29198, 0.69225, 0.04189],
    [0.1571, 0.06657, 0.78407],
  ],
  gamma: 'srgb',
};
export const ADOBE_RGB: ColourSpace = {
  primaries: [
    [0.60974, 0.31111, 0.01947],
    [0.20528, 0.62567, 0.06087],
    [0.14919, 0.06322, 0.74457],
  ],
  gamma: 563 / 256,
};

/** A display's profile, version 4. */
export function iccProfile({ primaries, gamma }: ColourSpace, name: string): Buffer {
  const text = (value: string) =>
    Buffer.concat([
      Buffer.from('mluc\0\0\0\0'),
      ...[1, 12].map(uint32),
      Buffer.from('enUS'),
      ...[value.length * 2, 28].map(uint32),
      Buffer.from(value, 'utf16le').swap16(),
    ]);
  const xyz = (value: Colour) => Buffer.concat([Buffer.from('XYZ \0\0\0\0'), ...value.map(fixed)]);
  const curve =
    gamma === 'srgb'
      ? Buffer.concat([
          Buffer.from('para\0\0\0\0\0\x03\0\0'),
          ...[2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045].map(fixed),
        ])
      : Buffer.concat([Buffer.from('para\0\0\0\0\0\0\0\0'), fixed(gamma)]);
  const [red, green, blue] = primaries.map(xyz);
  const tags = {
    desc: text(name),
    cprt: text('none'),
    wtpt: xyz([0.9642, 1, 0.8249]),
    rXYZ: red!,
    gXYZ: green!,
    bXYZ: blue!,
    rTRC: curve,
    gTRC: curve,
    bTRC: curve,
  };
  const entries = Object.entries(tags);
  let at = 132 + entries.length * 12;
  const table: Buffer[] = [uint32(entries.length)];
  const contents: Buffer[] = [];
  for (const [tag, content] of entries) {
    const padded = Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
    table.push(Buffer.from(tag), uint32(at), uint32(content.length));
    contents.push(padded);
    at += padded.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x04200000, 8);
  header.write('mntrRGB XYZ ', 12);
  [2026, 11, 22, 0, 0, 0].forEach((number, index) => {
    header.writeUInt16BE(number, 24 + index * 2);
  });
  header.write('acsp', 36);
  Buffer.concat([0.9642, 1, 0.8249].map(fixed)).copy(header, 68);
  return Buffer.concat([header, ...table, ...contents]);
}

export function iccSegment(profile: Buffer): Buffer {
  return segment(0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01'), profile]));
}

/** The same colour, as sRGB has it: 0 to 255 each, clipped. */
export function toSrgb(colour: Colour, { primaries, gamma }: ColourSpace): number[] {
  const light = colour.map((value) => (gamma === 'srgb' ? srgbToLight(value / 255) : (value / 255) ** gamma));
  const xyz = [0, 1, 2].map((row) => light.reduce((sum, value, index) => sum + value * primaries[index]![row]!, 0));
  return solve(SRGB.primaries, xyz).map((value) => Math.round(255 * lightToSrgb(Math.min(1, Math.max(0, value)))));
}

function srgbToLight(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function lightToSrgb(value: number): number {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
}

/** By Cramer's rule. */
function solve(columns: [Colour, Colour, Colour], right: number[]): number[] {
  const determinant = ([a, b, c]: readonly Colour[]) =>
    a![0]! * (b![1]! * c![2]! - c![1]! * b![2]!) -
    b![0]! * (a![1]! * c![2]! - c![1]! * a![2]!) +
    c![0]! * (a![1]! * b![2]! - b![1]! * a![2]!);
  return [0, 1, 2].map(
    (index) => determinant(columns.map((column, at) => (at === index ? right : column))) / determinant(columns),
  );
}

// Numbers in bytes

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint16le(value: number): Buffer {
  return uint16(value).reverse();
}

function uint24le(value: number): Buffer {
  return uint32le(value).subarray(0, 3);
}

function uint32le(value: number): Buffer {
  return uint32(value).reverse();
}

/** s15Fixed16. */
function fixed(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.round(value * 65_536));
  return bytes;
}

function lowBitsFirst(codes: [value: number, length: number][]): Buffer {
  const bytes: number[] = [];
  let held = 0;
  let count = 0;
  for (const [value, length] of codes) {
    held |= value << count;
    count += length;
    for (; count >= 8; count -= 8) {
      bytes.push(held & 0xff);
      held >>>= 8;
    }
  }
  return Buffer.from(count > 0 ? [...bytes, held] : bytes);
}
