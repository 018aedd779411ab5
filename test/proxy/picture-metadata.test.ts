/** What is kept of a picture: how it looks, upright and in sRGB. Where, when, by whom and by what it was taken is nobody's business. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import ExifReader from 'exifreader';
import sharp from 'sharp';
import { times } from './harness.ts';
import { type Answered, fileForm, type ImageProxy, startImageProxy } from './image-proxy.ts';
import {
  ADOBE_RGB,
  animatedWebp,
  type Colour,
  cameraExif,
  chunk,
  colourAt,
  corners,
  DISPLAY_P3,
  GIF_PALETTE,
  gif,
  gifExtension,
  iccProfile,
  iccSegment,
  iptc,
  jpeg,
  type Orientation,
  orientationExif,
  type Pixels,
  paint,
  png,
  readGif,
  readJpeg,
  readPng,
  readWebp,
  segment,
  toSrgb,
  turned,
  webp,
  withSegments,
  xmp,
  zlibOf,
} from './pictures.ts';

/** In every text of the metadata. */
const MARK = 'planted-mark';
/** What a reader finds in any file of its type: that it is one, and how large. */
const PLAIN = /^(?:file|jfif|pngFile|riff|gif|composite|png: (?:Image|Pixel|Bit|Color|Compression|Filter|Interlace))/;
const ORIENTATIONS: Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];
/** A picture in four rows of four fields. */
const SIXTEEN = times(16, (index) => [index >> 2, index & 3] as const);
/** What a JPEG of good quality changes. */
const LOSS = 12;

const folder = mkdtempSync(join(tmpdir(), 'weixin-widgets-pictures-'));
after(() => rmSync(folder, { recursive: true }));

let decoded = 0;

/** The pixels of a file, or of all its frames, one below the other. From a file: in this process too, the proxy lets nothing else be opened. */
async function decode(picture: Buffer): Promise<Pixels> {
  const path = join(folder, String(decoded++));
  writeFileSync(path, picture);
  const { data, info } = await sharp(path, { animated: true }).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { width, height, channels: channels as Pixels['channels'], data };
}

async function upload(images: ImageProxy, picture: Buffer): Promise<{ image: Answered['json']; bytes: Buffer }> {
  const { status, json, text } = await images.post({ body: fileForm(picture) });
  assert.equal(status, 201, text);
  return { image: json, bytes: await images.show(json) };
}

function assertLike(actual: Pixels, expected: Pixels, tolerance: number, about: string): void {
  assert.deepEqual([actual.width, actual.height], [expected.width, expected.height], about);
  for (const [row, column] of SIXTEEN) {
    // In the middle of each field: compression blurs edges.
    const at = [
      Math.floor(((column + 0.5) / 4) * expected.width),
      Math.floor(((row + 0.5) / 4) * expected.height),
    ] as const;
    const [is, should] = [actual, expected].map((pixels) => colourAt(pixels, ...at).slice(0, 3));
    assertColour(is!, should!, tolerance, `${about}, at ${at}`);
  }
}

function assertColour(actual: Colour, expected: Colour, tolerance: number, about: string): void {
  const difference = Math.max(...expected.map((value, index) => Math.abs(value - actual[index]!)));
  assert.ok(actual.length >= expected.length && difference <= tolerance, `${about}: ${actual}, not ${expected}`);
}

/** What a reader tells beyond what any file has. */
async function metadataOf(picture: Buffer): Promise<string[]> {
  const groups = Object.entries(await ExifReader.load(picture, { expanded: true, async: true }));
  const names = groups.flatMap(([group, tags]) => Object.keys(tags).map((tag) => `${group}: ${tag}`));
  return names.filter((name) => !PLAIN.test(name));
}

/** In each form in which text is kept. */
function holds(picture: Buffer, text: string): boolean {
  const wide = Buffer.from(text, 'utf16le');
  return [Buffer.from(text), wide, Buffer.from(wide).swap16()].some((bytes) => picture.includes(bytes));
}

