import type { Text } from '../core/language.ts';

/** What the element says before it has loaded what it needs. */
export const TEXTS = {
  add: ['添加图片', 'Add pictures'],
  retry: ['重新加载', 'Try again'],
  required: ['请至少添加一张图片。', 'Add at least one picture.'],
} as const satisfies Record<string, Text>;
