import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { parseHeader } from '../../widgets/image-uploader/picture-header.ts';
import { accepts, fileObstacle, pictureTypeOf, typeOf } from '../../widgets/image-uploader/picture-type.ts';

const picture = () => sharp({ create: { width: 40, height: 30, channels: 3, background: '#2bb673' } });
const ftyp = (brands: string) => Buffer.from(`\0\0\0\x18ftyp${brands}\0\0\0\0`, 'latin1');
const aFile = (bytes: Uint8Array, name = 'image.jpg') => new File([new Uint8Array(bytes)], name);

describe('what a file is', () => {
  it('is told by its bytes, whatever it is called', async () => {
    for (const [type, bytes] of [
      ['image/jpeg', await picture().jpeg().toBuffer()],
      ['image/png', await picture().png().toBuffer()],
      ['image/gif', await picture().gif().toBuffer()],
      ['image/webp', await picture().webp().toBuffer()],
      ['image/avif', await picture().avif().toBuffer()],
      ['image/heic', ftyp('heic\0\0\0\0mif1heic')],
      ['image/heic', ftyp('mif1\0\0\0\0mif1heic')],
      ['image/heic', ftyp('heix\0\0\0\0mif1')],
      ['image/avif', ftyp('mif1\0\0\0\0mif1avif')],
      [undefined, ftyp('mp42\0\0\0\0isommp42')],
      [undefined, Buffer.from('%PDF-1.7')],
      [undefined, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
      [undefined, Buffer.from('RIFF1234WAVEfmt ')],
      [undefined, Buffer.alloc(0)],
    ] as const) {
      assert.equal(await pictureTypeOf(aFile(bytes, 'photo.pdf')), type);
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parseHeader(bytes)));
    const starts = ['ffd8ffe1', 'ffd8ffffc0', '89504e470d0a1a0a', '474946383961', '52494646000000005745425056503858'];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 200 }), (start, rest) => {
        assert.notEqual(parseHeader(Uint8Array.from([...Buffer.from(start, 'hex'), ...rest])).type, undefined);
      }),
    );
  });

  it('is let through by a list as browsers read it', () => {
    assert.ok(accepts('image/jpeg,image/png', 'image/png'));
    assert.ok(accepts(' .JPG , .heif', 'image/jpeg'));
    assert.ok(accepts('.heif', 'image/heic'));
    assert.ok(accepts('image/*', 'image/webp'));
    assert.ok(accepts('', 'image/gif'));
    assert.ok(!accepts('image/jpeg', 'image/gif'));
    assert.ok(!accepts('video/*', 'image/gif'));
  });

  it('keeps what is no picture, is not wanted, or cannot be read out', async () => {
    const jpeg = aFile(await picture().jpeg().toBuffer());
    assert.equal(await fileObstacle(jpeg, 'image/*'), undefined);
    assert.equal((await fileObstacle(jpeg, 'image/png'))?.code, 'image_type_not_allowed');
    assert.equal((await fileObstacle(aFile(Buffer.from('%PDF')), ''))?.code, 'image_type_not_allowed');
    assert.equal((await fileObstacle(aFile(Buffer.alloc(0)), ''))?.code, 'image_unreadable');
    const moved = {
      size: 5,
      slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('', 'NotReadableError')) }),
    };
    assert.equal((await fileObstacle(moved as unknown as Blob, ''))?.code, 'image_unreadable');
  });
});

describe('what a picture says of itself', () => {
  it('is its size as shown, and how it lies', async () => {
    for (const orientation of [1, 3, 6, 8]) {
      const bytes = await picture().withMetadata({ orientation }).jpeg().toBuffer();
      const [width, height] = orientation > 4 ? [30, 40] : [40, 30];
      assert.deepEqual(parseHeader(bytes), { type: 'image/jpeg', orientation, width, height });
    }
    assert.deepEqual(parseHeader(await picture().jpeg({ progressive: true }).toBuffer()), {
      type: 'image/jpeg',
      orientation: 1,
      width: 40,
      height: 30,
    });
    assert.deepEqual(parseHeader(await picture().png().toBuffer()), { type: 'image/png', width: 40, height: 30 });
  });

  it('is whether it moves', async () => {
    const frames = Buffer.alloc(2 * 4 * 4 * 3).fill(255, 0, 4 * 4 * 3);
    const moving = sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } });
    assert.equal(parseHeader(await moving.webp().toBuffer()).isAnimated, true);
    assert.equal(parseHeader(await picture().webp().toBuffer()).isAnimated, false);
    assert.equal(parseHeader(await picture().gif().toBuffer()).isAnimated, true);
  });

  it('is still read where bytes were put between, or the file ends too early', async () => {
    const bytes = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const padded = Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff, 0xff]), bytes.subarray(2)]);
    assert.equal(parseHeader(padded).orientation, 6);
    const cut = bytes.subarray(0, 200);
    assert.deepEqual(parseHeader(cut), { type: 'image/jpeg', orientation: 6 });
    assert.equal(typeOf(bytes.subarray(0, 2)), undefined);
  });
});
