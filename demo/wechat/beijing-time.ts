const OFFSET = 8 * 3600_000;

/** RFC 3339 in Beijing's time, as WeChat Pay writes it: `2018-06-08T10:34:56+08:00`. */
export function beijingTime(milliseconds: number): string {
  return `${new Date(milliseconds + OFFSET).toISOString().slice(0, 19)}+08:00`;
}

/** The digits of Beijing's date and time: `20180608103456`. */
export function beijingDigits(milliseconds: number): string {
  return beijingTime(milliseconds).slice(0, 19).replace(/\D/g, '');
}
