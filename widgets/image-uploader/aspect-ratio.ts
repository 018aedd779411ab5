/** As CSS has it: `1`, `16/9`. Width by height; `undefined` of anything else, which leaves pictures as they are. */
export function parseAspectRatio(text: string): number | undefined {
  const [, width, height = 1] = /^\s*(\d*\.?\d+)\s*(?:\/\s*(\d*\.?\d+)\s*)?$/.exec(text) ?? [];
  const ratio = Number(width) / Number(height);
  return ratio > 0 && ratio < Number.POSITIVE_INFINITY ? ratio : undefined;
}

/** The largest part of a picture that has the ratio: its width and height, in whole pixels. */
export function cropTo(ratio: number | undefined, width: number, height: number): [number, number] {
  if (!ratio) return [width, height];
  return [Math.min(width, height * ratio), Math.min(height, width / ratio)].map((side) =>
    Math.max(1, Math.round(side)),
  ) as [number, number];
}