/** What the file consists of, beyond what a picture needs. */
function extras(type: string, bytes: Buffer): string[] {
  if (type === 'image/jpeg') {
    const { segments, trailer } = readJpeg(bytes);
    // JFIF, quantization, frame, Huffman, restarts, scan, and the Adobe segment that tells YCC from RGB.
    const needed = [0xe0, 0xdb, 0xc0, 0xc1, 0xc2, 0xc4, 0xdd, 0xda, 0xee];
    return [...segments.map(({ marker }) => marker).filter((marker) => !needed.includes(marker)), ...trailer].map(
      String,
    );
  }
  if (type === 'image/png') {
    const { types, trailer } = readPng(bytes);
    const needed = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'sRGB', 'gAMA', 'cHRM', 'pHYs', 'bKGD', 'sBIT'];
    return [...types.filter((name) => !needed.includes(name)), ...trailer].map(String);
  }
  if (type === 'image/gif') {
    const { extensions, trailer } = readGif(bytes);
    return [...extensions.filter((name) => name !== 'NETSCAPE2.0'), ...trailer].map(String);
  }
  const { types, trailer } = readWebp(bytes);
  return [...types.filter((name) => !['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF'].includes(name)), ...trailer].map(
    String,
  );
}

async function fullOfMetadata(): Promise<Record<string, { picture: Buffer; planted: string[] }>> {
  const thumbnail = withSegments(await jpeg(paint(16, 8, () => [1, 2, 3])), segment(0xfe, MARK));
  const exif = cameraExif(MARK, { thumbnail });
  const packet = xmp(MARK);
  const profile = iccProfile(DISPLAY_P3, `${MARK} P3`);
  const text = (keyword: string) => chunk('tEXt', `${keyword}\0${MARK}`);
  const frame = { width: 64, height: 32, colour: 0, delay: 100 };
  const xmpSegment = segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${packet}`));
  return {
    'a JPEG': {
      picture: withSegments(
        await jpeg(corners()),
        segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif])),
        xmpSegment,
        segment(0xed, iptc(MARK)),
        iccSegment(profile),
        segment(0xec, `Ducky${MARK}`),
        segment(0xfe, `${MARK} comment`),
      ),
      planted: ['exif', 'gps', 'Thumbnail', 'xmp', 'iptc', 'icc'],
    },
    'a PNG': {
      picture: png(corners(), {
        chunks: [
          chunk('iCCP', Buffer.concat([Buffer.from('P3\0\0'), zlibOf(profile)])),
          chunk('eXIf', exif),
          chunk('tIME', Buffer.from([0x07, 0xea, 11, 22, 10, 0, 0])),
          ...['Author', 'Software', 'Comment', 'Raw profile type exif'].map(text),
          chunk('zTXt', Buffer.concat([Buffer.from('Copyright\0\0'), zlibOf(Buffer.from(MARK))])),
          chunk('iTXt', Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${packet}`)),
          chunk('prVt', MARK),
        ],
      }),
      planted: ['exif', 'gps', 'png', 'pngText', 'xmp', 'icc'],
    },
    'a WebP': {
      picture: await webp(corners(), { exif, xmp: packet, icc: profile }),
      planted: ['exif', 'gps', 'xmp', 'icc'],
    },
    'a GIF': {
      picture: gif({
        width: 64,
        height: 32,
        loop: 0,
        frames: [frame, { ...frame, colour: 1 }],
        extensions: [gifExtension(0xfe, '', `${MARK} comment`), gifExtension(0xff, 'XMP DataXMP', packet)],
      }),
      planted: [],
    },
  };
}

