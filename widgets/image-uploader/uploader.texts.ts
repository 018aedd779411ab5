import type { Text } from '../core/language.ts';

export const UPLOADER_TEXTS = {
  group: ['图片', 'Pictures'],
  add: ['添加图片', 'Add pictures'],
  required: ['必填', 'required'],
  retry: ['重试', 'Retry'],
  remove: ['移除', 'Remove'],
  forward: ['前移', 'Move forward'],
  back: ['后移', 'Move back'],
  again: ['请再点一次以添加图片。', 'Tap once more to add pictures.'],
  drop: ['松开以添加', 'Drop to add'],
  dropHint: ['可拖放或粘贴图片到这里。', 'You can drop or paste pictures here.'],
  keys: [
    '方向键选择，Alt 加方向键移动位置，Delete 键移除。',
    'Arrow keys select, Alt and an arrow key move, Delete removes.',
  ],
  uploading: ['正在上传', 'Uploading'],
  paused: ['网络已断开，恢复后会自动继续上传。', 'You are offline. Uploading goes on when you are back.'],
  allDone: ['图片已全部上传。', 'All pictures are uploaded.'],
  busy: ['图片还在上传，请稍候。', 'Pictures are still uploading. Please wait.'],
  failed: ['有图片未能上传，请重试或移除。', 'A picture was not uploaded. Retry or remove it.'],
} as const satisfies Record<string, Text>;

export const STATE_TEXTS = {
  queued: ['等待上传', 'waiting'],
  uploading: ['正在上传', 'uploading'],
  done: ['已上传', 'uploaded'],
  failed: ['上传失败', 'failed'],
} as const satisfies Record<string, Text>;

const plural = (count: number) => (count === 1 ? `${count} picture` : `${count} pictures`);

export const limitText = (max: number): Text => [`最多 ${max} 张。`, `Up to ${plural(max)}.`];
export const placeText = (place: number, count: number): Text => [
  `第 ${place} 张，共 ${count} 张`,
  `Picture ${place} of ${count}`,
];
/** What stands for a picture that has no name. */
export const numberText = (place: number): Text => [`第 ${place} 张`, `Picture ${place}`];
export const manyText = (count: number): Text => [` 等 ${count} 张`, ` and more, ${plural(count)}`];
export const addedText = (count: number): Text => [`已添加 ${count} 张图片。`, `${plural(count)} added.`];
export const movedText = (place: number, count: number): Text => [
  `已移到第 ${place} 位，共 ${count} 张。`,
  `Moved to place ${place} of ${count}.`,
];
export const removedText = (count: number): Text => [`已移除，还有 ${count} 张。`, `Removed. ${plural(count)} left.`];
