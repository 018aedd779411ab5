/** What remains until `expiresAt`: `mm:ss`, with hours in front where there are any; `undefined` once it is over. */
export function timeLeft(expiresAt: string, serverNow: number): string | undefined {
  const seconds = Math.ceil((Date.parse(expiresAt) - serverNow) / 1000);
  if (!(seconds > 0)) return undefined;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const clock = `${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${clock}` : clock;
}
