import type { ErrorText } from '../core/widget-error.ts';

const RETRY = ['请重试。', 'Try again.'] as const;
const LATER = ['请稍后重试。', 'Try again in a moment.'] as const;
const ANOTHER = ['请换一张图片。', 'Choose another picture.'] as const;
const NO_NETWORK: ErrorText = ['网络不畅，图片未能上传。', 'The connection is too poor to upload.', ...RETRY];

/** The errors that choosing and uploading pictures can end with, by their stable codes. */
export const UPLOADER_ERROR_TEXTS = {
  // The picture
  image_type_not_allowed: [
    '不支持这种文件。',
    'This kind of file is not supported.',
    '请选择 JPEG、PNG、GIF 或 WebP 图片。',
    'Choose a JPEG, PNG, GIF or WebP picture.',
  ],
  image_too_large: ['图片太大。', 'The picture is too large.', '请压缩后再上传。', 'Make it smaller and try again.'],
  image_too_many_pixels: ['图片尺寸太大。', 'The picture has too many pixels.', ...ANOTHER],
  image_too_many: ['图片数量已达上限。', 'No more pictures can be added.', '请先移除几张。', 'Remove some first.'],
  image_heic_unsupported: [
    '这台设备无法读取 HEIC 照片。',
    'This device cannot read HEIC photos.',
    '请在 iPhone 的“设置 → 相机 → 格式”中选择“兼容性最佳”后重新拍摄，或先将照片转换为 JPEG。',
    'On the iPhone, choose Settings → Camera → Formats → Most Compatible and take it again, or convert it to JPEG.',
  ],
  image_unreadable: [
    '无法读取图片。',
    'The picture cannot be read.',
    '它可能已被移动、删除或尚未下载，请重新选择。',
    'It may have been moved, deleted or not yet downloaded. Choose it again.',
  ],
  image_broken: ['图片已损坏。', 'The picture is damaged.', ...ANOTHER],
  image_suspicious: ['图片中含有不允许的内容。', 'The picture contains what pictures must not.', ...ANOTHER],
  media_not_found: ['图片在微信中已过期。', 'WeChat no longer has the picture.', ...RETRY],

  // The way to the proxy
  upload_stalled: NO_NETWORK,
  proxy_unreachable: NO_NETWORK,
  upload_unavailable: ['暂时无法上传图片。', 'Pictures cannot be uploaded right now.', ...LATER],
  upload_quota_exceeded: [
    '上传的图片太多了。',
    'You have uploaded too many pictures.',
    '请过一段时间再试。',
    'Try again later.',
  ],

  // Who uploads
  session_required: [
    '请先登录再上传图片。',
    'Sign in to upload pictures.',
    '登录后请重新打开本页面，或在微信中打开。',
    'Then open this page again, or open it in WeChat.',
  ],
  session_invalid: ['登录已失效。', 'You are no longer signed in.', '请重新登录后再试。', 'Sign in and try again.'],
  sign_in_failed: ['微信登录未完成。', 'The sign-in failed.', ...LATER],

  // WeChat
  jssdk_function_not_exist: [
    '当前微信版本无法选择图片。',
    'This version of WeChat cannot choose pictures.',
    '请升级微信。',
    'Update WeChat.',
  ],
  jssdk_failed: ['微信未能处理图片。', 'WeChat could not handle the picture.', ...RETRY],
} as const satisfies Record<string, ErrorText>;

export type UploaderErrorCode = keyof typeof UPLOADER_ERROR_TEXTS;

/** Which of the texts stands for a code that has none: whoever uploads a picture need not know whose fault it is. */
export function uploaderErrorKind(code: string): string {
  if (/^(session|oauth|page_insecure)/.test(code)) return 'sign_in_failed';
  if (/^(jssdk|bridge)_/.test(code)) return 'jssdk_failed';
  if (code === 'proxy_timeout' || code === 'request_timeout') return 'proxy_unreachable';
  return /_unavailable$|^(wechat|proxy|rate)_/.test(code) ? 'upload_unavailable' : code;
}
