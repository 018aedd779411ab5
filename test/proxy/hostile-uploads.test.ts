/**
 * What strangers upload that is no picture, or more than one. Each is refused for its own reason, or made a clean picture;
 * nothing is left of it, and the next good one is taken.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import * as api from '../../proxy/api.ts';
import { ERRORS, type ErrorCode } from '../../proxy/errors.ts';
import { times } from './harness.ts';
import {
  type Answered,
  assertKept,
  BOUNDARY,
  fileForm,
  form,
  type ImageProxy,
  sendAllThenRead,
  sendAndLeave,
  startImageProxy,
  type Upload,
} from './image-proxy.ts';
import {
  animatedWebp,
  cameraExif,
  chunk,
  corners,
  gif,
  gifExtension,
  iptc,
  jpeg,
  jpegOfScans,
  noise,
  PNG_SIGNATURE,
  paint,
  png,
  pngOf,
  readJpeg,
  riff,
  riffChunk,
  segment,
  vp8l,
  webp,
  withJpegSize,
  withSegments,
  xmp,
  zlibOfZeros,
} from './pictures.ts';

interface Row extends Upload {
  name: string;
  /** How it is refused; or that it is a picture, once cleaned. */
  code: ErrorCode | 'accepted';
}

/** In all that must be nowhere afterwards. */
const MARK = 'hostile-mark';
const SCRIPT = `<script>alert("${MARK}")</script>`;
const HTML = `<!DOCTYPE html><html><body>${SCRIPT}</body></html>`;
const PHP = `<?php system($_GET["${MARK}"]); ?>`;
/** Less than usual, so that nobody waits for what is refused anyway. */
const MAX_BYTES = 2_097_152;
const ENVIRONMENT = { UPLOAD_MAX_BYTES: String(MAX_BYTES) };
const MEGABYTE = 1_048_576;
/** Of the whole process, whose own part is some 120 MB. */
const MOST_MEMORY = 450 * MEGABYTE;
const MOST_MEMORY_OF_GIANTS = 900 * MEGABYTE;

const good = await jpeg(corners());
const goodPng = png(corners());
const goodWebp = await webp(corners());
const frame = { width: 64, height: 32, colour: 0 };
const goodGif = gif({ width: 64, height: 32, frames: [frame] });
const zip = zipOf('evil.class', `CAFEBABE ${MARK}`);
const pdf = Buffer.from(
  `%PDF-1.7\n1 0 obj\n<</OpenAction<</S/JavaScript/JS(app.alert("${MARK}"))>>>>\nendobj\n%%EOF\n`,
);
const rar = Buffer.concat([Buffer.from('Rar!\x1a\x07\x01\0', 'latin1'), noise(100)]);
const mp4 = Buffer.concat([box('ftyp', 'isom\0\0\x02\0isommp42'), box('mdat', noise(5_000)), box('moov', noise(100))]);

function zipOf(name: string, content: string): Buffer {
  const common = Buffer.alloc(26);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name + content)]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\0\0'), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

/** ISO base media: what MP4, HEIC and AVIF are made of. */
function box(type: string, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string, 'latin1');
  const size = Buffer.alloc(4);
  size.writeUInt32BE(8 + bytes.length);
  return Buffer.concat([size, Buffer.from(type), bytes]);
}

function join(...pieces: (Buffer | string)[]): Buffer {
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string, 'latin1')));
}

function uploads(code: Row['code'], files: Record<string, Buffer | string>): Row[] {
  return Object.entries(files).map(([name, content]) => ({ name, code, body: fileForm(content) }));
}

