import type { Text } from '../core/language.ts';

export const PREVIEW_TEXTS = {
  preview: ['分享预览', 'Share preview'],
  chat: ['聊天中的样子', 'In a chat'],
  moments: ['朋友圈中的样子', 'In Moments'],
  noTitle: ['未设置标题', 'No title'],
} as const satisfies Record<string, Text>;
