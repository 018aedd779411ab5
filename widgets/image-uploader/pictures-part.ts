import { chooseInWechat, isWithoutChooser, readyToChoose } from './choose-in-wechat.ts';
import { KeptForm } from './kept-form.ts';
import { openPicture } from './open-picture.ts';
import { fileObstacle } from './picture-type.ts';
import { glide, Reorder, type ReorderWorld } from './reorder.ts';
import { handleKey } from './tile-keys.ts';
import { previewOf } from './tile-preview.ts';
import { asUploadError, uploadFailure } from './upload-error.ts';
import { uploadPicture } from './upload-picture.ts';
import { ensureSession, sessionObstacle } from './with-session.ts';

/** What is needed as soon as there are pictures, or, inside WeChat, to choose any. Loaded in idle time. */
export const picturesPart = {
  fileObstacle,
  previewOf,
  uploadPicture,
  asUploadError,
  uploadFailure,
  sessionObstacle,
  ensureSession,
  readyToChoose,
  chooseInWechat,
  isWithoutChooser,
  openPicture,
  glide,
  handleKey,
  createReorder: (world: ReorderWorld): Reorder => new Reorder(world),
  createKeptForm: (...of: ConstructorParameters<typeof KeptForm>): KeptForm => new KeptForm(...of),
};

export type PicturesPart = typeof picturesPart;
