import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const SOURCES = [path('../vite.config.ts'), path('../package-lock.json'), path('../widgets')];
const RESULTS = [path('../dist/widgets/widgets.js'), path('../dist/widgets/widgets.iife.js')];

/** Builds the widgets where they are missing or older than what they are made of. */
export async function buildStaleWidgets(): Promise<void> {
  const builtAt = Math.min(...RESULTS.map(changedAt));
  const changed = Math.max(...SOURCES.flatMap(withContents).map(changedAt));
  if (builtAt > changed) return;
  // Vite takes a while to load, so it is loaded only where there is something to build.
  const { buildWidgets } = await import('../widgets/build.ts');
  await buildWidgets();
}

function withContents(source: string): string[] {
  if (!statSync(source).isDirectory()) return [source];
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).map((name) => `${source}/${name}`);
}

/** Milliseconds since the epoch; 0 for what is not there. */
function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
