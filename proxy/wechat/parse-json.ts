/**
 * What a body holds; undefined where it is not JSON, which no schema takes. Whole numbers that would lose digits, such
 * as ids of messages, stay text.
 */
export function parseJson(body: Buffer | string): unknown {
  return parse(body, (value) => !Number.isInteger(value) || Number.isSafeInteger(value));
}

/** The same, with every number as text, as XML has it. */
export function parseJsonAsText(body: Buffer | string): unknown {
  return parse(body, () => false);
}

/** What `JSON.parse` calls, as ECMAScript 2026 has it: with the text that a value was written as. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

function parse(body: Buffer | string, isKept: (value: number) => boolean): unknown {
  const revive: Reviver = (_, value, { source }) => (typeof value === 'number' && !isKept(value) ? source : value);
  try {
    return JSON.parse(body.toString(), revive as (key: string, value: unknown) => unknown);
  } catch {
    return undefined;
  }
}
