import { SHARED, shared } from './shared.ts';

const slot = (name: string) => `${name}-script@2`;

/** Where the file of a part leaves what it brings. */
export function partOf<Part extends object>(name: string): Part {
  return shared(slot(name), () => ({})) as Part;
}

/** What the file of a part does, once it is loaded by `loadPart`. */
export function bringPart(name: string, part: object): void {
  const page = globalThis as unknown as { [SHARED]: Record<string, object> };
  Object.assign(page[SHARED][slot(name)]!, part);
}
