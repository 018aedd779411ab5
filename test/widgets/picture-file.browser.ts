import { expect } from '@open-wc/testing';
import type { WidgetError } from '../../widgets/core/widget-error.ts';
import { parseAspectRatio } from '../../widgets/image-uploader/aspect-ratio.ts';
import { drawPreview } from '../../widgets/image-uploader/picture-preview.ts';
import { preparePicture } from '../../widgets/image-uploader/prepare-picture.ts';
import { animatedWebp, avif, drawSample, gif, heic, lookAt, withOrientation } from './picture-samples.ts';

const LIMITS = { maxEdge: 200, maxSize: 10_000_000 };

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    ({ code }: WidgetError) => code,
  );
}

/** For as long as `run` takes, the browser lacks what an older one lacks. */
async function without<T>(name: 'createImageBitmap', run: () => Promise<T>): Promise<T> {
  const had = window[name];
  Reflect.deleteProperty(window, name);
  try {
    return await run();
  } finally {
    window[name] = had;
  }
}

describe('what is uploaded of a picture', () => {
  it('is the file as it is, where it is small and upright', async () => {
    for (const type of ['image/jpeg', 'image/png', 'image/webp']) {
      const file = await drawSample({ width: 200, height: 100, type });
      expect(await preparePicture(file, LIMITS)).to.equal(file);
    }
  });

  it('is smaller where it was too large', async () => {
    const file = await drawSample({ width: 400, height: 1000, type: 'image/jpeg' });
    const prepared = await preparePicture(file, LIMITS);
    expect(prepared.type).to.equal('image/jpeg');
    const { size, colours } = await lookAt(prepared);
    expect(size).to.deep.equal([80, 200]);
    expect(colours).to.match(/^red .* blue .*$/);
  });

  // Where the red half is, once the picture is turned as its EXIF says.
  for (const [orientation, size, colours] of [
    [2, [400, 200], /^red \S+ blue/],
    [3, [400, 200], /^blue \S+ red/],
    [4, [400, 200], /^blue \S+ red/],
    [5, [200, 400], /^\S+ blue \S+ red$/],
    [6, [200, 400], /^\S+ red \S+ blue$/],
    [7, [200, 400], /^\S+ red \S+ blue$/],
    [8, [200, 400], /^\S+ blue \S+ red$/],
  ] as const) {
    it(`is upright where EXIF says ${orientation}`, async () => {
      const file = await withOrientation(
        await drawSample({ width: 400, height: 200, type: 'image/jpeg' }),
        orientation,
      );
      for (const maxEdge of [400, 200]) {
        const scale = maxEdge / 400;
        const limits = { ...LIMITS, maxEdge };
        const [bitmap, image] = [
          await preparePicture(file, limits),
          await without('createImageBitmap', () => preparePicture(file, limits)),
        ];
        for (const prepared of [bitmap, image]) {
          const seen = await lookAt(prepared);
          expect(seen.size).to.deep.equal(size.map((side) => side * scale));
          expect(seen.colours).to.match(colours);
          expect(new TextDecoder('latin1').decode(await prepared.slice(0, 100).arrayBuffer())).not.to.include('Exif');
        }
      }
    });
  }

  it('is the file itself where nothing is to be changed about it', async () => {
    const large = await withOrientation(await drawSample({ width: 400, height: 200, type: 'image/jpeg' }), 6);
    expect(await preparePicture(large, { ...LIMITS, maxEdge: 0 })).to.equal(large);
  });

  it('keeps what shows through', async () => {
    const type = 'image/png';
    const file = await drawSample({ width: 400, height: 400, type, isTransparent: true });
    const prepared = await preparePicture(file, LIMITS);
    expect(prepared.type).to.equal('image/png');
    const { size, colours } = await lookAt(prepared);
    expect(size).to.deep.equal([200, 200]);
    expect(colours).to.include('none');
    const opaque = await preparePicture(await drawSample({ width: 400, height: 400, type }), LIMITS);
    expect(opaque.type).to.equal('image/jpeg');
  });

  it('is what moves as it is', async () => {
    for (const file of [gif(), animatedWebp()])
      expect(await preparePicture(file, { ...LIMITS, maxEdge: 1 })).to.equal(file);
  });

  it('is a JPEG of what the proxy does not take but the browser can read', async () => {
    const prepared = await preparePicture(avif(), LIMITS);
    expect(prepared.type).to.equal('image/jpeg');
    expect(await lookAt(prepared)).to.deep.equal({ size: [64, 48], colours: 'green green green green' });
  });

  it('is nothing of HEIC that the browser cannot read: it says what to do', async () => {
    const preparing = preparePicture(heic(), LIMITS);
    const error: WidgetError = await preparing.then(
      () => expect.fail(),
      (thrown) => thrown,
    );
    expect(error.code).to.equal('image_heic_unsupported');
    expect(error.remedy['zh-CN']).to.include('兼容性最佳');
  });

  it('is nothing of what is no picture, or cannot be read', async () => {
    expect(await codeOf(preparePicture(new Blob(['%PDF-1.7']), LIMITS))).to.equal('image_type_not_allowed');
    const moved = { slice: () => ({ arrayBuffer: () => Promise.reject(new Error('moved')) }) };
    expect(await codeOf(preparePicture(moved as unknown as Blob, LIMITS))).to.equal('image_unreadable');
  });

  it('is the file as it is where it cannot be drawn: the proxy knows what to say', async () => {
    const whole = await drawSample({ width: 400, height: 400, type: 'image/jpeg' });
    const broken = new Blob([await whole.slice(0, 20).arrayBuffer(), 'x'.repeat(500)]);
    expect(await preparePicture(broken, LIMITS)).to.equal(broken);
  });

  it('has as many bytes as it may have: less exactly, then smaller, and refused where that is not enough', async () => {
    const file = await drawSample({ width: 200, height: 200, type: 'image/png', isNoisy: true });
    const prepare = (maxSize: number, maxEdge = 200) => preparePicture(file, { maxEdge, maxSize });
    const [exact, coarse, small] = [await prepare(file.size - 1), await prepare(20_000), await prepare(4_000)];
    expect([exact.type, coarse.type, small.type]).to.deep.equal(Array(3).fill('image/jpeg'));
    expect(coarse.size).to.be.within(10_000, 20_000);
    expect(small.size).to.be.within(2_000, 4_000);
    expect((await lookAt(coarse)).size).to.deep.equal([200, 200]);
    expect((await lookAt(small)).size[0]).to.be.within(80, 180);
    expect(await codeOf(prepare(500))).to.equal('image_too_large');
    expect(await codeOf(prepare(file.size - 1, 0))).to.equal('image_too_large');
  });

  it('lets show through what did, where that takes few enough bytes, else stands on white', async () => {
    const type = 'image/png';
    const file = await drawSample({ width: 300, height: 300, type, isNoisy: true, isTransparent: true });
    const prepare = (maxSize: number) => preparePicture(file, { maxEdge: 200, maxSize });
    const [whole, onWhite] = [await prepare(file.size), await prepare(20_000)];
    expect([whole.type, onWhite.type]).to.deep.equal([type, 'image/jpeg']);
    expect((await lookAt(onWhite)).size).to.deep.equal([200, 200]);
    const bitmap = await createImageBitmap(onWhite);
    const context = document.createElement('canvas').getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    expect(Math.min(...context.getImageData(bitmap.width - 20, 100, 1, 1).data)).to.be.greaterThan(240);
  });

  describe('that is cropped', () => {
    it('is its middle, with the ratio that was asked for, upright and no larger than it may be', async () => {
      const lying = await drawSample({ width: 400, height: 300, type: 'image/jpeg' });
      const upright = await withOrientation(lying, 6);
      for (const [file, ratio, maxEdge, size] of [
        [lying, '1', 200, [200, 200]],
        [lying, '1/1', 0, [300, 300]],
        [lying, '8/5', 200, [200, 125]],
        [lying, '.5', 2000, [150, 300]],
        [upright, '2', 2000, [300, 150]],
        [upright, '1', 173, [173, 173]],
      ] as const) {
        for (const old of [false, true]) {
          const limits = { ...LIMITS, maxEdge, ratio: parseAspectRatio(ratio) };
          const prepare = () => preparePicture(file, limits);
          const prepared = old ? await without('createImageBitmap', prepare) : await prepare();
          const seen = await lookAt(prepared);
          expect(seen.size, ratio).to.deep.equal(size);
          expect(seen.colours).to.match(file === lying ? /^red \S+ blue/ : /^\S+ red \S+ blue$/);
        }
      }
    });

    it('is the file as it is, where it has that ratio', async () => {
      const file = await drawSample({ width: 160, height: 90, type: 'image/png' });
      expect(await preparePicture(file, { ...LIMITS, ratio: 16 / 9 })).to.equal(file);
    });

    it('stands still, since only then it can be cropped', async () => {
      const { size } = await lookAt(await preparePicture(animatedWebp(), { ...LIMITS, ratio: 2 }));
      expect(size).to.deep.equal([4, 2]);
    });

    it('is cropped to what is a ratio, and not to anything else', () => {
      const ratios = ['1', ' 16 / 9 ', '1.5', '.5/2', '', 'auto', '0', '1/0', '-1', '1:1', '1/', 'NaN', '1e3'];
      const parsed = [1, 16 / 9, 1.5, 0.25, ...Array(9).fill(undefined)];
      expect(ratios.map(parseAspectRatio)).to.deep.equal(parsed);
    });
  });

  it('is decoded one at a time', async () => {
    const native = window.createImageBitmap;
    let [under, most] = [0, 0];
    window.createImageBitmap = (async (...given: Parameters<typeof native>) => {
      most = Math.max(most, ++under);
      try {
        return await native(...given);
      } finally {
        under--;
      }
    }) as typeof native;
    try {
      const file = await drawSample({ width: 400, height: 400, type: 'image/jpeg' });
      await Promise.all([1, 2, 3].map(() => preparePicture(file, LIMITS)));
      expect(most).to.equal(1);
    } finally {
      window.createImageBitmap = native;
    }
  });

  it('is not decoded at all where nobody wants it any more', async () => {
    const file = await drawSample({ width: 400, height: 400, type: 'image/jpeg' });
    const abort = new AbortController();
    abort.abort();
    const preparing = preparePicture(file, LIMITS, abort.signal);
    expect(await preparing.catch(({ name }) => name)).to.equal('AbortError');
  });
});

describe('the preview of a picture', () => {
  it('is small and upright', async () => {
    const file = await withOrientation(await drawSample({ width: 400, height: 200, type: 'image/jpeg' }), 6);
    const canvas = await drawPreview(file, 100);
    const { size, colours } = await lookAt(canvas!);
    expect(size).to.deep.equal([50, 100]);
    expect(colours).to.match(/^\S+ red \S+ blue$/);
  });

  it('is of every type that the browser can show, and not enlarged', async () => {
    for (const file of [gif(), animatedWebp(), avif()]) {
      const canvas = await drawPreview(file, 1000);
      expect(canvas!.width).to.be.lessThan(100);
    }
  });

  it('is none where the browser cannot', async () => {
    expect(await drawPreview(heic(), 100)).to.equal(undefined);
    expect(await drawPreview(new Blob(['hello']), 100)).to.equal(undefined);
  });

  it('is there without bitmaps too', async () => {
    const file = await drawSample({ width: 400, height: 200, type: 'image/webp' });
    const canvas = await without('createImageBitmap', () => drawPreview(file, 100));
    expect([canvas!.width, canvas!.height]).to.deep.equal([100, 50]);
  });
});
