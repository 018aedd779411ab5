/** `3980` → `¥39.80`, by integers alone: floats round money wrongly. */
export function formatFen(fen: number): string {
  const digits = String(fen).padStart(3, '0');
  const yuan = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `¥${yuan}.${digits.slice(-2)}`;
}