test('pictures as they are kept', async (t) => {
  const images = await startImageProxy(t);

  for (const [what, { picture, planted }] of Object.entries(await fullOfMetadata())) {
    await t.test(`of ${what} full of metadata, nothing but the picture`, async () => {
      assert.ok(holds(picture, MARK), 'planted');
      const found = await metadataOf(picture);
      for (const group of planted) {
        assert.ok(
          found.some((name) => name.startsWith(`${group}: `)),
          `the reader can read them: ${found}`,
        );
      }

      const { image, bytes } = await upload(images, picture);

      assert.deepEqual(await metadataOf(bytes), []);
      assert.ok(!holds(bytes, MARK));
      assert.deepEqual(extras(image.type, bytes), []);
    });
  }

  await t.test('a smaller copy tells no more than the picture', async () => {
    const { 'a JPEG': camera } = await fullOfMetadata();
    const large = withSegments(
      await jpeg(corners(640, 320)),
      ...readJpeg(camera!.picture)
        .segments.slice(0, 6)
        .map(({ marker, payload }) => segment(marker, payload)),
    );
    const { image } = await upload(images, large);
    const small = await images.show(image, 160);

    assert.deepEqual([await metadataOf(small), extras('image/jpeg', small), holds(small, MARK)], [[], [], false]);
    assertLike(await decode(small), corners(160, 80), 40, 'smaller');
  });

  const upright = corners();
  const oriented: Record<string, (stored: Pixels, orientation: Orientation) => Promise<Buffer> | Buffer> = {
    JPEG: async (stored, orientation) =>
      withSegments(
        await jpeg(stored),
        segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), orientationExif(orientation)])),
      ),
    PNG: (stored, orientation) => png(stored, { chunks: [chunk('eXIf', orientationExif(orientation))] }),
    WebP: (stored, orientation) => webp(stored, { exif: orientationExif(orientation) }),
  };
  for (const [type, make] of Object.entries(oriented)) {
    await t.test(`a ${type} is upright, however the camera was held`, async () => {
      for (const orientation of ORIENTATIONS) {
        const { image, bytes } = await upload(images, await make(turned(upright, orientation), orientation));

        assert.deepEqual([image.width, image.height], [upright.width, upright.height], `orientation ${orientation}`);
        assertLike(await decode(bytes), upright, type === 'PNG' ? 0 : 30, `orientation ${orientation}`);
      }
    });
  }

  await t.test('an orientation that there is not is none', async () => {
    for (const orientation of [0, 9, 65_535] as number[] as Orientation[]) {
      const { bytes } = await upload(images, await oriented.JPEG!(upright, orientation));
      assertLike(await decode(bytes), upright, 30, String(orientation));
    }
  });

  for (const [name, space] of Object.entries({ 'Display P3': DISPLAY_P3, 'Adobe RGB': ADOBE_RGB })) {
    await t.test(`colours of ${name} are the same in sRGB`, async () => {
      const profile = iccProfile(space, name);
      const colours = [
        [120, 160, 90],
        [200, 90, 60],
        [60, 90, 190],
        [128, 128, 128],
      ];
      const pixels = paint(64, 64, (x, y) => colours[(x < 32 ? 0 : 1) + (y < 32 ? 0 : 2)]!);
      const files = {
        JPEG: withSegments(await jpeg(pixels, 100), iccSegment(profile)),
        PNG: png(pixels, { chunks: [chunk('iCCP', Buffer.concat([Buffer.from('P3\0\0'), zlibOf(profile)]))] }),
        WebP: await webp(pixels, { icc: profile }),
      };
      for (const [type, file] of Object.entries(files)) {
        const kept = await decode((await upload(images, file)).bytes);
        for (const [index, colour] of colours.entries()) {
          const expected = toSrgb(colour, space);
          const at = [index % 2 ? 48 : 16, index < 2 ? 16 : 48] as const;
          assertColour(colourAt(kept, ...at), expected, type === 'PNG' ? 3 : LOSS / 2, `${type}, ${colour}`);
        }
      }
      const differs = colours.map((colour) =>
        Math.max(...toSrgb(colour, space).map((value, i) => Math.abs(value - colour[i]!))),
      );
      assert.ok(Math.max(...differs) > LOSS, 'it would show');
    });
  }

  await t.test('a CMYK JPEG is one of red, green and blue', async () => {
    const { data, ...raw } = corners();
    const cmyk = await sharp(data, { raw }).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    const { bytes } = await upload(images, cmyk);

    const kept = await decode(bytes);
    assert.equal(readJpeg(cmyk).segments.find(({ marker }) => marker === 0xc0)!.payload[5], 4, 'it has four channels');
    assert.equal(readJpeg(bytes).segments.find(({ marker }) => marker === 0xc0 || marker === 0xc2)!.payload[5], 3);
    // Ink cannot show all that light can.
    assertLike(kept, corners(), 90, 'CMYK');
  });

  await t.test('grey stays grey', async () => {
    const grey = paint(32, 32, (x) => [x * 8]);
    for (const file of [await jpeg(grey), png(grey)]) {
      const kept = await decode((await upload(images, file)).bytes);
      for (const x of [0, 8, 16, 31]) assertColour(colourAt(kept, x, 16).slice(0, 1), [x * 8], LOSS, `at ${x}`);
    }
  });

  await t.test('a PNG of 16 bits looks the same', async () => {
    const wide = paint(64, 32, (x, y) => colourAt(upright, x, y).flatMap((value) => [value, 0x80]));
    const { image, bytes } = await upload(images, png({ ...wide, channels: 3 }, { bitDepth: 16 }));

    assert.equal(image.type, 'image/png');
    const { data, ...size } = await decode(bytes);
    assertLike({ data, ...size }, upright, 1, '16 bits');
  });

  await t.test('what is transparent stays so', async () => {
    const glass = paint(32, 32, (x, y) => (x < 16 ? [200, 30, 30, 0] : [30, 30, 200, y < 16 ? 128 : 255]));
    const grey = paint(32, 32, (x) => [100, x < 16 ? 0 : 255]);
    const palette = png(
      paint(32, 32, (x) => [x < 16 ? 0 : 1]),
      {
        colourType: 3,
        chunks: [chunk('PLTE', Buffer.from([200, 30, 30, 30, 30, 200])), chunk('tRNS', Buffer.from([0, 255]))],
      },
    );
    const files = { PNG: png(glass), WebP: await webp(glass), 'grey PNG': png(grey), 'PNG with a palette': palette };
    for (const [type, file] of Object.entries(files)) {
      const kept = await decode((await upload(images, file)).bytes);
      const alphaAt = (x: number, y: number) => colourAt(kept, x, y).slice(-1);
      assertColour(alphaAt(4, 4), [0], 4, `${type}, clear`);
      assertColour(alphaAt(28, 28), [255], 4, `${type}, solid`);
      if (file === files.PNG || file === files.WebP) assertColour(alphaAt(28, 4), [128], 8, `${type}, half`);
    }
  });

  const frames = [40, 100, 250].map((delay, index) => ({ width: 40, height: 30, colour: index, delay }));
  const animations: Record<string, [Buffer, (bytes: Buffer) => { delays: number[]; loop?: number }]> = {
    GIF: [gif({ width: 40, height: 30, loop: 3, frames }), readGif],
    'GIF that never ends': [gif({ width: 40, height: 30, loop: 0, frames }), readGif],
    'GIF that is shown once': [gif({ width: 40, height: 30, frames }), readGif],
    WebP: [animatedWebp(40, 30, 3, frames), readWebp],
    'WebP that never ends': [animatedWebp(40, 30, 0, frames), readWebp],
    'WebP that is shown once': [animatedWebp(40, 30, 1, frames), readWebp],
  };
  for (const [type, [file, read]] of Object.entries(animations)) {
    await t.test(`an animated ${type} goes on moving as it did`, async () => {
      const { image, bytes } = await upload(images, file);

      assert.deepEqual([image.width, image.height], [40, 30]);
      const { delays, loop } = read(bytes);
      assert.deepEqual({ delays, loop }, { delays: read(file).delays, loop: read(file).loop });
      const kept = await decode(bytes);
      assert.equal(kept.height, 90);
      for (const [index, { colour }] of frames.entries())
        assertColour(colourAt(kept, 20, index * 30 + 15), GIF_PALETTE[colour]!, LOSS, `frame ${index}`);
    });
  }

  await t.test('a smaller copy of an animation moves, too', async () => {
    const large = frames.map((frame) => ({ ...frame, width: 400, height: 300 }));
    const { image } = await upload(images, gif({ width: 400, height: 300, loop: 0, frames: large }));
    const { delays, loop } = readGif(await images.show(image, 160));

    assert.deepEqual({ delays, loop }, { delays: [40, 100, 250], loop: 0 });
  });
});
