import type { CardRow } from './account-chat.ts';
import { ApiRefusal } from './api-refusal.ts';
import { linesOf, type Template } from './templates.ts';

/** What a key's kind lets its value be; the kind is the key without its number. */
const KINDS: Record<string, RegExp> = {
  thing: /^.{1,20}$/u,
  number: /^(?=.{1,32}$)-?\d+(\.\d+)?$/,
  letter: /^[A-Za-z]{1,32}$/,
  symbol: /^[^\p{L}\p{N}\p{Cc}]{1,5}$/u,
  character_string: /^[\x20-\x7e]{1,32}$/,
  time: /^(\d{4}[年/-]\d{1,2}[月/-]\d{1,2}日?)? ?(\d{1,2}:\d{2}(:\d{2})?)?([~-]\d.*)?$/,
  date: /^\d{4}[年/-]\d{1,2}[月/-]\d{1,2}日?( \d{1,2}:\d{2}(:\d{2})?)?$/,
  amount: /^[¥￥$€£]?\d{1,10}(\.\d+)?元?$/,
  phone_number: /^[\d+\-() ]{1,17}$/,
  car_number: /^.{1,8}$/u,
  name: /^([\p{Script=Han}·]{1,10}|[A-Za-z .·\-\p{P}]{1,20})$/u,
  phrase: /^\p{Script=Han}{1,5}$/u,
};
/** They may be empty: they only frame what is told. */
const FRAME = ['first', 'remark'];

/**
 * The lines of the card. The data has the template's keys, all of them and no others.
 * @throws ApiRefusal 47003, which names the key
 * @see https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg.html
 */
export function readTemplateData(template: Template, data: unknown): CardRow[] {
  if (!isObject(data)) throw new ApiRefusal(47003, 'argument invalid! data is empty');
  const strange = Object.keys(data).find((key) => !template.keys.includes(key));
  if (strange !== undefined) throw new ApiRefusal(47003, `argument invalid! data.${strange} is not in the template`);
  return linesOf(template).map(({ key, label }) => {
    const item = data[key];
    const value = isObject(item) ? item.value : undefined;
    if (value === undefined || value === null || (value === '' && !FRAME.includes(key))) {
      throw new ApiRefusal(47003, `argument invalid! data.${key}.value is empty`);
    }
    if (typeof value !== 'string' || !isOfKind(key, value)) {
      throw new ApiRefusal(47003, `argument invalid! data.${key}.value invalid`);
    }
    const color = (item as Record<string, unknown>).color;
    return { key, label, value, ...(template.kind === 'template' && isColor(color) && { color }) };
  });
}

function isOfKind(key: string, value: string): boolean {
  const kind = /^(.+?)\d+$/.exec(key)?.[1] ?? '';
  return !Object.hasOwn(KINDS, kind) || KINDS[kind]!.test(value);
}

/** Others are as if they were not there. */
function isColor(color: unknown): color is string {
  return typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