/** Files of other kinds, under the name and type of a JPEG. */
async function otherKinds(): Promise<Row[]> {
  const { data, ...raw } = corners();
  const image = sharp(data, { raw });
  const [tiff, avif] = await Promise.all([
    image.clone().tiff().toBuffer(),
    image.clone().avif({ effort: 0 }).toBuffer(),
  ]);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>`;
  return uploads('image_type_not_allowed', {
    'nothing at all': '',
    'one byte': '\xff',
    text: 'Tea is a drink.',
    'the beginning of a JPEG, and one byte less': '\xff\xd8',
    HTML,
    'HTML after a byte order mark': `\xef\xbb\xbf${HTML}`,
    'HTML in UTF-16': Buffer.from(`\ufeff${HTML}`, 'utf16le'),
    PHP,
    JavaScript: 'alert(1)',
    'SVG with a script': svg,
    'SVG with an XML declaration': `<?xml version="1.0"?>${svg}`,
    'SVG, compressed': gzipSync(svg),
    'XML with external entities': `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`,
    'a script for ImageMagick':
      'push graphic-context\nviewbox 0 0 9 9\nfill \'url(https://example.com/"|id")\'\npop graphic-context',
    PostScript: '%!PS\n(%pipe%id) (w) file\n',
    BMP: join('BM', Buffer.alloc(52), noise(300)),
    TIFF: tiff,
    'TIFF, big-endian': join('MM\0*', noise(500)),
    ICO: join('\0\0\x01\0\x01\0', noise(500)),
    PSD: join('8BPS\0\x01', noise(500)),
    AVIF: avif,
    HEIC: join(box('ftyp', 'heic\0\0\0\0heicmif1'), avif.subarray(32)),
    'JPEG XL': join('\xff\x0a', noise(300)),
    'JPEG XL, in its container': join('\0\0\0\x0cJXL \r\n\x87\n', noise(300)),
    'JPEG 2000': join('\0\0\0\x0cjP  \r\n\x87\n', noise(300)),
    'a vips file': join('\xb6\xa6\xf2\x08', noise(300)),
    'a portable pixmap': join('P6 9 9 255\n', noise(243)),
    FITS: 'SIMPLE  =                    T',
    PDF: pdf,
    ZIP: zip,
    RAR: rar,
    MP4: mp4,
    'a Windows program': join('MZ', noise(500)),
    'a Linux program': join('\x7fELF', noise(500)),
    WebAssembly: join('\0asm\x01\0\0\0', noise(300)),
    'a sound': riff('WAVE', riffChunk('fmt ', noise(16))),
    'a video in RIFF': riff('AVI ', riffChunk('hdrl', noise(16))),
    'a PNG of many pictures (MNG)': join('\x8aMNG\r\n\x1a\n', noise(300)),
    'a JPEG, compressed': gzipSync(good),
    'a JPEG as base64': good.toString('base64'),
    'a JPEG as data:': `data:image/jpeg;base64,${good.toString('base64')}`,
    'a JPEG after a line end': join('\n', good),
    'a PNG whose line ends somebody converted': join('\x89PNG\n\x1a\n', goodPng.subarray(8)),
  });
}

/** Damaged ones, and ones that are not whole. */
async function broken(): Promise<Row[]> {
  const photo = await jpeg(paint(96, 96, (x, y) => [(x * 7) % 256, (y * 5) % 256, (x * y) % 256]));
  const art = png(paint(96, 96, (x, y) => [(x * 7) % 256, (y * 5) % 256, (x * y) % 256]));
  const shot = await webp(paint(96, 96, (x, y) => [(x * 7) % 256, (y * 5) % 256, (x * y) % 256]));
  const cut = (picture: Buffer, part: number) => picture.subarray(0, Math.floor(picture.length * part));
  const idat = goodPng.indexOf('IDAT');
  const wrongCrc = Buffer.from(goodPng);
  wrongCrc[16 + 8 + 5]! ^= 1;
  const wrongPixels = Buffer.from(goodPng);
  wrongPixels[idat + 6]! ^= 0xff;
  return uploads('image_broken', {
    'only the beginning of a JPEG': '\xff\xd8\xff',
    'only the beginning and end of a JPEG': '\xff\xd8\xff\xd9',
    'only the beginning of a PNG': PNG_SIGNATURE,
    'only the beginning of a GIF': 'GIF89a',
    'only the beginning of a WebP': 'RIFF\x04\0\0\0WEBP',
    'a JPEG, a tenth of it': cut(photo, 0.1),
    'a JPEG, half of it': cut(photo, 0.5),
    'a JPEG, nine tenths of it': cut(photo, 0.9),
    'a JPEG without its scan': photo.subarray(0, photo.indexOf(Buffer.from([0xff, 0xda]))),
    'a JPEG of noise': join('\xff\xd8\xff\xe0', noise(2_000)),
    'a JPEG without tables': join('\xff\xd8', good.subarray(good.indexOf(Buffer.from([0xff, 0xc0])))),
    'a JPEG of no size': withJpegSize(good, 0, 0),
    'a PNG, a tenth of it': cut(art, 0.1),
    'a PNG, half of it': cut(art, 0.5),
    'a PNG, nine tenths of it': cut(art, 0.9),
    'a PNG with a wrong checksum': wrongCrc,
    'a PNG with damaged pixels': wrongPixels,
    'a PNG of no size': pngOf({ width: 0, height: 0 }, deflateSync('')),
    'a PNG of half a size': pngOf({ width: 0, height: 9 }, deflateSync('')),
    'a PNG of a negative size': pngOf({ width: 0xffff_ffff, height: 1 }, deflateSync('')),
    'a PNG with too few pixels': pngOf({ width: 100, height: 100 }, zlibOfZeros(3_000)),
    'a PNG without pixels': join(goodPng.subarray(0, idat - 4), chunk('IEND', '')),
    'a PNG of a colour type that there is not': pngOf({ width: 9, height: 9, colourType: 5 as 4 }, zlibOfZeros(500)),
    'a PNG of colours from a palette that is missing': pngOf({ width: 9, height: 9, colourType: 3 }, zlibOfZeros(90)),
    'a GIF, its header only': goodGif.subarray(0, 13),
    'a GIF, without frames': gif({ width: 64, height: 32, frames: [] }),
    'a GIF, half of it': cut(goodGif, 0.5),
    'a WebP, a tenth of it': cut(shot, 0.1),
    'a WebP, half of it': cut(shot, 0.5),
    'a WebP, nine tenths of it': cut(shot, 0.9),
    'a WebP of noise': riff('WEBP', riffChunk('VP8 ', noise(500))),
    'a WebP without a picture': riff('WEBP', riffChunk('EXIF', noise(50))),
    'an animated WebP without frames': animatedWebp(64, 32, 0, []),
  });
}

/** Small files that are huge when drawn. */
function bombs(): Row[] {
  const huge = { width: 30_000, height: 30_000, bitDepth: 1, colourType: 0 } as const;
  const zeros = zlibOfZeros(256 * MEGABYTE);
  const small = { width: 10, height: 10 };
  const pixels = zlibOfZeros(310);
  const dot = { width: 1, height: 1, colour: 1, delay: 10 };
  const vastGif = gif({ width: 8, height: 8, frames: [{ width: 8, height: 8, colour: 1 }] });
  // Its screen, and its frame.
  vastGif.fill(0xff, 6, 10).fill(0xff, 30, 34);
  return [
    ...uploads('image_too_many_pixels', {
      'a PNG of 900 megapixels': pngOf(huge, zlibOfZeros(30_000 * 3_751)),
      'a PNG of 900 megapixels, interlaced': pngOf({ ...huge, interlaced: true }, zlibOfZeros(30_000 * 3_751)),
      'a PNG of one row too many': pngOf({ ...huge, width: 8_192, height: 4_097 }, zlibOfZeros(4_097 * 1_025)),
      'a JPEG of 4 gigapixels': withJpegSize(good, 65_500, 65_500),
      'a progressive JPEG of 4 gigapixels': withJpegSize(jpegOfScans(64, 2), 65_500, 65_500),
      'a GIF of 4 gigapixels': vastGif,
      'a WebP of 268 megapixels': riff('WEBP', riffChunk('VP8L', vp8l(16_383, 16_383, [1, 2, 3]))),
      'a GIF of too many frames': gif({ width: 2_000, height: 2_000, frames: times(2_000, () => dot) }),
      'a GIF of very many tiny frames': gif({ width: 1, height: 1, frames: times(80_000, () => dot) }),
      'a WebP of too many frames': animatedWebp(
        2_000,
        2_000,
        0,
        times(2_000, () => dot),
      ),
    }),
    ...uploads('image_broken', {
      'a PNG that is all width': pngOf({ ...huge, width: 0x7fff_ffff, height: 1 }, pixels),
      'a WebP that claims 281 terapixels': animatedWebp(16_777_216, 16_777_216, 0, [dot]),
      // Each is drawn over all of it; cameras and programs make some ten.
      'a JPEG of 5,000 scans': jpegOfScans(1_024, 5_000),
    }),
    // What is not needed for the picture is not inflated.
    ...uploads('accepted', {
      'a PNG with 256 MB of text': pngOf({ ...small, chunks: [chunk('zTXt', join(`${MARK}\0\0`, zeros))] }, pixels),
      'a PNG with 256 MB of international text': pngOf(
        { ...small, chunks: [chunk('iTXt', join(`${MARK}\0\x01\0\0\0`, zeros))] },
        pixels,
      ),
      'a PNG with 256 MB of colour profile': pngOf(
        { ...small, chunks: [chunk('iCCP', join(`${MARK}\0\0`, zeros))] },
        pixels,
      ),
      'a PNG with 256 MB after its pixels': pngOf(small, zeros),
      'a PNG with 10,000 texts': pngOf({ ...small, chunks: times(10_000, () => chunk('tEXt', `${MARK}\0a`)) }, pixels),
      // Its rest is grey, as it is wherever a photo has been damaged: viewers show such a one, too.
      'a JPEG that claims to be larger than it is': withJpegSize(good, 1_000, 1_000),
      'a GIF whose screen is much larger than its frame': gif({ width: 65_535, height: 65_535, frames: [dot] }),
      'a PNG that claims four thousand million frames': png(corners(), {
        chunks: [chunk('acTL', '\xff\xff\xff\xff\0\0\0\0')],
      }),
    }),
  ];
}

/** Pictures that are something else, too. */
async function polyglots(): Promise<Row[]> {
  const comment = (text: string) => withSegments(good, segment(0xfe, text));
  const text = (type: string, content: Buffer | string) => png(corners(), { chunks: [chunk(type, content)] });
  const note = (content: string) =>
    gif({ width: 64, height: 32, frames: [frame], extensions: [gifExtension(0xfe, '', content)] });
  const exif = (content: string) => segment(0xe1, join('Exif\0\0', cameraExif(content, {})));
  const webpOf = (content: string) => webp(corners(), { xmp: content });
  const scriptGif = Buffer.from(note(`*/=1;alert("${MARK}")//`));
  scriptGif.write('/*', 6);
  // Its first segment is as long as the beginning of a comment has it.
  const scriptJpeg = join(
    '\xff\xd8\xff\xe0/*JFIF\0\x01\x01\0\0\x01\0\x01\0\0',
    Buffer.alloc(0x2f2a - 16),
    segment(0xfe, `*/=alert("${MARK}")/*`),
    good.subarray(2, -2),
    segment(0xfe, '*///'),
    '\xff\xd9',
  );
  return uploads('image_suspicious', {
    'a GIF that is JavaScript': scriptGif,
    'a JPEG that is JavaScript': scriptJpeg,
    'a JPEG with HTML in a comment': comment(HTML),
    'a JPEG with a script in a comment': comment(SCRIPT),
    'a JPEG with a script in capitals': comment(SCRIPT.toUpperCase()),
    'a JPEG with a script that has attributes': comment(`<script src=//example.com/${MARK}>`),
    'a JPEG with a frame in a comment': comment(`<iframe src=javascript:alert(1)>${MARK}`),
    'a JPEG with SVG in a comment': comment(`<svg onload=alert("${MARK}")>`),
    'a JPEG with PHP in a comment': comment(PHP),
    'a JPEG with a PHP archive in a comment': comment(`${MARK} __HALT_COMPILER(); ?>`),
    'a JPEG with PHP in its EXIF': withSegments(good, exif(PHP)),
    'a JPEG with a script in its EXIF': withSegments(good, exif(SCRIPT)),
    'a JPEG with a script in its XMP': withSegments(
      good,
      segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${xmp(SCRIPT)}`),
    ),
    'a JPEG with a script in its IPTC': withSegments(good, segment(0xed, iptc(SCRIPT))),
    'a JPEG with a script in its colour profile': withSegments(good, segment(0xe2, `ICC_PROFILE\0\x01\x01${SCRIPT}`)),
    'a JPEG with HTML after it': join(good, HTML),
    'a JPEG with PHP after it': join(good, PHP),
    'a JPEG with HTML far after it': join(good, Buffer.alloc(200_000), HTML),
    'a JPEG with a script across the pieces that are read': join(good, Buffer.alloc(65_536 - good.length - 5), SCRIPT),
    'a JPEG with a ZIP after it': join(good, zip),
    'a JPEG with a ZIP after it, and something after that': join(good, zip, noise(1_000)),
    'a JPEG with a RAR after it': join(good, rar),
    'a JPEG with a 7-Zip after it': join(good, '7z\xbc\xaf\x27\x1c\0\x04', noise(100)),
    'a JPEG that is a PDF': comment(pdf.toString('latin1')),
    'a PNG with a script in a text': text('tEXt', `Comment\0${SCRIPT}`),
    'a PNG with PHP in a text': text('tEXt', `Comment\0${PHP}`),
    'a PNG with a script in an international text': text('iTXt', `Comment\0\0\0\0\0${SCRIPT}`),
    'a PNG with HTML in a chunk of its own': text('htMl', HTML),
    'a PNG with HTML after it': join(goodPng, HTML),
    'a PNG with a ZIP after it': join(goodPng, zip),
    'a PNG that is a PDF': text('tEXt', join('Comment\0', pdf)),
    'a GIF with HTML in a comment': note(HTML),
    'a GIF with PHP in a comment': note(PHP),
    'a GIF with a JAR after it': join(goodGif, zip),
    'a GIF with a RAR after it': join(goodGif, rar),
    'a GIF with a script after it': join(goodGif, SCRIPT),
    'a WebP with HTML after it': join(goodWebp, HTML),
    'a WebP with HTML in a chunk of its own': riff('WEBP', goodWebp.subarray(12), riffChunk('HTML', HTML)),
    'a WebP with a script in its XMP': await webpOf(xmp(SCRIPT)),
    'a WebP with a ZIP after it': join(goodWebp, zip),
  });
}

/** What cameras and programs write, and what happens to read like something else: photos that people have. */
async function harmless(): Promise<Row[]> {
  const photo = withSegments(good, segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${xmp(MARK)}`));
  const samsung = join(
    '\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1763805600000',
    'SEFH\x6b\0\0\0\x01\0\0\0\0\0\x01\x0a\x23\0\0\0\x23\0\0\0\x18\0\0\0SEFT',
  );
  // Compressed bytes have any few bytes sooner or later.
  const video = join(
    box('ftyp', 'mp42\0\0\0\0isommp42'),
    box('mdat', join(noise(100_000), '<?=<%PK\x03\x04%PDF-', noise(9_000))),
    box('moov', MARK),
  );
  const row = Buffer.from('PK\x03\x04 <?= <% MZ <a> PK\x05\x06 <!-- {{'.padEnd(48));
  const exifOf = (length: number) => {
    const exif = join('Exif\0\0', cameraExif(MARK, {}));
    return segment(0xe1, join(exif, Buffer.alloc(length - 2 - exif.length)));
  };
  return uploads('accepted', {
    'a JPEG with a second one after it (MPF)': join(photo, good),
    'a JPEG with a gain map after it (Ultra HDR)': join(photo, photo),
    'a JPEG with what Samsung writes after it': join(photo, samsung),
    'a JPEG with a film after it (motion photo)': join(photo, video),
    'a JPEG with zeros after it': join(good, Buffer.alloc(5_000)),
    'a JPEG with a line end after it': join(good, '\r\n'),
    'a JPEG with noise after it': join(good, noise(5_000)),
    'a PNG with zeros after it': join(goodPng, Buffer.alloc(5_000)),
    'a GIF with zeros after it': join(goodGif, Buffer.alloc(5_000)),
    'a WebP with zeros after it': join(goodWebp, Buffer.alloc(5_000)),
    'a PNG whose pixels happen to spell signatures': pngOf(
      { width: 16, height: 16 },
      deflateSync(Buffer.concat(times(16, () => Buffer.concat([Buffer.alloc(1), row]))), { level: 0 }),
    ),
    // 0x3d is `=`, and 0x2f2a `/*`.
    'a GIF 61 pixels wide': gif({ width: 61, height: 20, frames: [{ ...frame, width: 61, height: 20 }] }),
    'a GIF 317 pixels wide': gif({ width: 317, height: 2, frames: [{ ...frame, width: 317, height: 2 }] }),
    'a JPEG with an EXIF of 15,700 bytes': withSegments(good, exifOf(15_700)),
    'a JPEG with an EXIF of 12,074 bytes': withSegments(good, exifOf(0x2f2a)),
    'a JPEG with a remark on code': withSegments(good, segment(0xfe, `${MARK}: <b>tea</b>, scripts & html; x < y > z`)),
  });
}

/** Forms that are none, or more than one file in one part. */
function forms(): Row[] {
  const disposition = 'Content-Disposition: form-data; name="file"; filename="a.jpg"';
  const type = 'Content-Type: image/jpeg';
  const head = `${disposition}\r\n${type}`;
  const named = (name: string) => form([`Content-Disposition: form-data; name="file"; ${name}\r\n${type}`, good]);
  const whole = fileForm(good);
  const rows = (code: Row['code'], bodies: Record<string, Omit<Row, 'name' | 'code'> | Buffer>): Row[] =>
    Object.entries(bodies).map(([name, upload]) => ({
      name: `a form ${name}`,
      code,
      ...(Buffer.isBuffer(upload) ? { body: upload } : upload),
    }));
  const longBoundary = 'b'.repeat(10_000);
  return [
    ...rows('invalid_request', {
      'without a boundary': { body: whole, type: 'multipart/form-data' },
      'with an empty boundary': { body: whole, type: 'multipart/form-data; boundary=' },
      'with another boundary': { body: whole, type: 'multipart/form-data; boundary=another' },
      'with a boundary of 10 kB that is another': {
        body: whole,
        type: `multipart/form-data; boundary=${longBoundary}`,
      },
      'that is empty': Buffer.alloc(0),
      'of one line end': Buffer.from('\r\n'),
      'without parts': Buffer.from(`--${BOUNDARY}--\r\n`),
      'without its last boundary': whole.subarray(0, -BOUNDARY.length - 8),
      'cut off in the file': whole.subarray(0, whole.length / 2),
      'cut off in a header': Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-da`),
      'with two files': form([head, good], [head.replace('name="file"', 'name="other"'), good]),
      'with two files of one name': form([head, good], [head, good]),
      'with a field before the file': form(['Content-Disposition: form-data; name="mediaId"', MARK], [head, good]),
      'with a field after the file': form([head, good], ['Content-Disposition: form-data; name="mediaId"', MARK]),
      'with a field instead of a file': form(['Content-Disposition: form-data; name="file"', good]),
      'with a field that says it is a picture': form([`Content-Disposition: form-data; name="file"\r\n${type}`, good]),
      'with a charset field': form(['Content-Disposition: form-data; name="_charset_"', 'utf-16'], [head, good]),
      'with a file of another name': form([head.replace('name="file"', 'name="photo"'), good]),
      'with a file named FILE': form([head.replace('name="file"', 'name="FILE"'), good]),
      'with a file named file[]': form([head.replace('name="file"', 'name="file[]"'), good]),
      'with a file named __proto__': form([head.replace('name="file"', 'name="__proto__"'), good]),
      'with a file without a name': form([head.replace(' name="file";', ''), good]),
      'with a part without headers': form(['', good]),
      'with a part that is an attachment': form([head.replace('form-data', 'attachment'), good]),
      'with 1,000 parts': form(...times(1_000, () => [head, 'x'] as [string, string])),
      'with 1,000 fields': form(
        ...times(1_000, () => ['Content-Disposition: form-data; name="a"', 'x'] as [string, string]),
      ),
      'with 1,000 headers': form([`${times(1_000, (index) => `X-${index}: x`).join('\r\n')}\r\n${head}`, good]),
      'with a line end in its encoded name': named(`filename*=UTF-8''${MARK}%0d%0aX-Evil:%201.jpg`),
      'with a part without headers before the file': form(['', 'x'], [head, good]),
      'with line ends of another kind': Buffer.from(whole.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
    }),
    ...rows('image_type_not_allowed', {
      'in the form': form([
        'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: multipart/mixed; boundary=in',
        join(`--in\r\n${head}\r\n\r\n`, good, '\r\n--in--\r\n'),
      ]),
      'with its file as base64': form([`${head}\r\nContent-Transfer-Encoding: base64`, good.toString('base64')]),
      'whose file was not chosen': form([
        'Content-Disposition: form-data; name="file"; filename="x"\r\nContent-Type: application/octet-stream',
        '',
      ]),
    }),
    ...rows('image_too_large', {
      'with a file of one byte too many': fileForm(join(good, Buffer.alloc(MAX_BYTES + 1 - good.length))),
      'with a file of one byte too many, of unknown length': {
        body: fileForm(join(good, Buffer.alloc(MAX_BYTES + 1 - good.length))),
        chunked: true,
      },
      'with a file twice too large': fileForm(join(good, Buffer.alloc(2 * MAX_BYTES))),
      'with a file twice too large, of unknown length': {
        body: fileForm(join(good, Buffer.alloc(2 * MAX_BYTES))),
        chunked: true,
      },
      'after 3 MB of something else': join(noise(3 * MEGABYTE), '\r\n', whole),
      'before 3 MB of something else': join(whole, noise(3 * MEGABYTE)),
    }),
    ...rows('unsupported_media_type', {
      'that is compressed': { body: gzipSync(whole), headers: { 'content-encoding': 'gzip' } },
      'that is a compressed bomb': {
        body: gzipSync(fileForm(Buffer.alloc(50 * MEGABYTE))),
        headers: { 'content-encoding': 'gzip' },
      },
      'that says it is mixed': { body: whole, type: `multipart/mixed; boundary=${BOUNDARY}` },
      'that says it is related': { body: whole, type: `multipart/related; boundary=${BOUNDARY}` },
      'that says it is text': { body: whole, type: 'text/plain' },
      'that says nothing': { body: whole, type: '' },
      'that is for addresses': { body: 'file=a', type: 'application/x-www-form-urlencoded' },
    }),
    ...rows('accepted', {
      'with a file of exactly the most bytes': fileForm(join(good, Buffer.alloc(MAX_BYTES - good.length))),
      'of unknown length': { body: whole, chunked: true },
      'with something before it': join(`${MARK}\r\n`, whole),
      'with something after it': join(whole, MARK),
      'with quotes around its boundary': {
        body: whole,
        type: `Multipart/Form-Data; charset=utf-16; boundary="${BOUNDARY}"`,
      },
      'whose file says it is HTML': form([head.replace('image/jpeg', 'text/html'), good]),
      'whose file says it is an SVG': form([head.replace('image/jpeg', 'image/svg+xml'), good]),
      'whose file says nothing': form([disposition, good]),
      'whose file says that it is base64, and is not': form([`${head}\r\nContent-Transfer-Encoding: base64`, good]),
      'with a header of its own': form([`${head}\r\nSet-Cookie: ${MARK}=1\r\nLocation: https://example.com`, good]),
      // Nobody reads it.
      'with a header of 1 MB': form([`${head}\r\nX-Long: ${'x'.repeat(MEGABYTE)}`, good]),
      'with a name that leads elsewhere': named(`filename="../../../../tmp/${MARK}.jpg"`),
      'with a name that leads elsewhere on Windows': named(`filename="C:\\\\Windows\\\\${MARK}.jpg"`),
      'with the name of a program': named(`filename="${MARK}.php"`),
      'with the name of a page': named(`filename="${MARK}.jpg.html"`),
      'with a NUL in its name': named(`filename="${MARK}.php\0.jpg"`),
      'with markup in its name': named(`filename="<img src=x onerror=alert('${MARK}')>"`),
      'with a name in Chinese': named(`filename="${Buffer.from(`照片${MARK}`).toString('latin1')}"`),
      'with an encoded name': named(`filename*=UTF-8''..%2f..%2f${MARK}.jpg`),
      'with a name in an unknown encoding': named(`filename*=KLINGON''${MARK}%ff`),
      'with a malformed encoded name': named(`filename="a"; filename*=UTF-8''%ff%${MARK}`),
      'with a name of 7 kB': named(`filename="${MARK.repeat(600)}"`),
    }),
  ];
}

/** JSON that names no media of WeChat's. */
function jsons(): Row[] {
  const mediaId = 'a-media-id-of-wechat';
  const rows = (code: ErrorCode, bodies: Record<string, Upload['body']>): Row[] =>
    Object.entries(bodies).map(([name, body]) => ({ name: `JSON that ${name}`, code, body, type: 'application/json' }));
  const ids = (values: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify({ mediaId: value })]));
  return [
    ...rows('invalid_request', {
      ...ids({
        'has a number for an id': 1,
        'has no id': undefined,
        'has null for an id': null,
        'has a list for an id': [mediaId],
        'has an object for an id': { id: mediaId },
        'has an empty id': '',
        'has an id of 10 kB': 'a'.repeat(10_000),
        'has an id that leads elsewhere': `../../cgi-bin/token`,
        'has an id that ends the parameter': `${mediaId}&type=video`,
        'has an id that ends the query': `${mediaId}#`,
        'has an id with an escape': `${mediaId}%00`,
        'has an id with a line end': `${mediaId}\r\nHost: example.com`,
        'has an id with a NUL': `${mediaId}\0`,
        'has an id that is an address': 'http://169.254.169.254/latest/meta-data',
        'has an id in Chinese': '照片',
      }),
      'is a list': '[]',
      'is null': 'null',
      'is a text': `"${mediaId}"`,
      'has more than an id': JSON.stringify({ mediaId, url: 'http://169.254.169.254/' }),
      'has a file, too': JSON.stringify({ mediaId, file: good.toString('base64') }),
      'has a prototype': `{"mediaId":"${mediaId}","__proto__":{"admin":true}}`,
    }),
    ...rows('malformed_json', {
      'is empty': '',
      'is cut off': '{"mediaId":"a',
      'is a JPEG': good,
      'is a form': fileForm(good),
      'is in UTF-16': Buffer.from(JSON.stringify({ mediaId }), 'utf16le'),
    }),
    ...rows('body_too_large', { 'has a megabyte': JSON.stringify({ mediaId: 'a'.repeat(MEGABYTE) }) }),
    ...rows('media_not_found', { 'names media that WeChat does not know': JSON.stringify({ mediaId }) }),
    { name: 'a JPEG, and nothing around it', code: 'unsupported_media_type', body: good, type: 'image/jpeg' },
    { name: 'bytes', code: 'unsupported_media_type', body: good, type: 'application/octet-stream' },
  ];
}

