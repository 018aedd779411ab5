import { PayRefusal } from './pay-refusal.ts';

/** What WeChat Pay demands of one field; `label` is the name that its messages use. */
export interface FieldRule {
  label: string;
  type: 'string' | 'integer' | 'boolean' | 'object' | 'array';
  required?: boolean;
  /** Characters of a string, value of an integer. */
  min?: number;
  max?: number;
  pattern?: RegExp;
  /** Of an object, or of each object in an array. */
  fields?: FieldRules;
}

export type FieldRules = Record<string, FieldRule>;

const TYPE_NAMES = {
  string: '合法的字符串',
  integer: '合法的 64 位有符号整数',
  boolean: '合法的布尔值',
  object: '合法的对象',
  array: '合法的数组',
};

/**
 * Checks a body against the rules. Fields that no rule names are ignored, as WeChat Pay ignores them.
 * @throws PayRefusal 400 PARAM_ERROR, whose detail names the field
 */
export function checkFields(body: Record<string, unknown>, rules: FieldRules, path = ''): void {
  for (const [name, rule] of Object.entries(rules)) checkField(body[name], rule, `${path}/${name}`);
}

/** @throws PayRefusal 400 PARAM_ERROR where the body is no JSON object in UTF-8. */
export function parseBody(body: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (isObject(parsed)) return parsed;
  } catch {
    // Whatever is wrong with it, the answer is the same.
  }
  throw paramError('', undefined, '请求报文不是合法的 JSON 对象');
}

export function paramError(field: string, value: unknown, message: string): PayRefusal {
  const detail = { field, issue: message, location: 'body', value: value ?? null };
  return new PayRefusal(400, 'PARAM_ERROR', message, { detail });
}

function checkField(value: unknown, rule: FieldRule, path: string): void {
  const source = `“/body${path}”`;
  if (value === undefined) {
    if (!rule.required) return;
    throw paramError(path, value, `输入源${source}映射到字段“${rule.label}”必填性规则校验失败，此字段为必填项`);
  }
  if (!isOfType(value, rule.type)) {
    const needed = `此字段需要一个${TYPE_NAMES[rule.type]}`;
    throw paramError(path, value, `无法将 JSON 输入源${source}映射到目标字段“${rule.label}”中，${needed}`);
  }
  if (typeof value === 'string') checkString(value, rule, path, source);
  if (typeof value === 'number') checkInteger(value, rule, path, source);
  if (rule.type === 'object') checkFields(value as Record<string, unknown>, rule.fields ?? {}, path);
  if (rule.type === 'array') {
    const item: FieldRule = { label: rule.label, type: 'object', required: true, fields: rule.fields };
    for (const [index, entry] of (value as unknown[]).entries()) checkField(entry, item, `${path}/${index}`);
  }
}

function checkString(value: string, rule: FieldRule, path: string, source: string): void {
  const failed = (reason: string) =>
    paramError(path, value, `输入源${source}映射到值字段“${rule.label}”字符串规则校验失败，${reason}`);
  const characters = [...value];
  const min = rule.min ?? (rule.required ? 1 : 0);
  if (characters.length < min) throw failed(`字符数 ${characters.length}，小于最小值 ${min}`);
  if (rule.max && characters.length > rule.max) {
    throw failed(`字符数 ${characters.length}，大于最大值 ${rule.max}`);
  }
  if (rule.pattern && !rule.pattern.test(value)) throw failed(`字符串必须匹配正则表达式“${rule.pattern.source}”`);
  // Only characters of one to three bytes: https://pay.weixin.qq.com/doc/v3/merchant/4012081709
  if (characters.length !== value.length) throw failed('仅支持一至三个字节编码的 UTF-8 字符');
}

function checkInteger(value: number, rule: FieldRule, path: string, source: string): void {
  const failed = (reason: string) =>
    paramError(path, value, `输入源${source}映射到数值字段“${rule.label}”规则校验失败，${reason}`);
  if (rule.min !== undefined && value < rule.min) throw failed(`值低于最小值 ${rule.min}`);
  if (rule.max !== undefined && value > rule.max) throw failed(`值高于最大值 ${rule.max}`);
}

function isOfType(value: unknown, type: FieldRule['type']): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
