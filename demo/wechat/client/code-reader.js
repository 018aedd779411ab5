/** Longest sides at which a picture is tried: a code that fills it is found small, one in the corner of a screen large. */
const SIDES = [1200, 2400, 640];
const FIRST_FRAME = 3000; // ms

let decoder;

/** jsQR is a classic script and large; it comes when the first picture does. */
function loadDecoder() {
  decoder ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/client/jsqr.js';
    script.onload = () => resolve(window.jsQR);
    script.onerror = () => {
      decoder = undefined;
      reject(new Error('jsqr.js'));
    };
    document.head.append(script);
  });
  return decoder;
}

/**
 * The text of the QR code in a picture, or null where there is none.
 *
 * @param {Blob | ImageBitmap} picture
 * @throws {DOMException} where the file is no picture
 */
export async function readCode(picture) {
  const [jsQR, bitmap] = await Promise.all([loadDecoder(), createImageBitmap(picture)]);
  const longest = Math.max(bitmap.width, bitmap.height);
  const scales = new Set(SIDES.map((side) => Math.min(1, side / longest)));
  for (const scale of scales) {
    const { data, width, height } = pixels(bitmap, scale);
    const found = jsQR(data, width, height);
    if (found?.data) return found.data;
  }
  return null;
}

function pixels(bitmap, scale) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.fillStyle = '#fff'; // what is transparent is paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Whether this browser can be asked for a picture of the screen. */
export const canSeeScreen = Boolean(navigator.mediaDevices?.getDisplayMedia);

/**
 * One frame of a screen, window or tab of the user's choice.
 *
 * @returns {Promise<ImageBitmap>}
 * @throws {DOMException} NotAllowedError where the user says no
 */
export async function screenFrame() {
  // The chosen tab would come to the front, and the phone be gone.
  const controller = 'CaptureController' in window ? new window.CaptureController() : undefined;
  controller?.setFocusBehavior('no-focus-change');
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: true, ...(controller && { controller }) });
  try {
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = stream;
    await video.play();
    await firstFrame(video);
    return await createImageBitmap(video);
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

/** Some browsers play before they have a picture; some never say that they have one. */
function firstFrame(video) {
  return new Promise((resolve) => {
    if (!video.requestVideoFrameCallback) return resolve();
    video.requestVideoFrameCallback(resolve);
    setTimeout(resolve, FIRST_FRAME);
  });
}