const nobody = { body: fileForm(join(good, Buffer.alloc(2 * MEGABYTE))) };
const strangers: Row[] = [
  { ...nobody, name: 'a picture without a session', code: 'session_required', headers: { authorization: '' } },
  {
    ...nobody,
    name: 'a picture with a false session',
    code: 'session_invalid',
    headers: { authorization: 'Bearer a.b.c' },
  },
  {
    ...nobody,
    name: 'a picture from elsewhere',
    code: 'origin_not_allowed',
    headers: { origin: 'https://evil.example.com' },
  },
];

const corpus: Row[] = [
  ...(await otherKinds()),
  ...(await broken()),
  ...bombs(),
  ...(await polyglots()),
  ...(await harmless()),
  ...forms(),
  ...jsons(),
  ...strangers,
];

function assertAnswer({ name, code }: Row, { status, headers, json, text }: Answered): void {
  const about = `${name}: ${text.slice(0, 500)}`;
  if (code === 'accepted') {
    assert.equal(status, 201, about);
    assert.deepEqual(api.Image.parse(json), json, about);
  } else {
    assert.deepEqual({ status, code: json?.code }, { status: ERRORS[code][0], code }, about);
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8', about);
    assert.deepEqual(api.Problem.parse(json), json, about);
    assert.equal(json.requestId, headers['x-request-id'], about);
  }
  const told = JSON.stringify(headers) + text;
  assert.ok(!told.includes(MARK) && !told.includes('/tmp/') && !/vips|sharp|busboy|libpng/i.test(told), about);
}

