import { loadScript } from './load-script.ts';
import { partOf } from './part.ts';
import { scriptUrl } from './script-url.ts';

/**
 * For the builds for script tags: a part that only some pages need, from a file of its own. There is one for all copies
 * of the bundle.
 *
 * @param file its name as built, with its hash.
 * @throws WidgetError `script_unavailable`
 */
export async function loadPart<Part extends object>(name: string, file: string): Promise<Part> {
  const part = partOf<Part & { loaded?: Promise<unknown> | undefined }>(name);
  part.loaded ??= loadBeside(file);
  try {
    await part.loaded;
  } catch (error) {
    // It may pass: the next one who asks tries again.
    part.loaded = undefined;
    throw error;
  }
  return part;
}

/**
 * Loads a file from beside the widgets' own. Where a new version has taken its place since the widgets were cached, that
 * one does as well: it is there without a hash in its name.
 */
export function loadBeside(file: string): Promise<unknown> {
  return load(file).catch(() => load(file.replace(/-.{8}\./, '.')));
}

/** The proxy serves `/widgets.js` from the folder that it serves at `/widgets/`. */
function load(file: string): Promise<unknown> {
  const folder = new URL('.', scriptUrl);
  return loadScript(new URL(folder.pathname.endsWith('/widgets/') ? file : `widgets/${file}`, folder).href);
}
