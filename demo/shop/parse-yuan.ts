/** What people type before and after the digits, and digits and points as Chinese keyboards may give them. */
const DECORATION = /^[¥￥]|元$/g;
const FULL_WIDTH = /[０-９．，]/g;

/**
 * `12.5` → `1250`: yuan as typed, in fen. Nothing is rounded: the digits are moved, not calculated with.
 * A comma may part thousands (`1,280.00`) or stand for the point (`12,50`). `undefined` for anything else, and for zero.
 */
export function parseYuan(typed: string): number | undefined {
  const text = typed
    .replace(FULL_WIDTH, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0))
    .replace(/\s/g, '')
    .replace(DECORATION, '');
  const plain = /^\d{1,3}(,\d{3})+(\.\d*)?$/.test(text) ? text.replaceAll(',', '') : text.replace(',', '.');
  const parts = /^(\d{1,8})(?:\.(\d{0,2}))?$/.exec(plain);
  if (!parts) return undefined;
  return Number(parts[1]! + (parts[2] ?? '').padEnd(2, '0')) || undefined;
}