/** Nothing but a picture is in the file, of the type that it is said to be. */
async function assertClean(images: ImageProxy, { name }: Row, image: Answered['json']): Promise<void> {
  const bytes = await images.show(image);
  assert.equal(bytes.length, image.size, name);
  assert.ok(!bytes.includes(MARK), name);
  if (image.type === 'image/jpeg') assert.equal(readJpeg(bytes).trailer.length, 0, name);
}

async function takeGood(images: ImageProxy, about: string): Promise<Answered['json']> {
  const { status, json, text } = await images.post({ body: fileForm(good) });
  assert.equal(status, 201, `after ${about}: ${text}`);
  return json;
}

test('hostile uploads, one by one', async (t) => {
  const images = await startImageProxy(t, ENVIRONMENT);
  const first = await takeGood(images, 'nothing');
  const { files, rows } = images.kept();
  assert.deepEqual([files.length, rows.length], [1, 1], 'the good one, and nothing else');

  for (const row of corpus) {
    await t.test(`${row.name}: ${row.code}`, async () => {
      const before = images.kept();
      const startedAt = performance.now();
      const answer = await images.post(row);

      assertAnswer(row, answer);
      assert.ok(performance.now() - startedAt < 5_000, 'soon');
      if (answer.status === 201) {
        await assertClean(images, row, answer.json);
        if (answer.json.id !== first.id) await images.delete(answer.json);
      }
      await assertKept(images, before, row.name);
      assert.deepEqual(await takeGood(images, row.name), first);
    });
  }

  for (const [where, part] of Object.entries({ 'before the file': 10, 'in the file': 50_000, 'at its end': 200_100 })) {
    await t.test(`an upload that is cut off ${where} leaves nothing`, async () => {
      const before = images.kept();
      const body = fileForm(join(good, Buffer.alloc(200_000 - good.length)));
      await sendAndLeave(images, body.subarray(0, part), body.length);
      await assertKept(images, before, where);
      assert.deepEqual(await takeGood(images, where), first);
    });
  }

  for (const [what, size] of Object.entries({ 'a byte': 1, 'as much again': MAX_BYTES })) {
    await t.test(`a browser that sends ${what} too much hears why, though it sends all before it listens`, async () => {
      const body = fileForm(join(good, Buffer.alloc(MAX_BYTES + size - good.length)));
      assert.match(await sendAllThenRead(images, body), /^HTTP\/1\.1 413 .*image_too_large/s);
      assert.match(await sendAllThenRead(images, body, 'close'), /^HTTP\/1\.1 413 .*image_too_large/s);
    });
  }

  await t.test('a client whose session is over hears so, though it sends all before it listens', async () => {
    const body = fileForm(Buffer.alloc(MAX_BYTES * 4));
    for (const connection of ['keep-alive', 'close'] as const) {
      const answer = await sendAllThenRead({ ...images, session: 'over' }, body, connection);
      assert.match(answer, /^HTTP\/1\.1 401 .*session_invalid/s);
    }
  });

  await t.test('WeChat was asked for no other media than those that were named', () => {
    const asked = images.proxy.wechat.calls.map(({ path }) => path).filter((path) => path.includes('media'));
    assert.ok(
      asked.every((path) => path.endsWith('&media_id=a-media-id-of-wechat')),
      asked.join(),
    );
    assert.ok(asked.length <= 2, asked.join());
  });
});

