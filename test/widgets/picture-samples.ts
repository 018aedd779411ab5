/** Pictures that a browser draws for tests, and some that it cannot draw. */

export interface Sample {
  width: number;
  height: number;
  type: string;
  /** Fine noise, so that it weighs what a photo does. */
  isNoisy?: boolean;
  /** Its right half lets the page show through. */
  isTransparent?: boolean;
}

/** The upper half is red, the lower half blue. */
export async function drawSample({ width, height, type, isNoisy, isTransparent }: Sample): Promise<Blob> {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#f00';
  context.fillRect(0, 0, width, height / 2);
  context.fillStyle = '#00f';
  context.fillRect(0, height / 2, width, height / 2);
  if (isNoisy) {
    const noise = context.getImageData(0, 0, width, height);
    noise.data.forEach((value, at) => {
      if (at % 4 !== 3) noise.data[at] = (value + Math.random() * 200) & 255;
    });
    context.putImageData(noise, 0, 0);
  }
  if (isTransparent) context.clearRect(width / 2, 0, width / 2, height);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob!), type, 0.95));
}

/** A JPEG that says of itself, as a phone's does, how it lies: EXIF's orientation. */
export async function withOrientation(jpeg: Blob, orientation: number): Promise<Blob> {
  const bytes = new Uint8Array(await jpeg.arrayBuffer());
  const exif = [
    [0xff, 0xe1, 0x00, 0x22], // APP1, 34 bytes
    [...'Exif\0\0'].map((letter) => letter.charCodeAt(0)),
    [0x4d, 0x4d, 0x00, 0x2a, 0, 0, 0, 8], // TIFF, big-endian, its first directory
    [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0],
  ].flat();
  return new Blob([bytes.subarray(0, 2), Uint8Array.from(exif), bytes.subarray(2)], { type: 'image/jpeg' });
}

const fromBase64 = (base64: string, type: string) =>
  new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type });

/** What an iPhone's photo begins with; no browser but Safari reads the rest. */
export const heic = () => new Blob(['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'x'.repeat(200)]);

/** Two frames of 4 by 4. */
export const animatedWebp = () =>
  fromBase64(
    'UklGRpQAAABXRUJQVlA4WAoAAAACAAAAAwAAAwAAQU5JTQYAAAD/////AQBBTk1GMAAAAAAAAAAAAAMAAAMAAGQAAAJWUDggGAAAADABAJ0BKgQABAABQCYlpAADcAD+/PQAAEFOTUYwAAAAAAAAAAAAAwAAAwAAZAAAAFZQOCAYAAAANAEAnQEqBAAEAAAAJiWkAANwAP79NmgA',
    'image/webp',
  );

/** 64 by 48, green. */
export const avif = () =>
  fromBase64(
    'AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAANZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAAA+gABAAAAAAAAACMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABhdjAxAAAAAA5waXRtAAAAAAABAAAAVmlwcnAAAAA4aXBjbwAAAAxhdjFDgSACAAAAABRpc3BlAAAAAAAAAEAAAAAwAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAgMAAAArbWRhdBIACgk4FX+9pAQ0GkAyFBxCYuTgABYAAJe/PYq3g6yy/Okg',
    'image/avif',
  );

export const gif = () => fromBase64('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'image/gif');

/** The colours in the middles of a picture's upper, right, lower and left part, by their strongest channel. */
export async function lookAt(picture: Blob | HTMLCanvasElement): Promise<{ size: [number, number]; colours: string }> {
  const bitmap = await createImageBitmap(picture);
  const canvas = document.createElement('canvas');
  const { width, height } = bitmap;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const at = (x: number, y: number) => {
    const [red = 0, green = 0, blue = 0, alpha] = context.getImageData(width * x, height * y, 1, 1).data;
    if (!alpha) return 'none';
    return red > Math.max(green, blue) ? 'red' : blue > green ? 'blue' : 'green';
  };
  return { size: [width, height], colours: [at(0.5, 0.2), at(0.8, 0.5), at(0.5, 0.8), at(0.2, 0.5)].join(' ') };
}