test('hostile uploads, all at once and twice: they take no more memory than pictures do', async (t) => {
  const images = await startImageProxy(t, ENVIRONMENT);
  const good = await takeGood(images, 'nothing');
  const taken = new Set<string>([good.id]);
  const queue = [...corpus, ...corpus];
  const answers: { row: Row; answer: Answered }[] = [];

  await Promise.all(
    times(8, async () => {
      for (let row = queue.pop(); row; row = queue.pop()) {
        const answer = await images.post(row).catch((cause) => {
          throw new Error(`no answer to ${row.name}`, { cause });
        });
        if (answer.status === 201) taken.add(answer.json.id);
        answers.push({ row, answer });
      }
    }),
  );

  assert.deepEqual(await takeGood(images, 'all'), good);
  const { files, rows } = images.kept();
  // Of two uploads of one picture at once, one is too many, and goes later.
  assert.equal(files.length, rows.length, 'no file that the proxy does not know of');
  for (const id of taken) await images.show({ url: `${images.proxy.url}/v1/images/${id}` });
  const peak = images.peakMemory();
  t.diagnostic(`peak memory: ${peak === undefined ? 'unknown' : Math.round(peak / MEGABYTE)} MB`);
  assert.ok(peak === undefined || peak < MOST_MEMORY, `${peak}`);
  for (const { row, answer } of answers) assertAnswer(row, answer);
});

test('the largest pictures that are taken, several at once: they take turns', async (t) => {
  const images = await startImageProxy(t, ENVIRONMENT);
  // As large as can be, and to be held whole while it is drawn.
  const giant = fileForm(jpegOfScans(8_192, 2, 3));

  const answers = await Promise.all(times(3, () => images.post({ body: giant })));

  for (const { status, text } of answers) assert.equal(status, 201, text);
  const peak = images.peakMemory();
  t.diagnostic(`peak memory: ${peak === undefined ? 'unknown' : Math.round(peak / MEGABYTE)} MB`);
  assert.ok(peak === undefined || peak < MOST_MEMORY_OF_GIANTS, `${peak}`);
});
