/** Builds everything in `dist/widgets`: `node widgets/build.ts`, or `buildWidgets()` from another program. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type InlineConfig, mergeConfig, type Plugin, type Rolldown } from 'vite';
import base from '../vite.config.ts';

const widgets = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const OUTPUT = widgets('../dist/widgets/');

const NOTICES = 'third-party-notices.txt';

/** One file each with everything in it, for a script tag: all elements, or one. */
const SCRIPTS = {
  widgets: 'index.ts',
  'image-uploader': 'image-uploader/index.ts',
  'order-card': 'order-card/index.ts',
  'pay-button': 'pay-button/index.ts',
  'share-meta': 'share-meta/index.ts',
};

/**
 * What the scripts load when they need it, each from a file of its own beside them: `<part>-<hash>.js`, whose name stands
 * for `<PART>_FILE` in them. `<part>.js` is for scripts that a browser has kept from an earlier version.
 */
const PARTS = {
  jssdk: ['weixin-js-sdk', 'core/wechat/jssdk-file.ts'],
  wechat: ['wechat', 'core/wechat/wechat-file.ts'],
  attempt: ['attempt', 'pay-button/attempt-file.ts'],
  native: ['native', 'pay-button/native-file.ts'],
  uploader: ['uploader', 'image-uploader/uploader-file.ts'],
  pictures: ['pictures', 'image-uploader/pictures-file.ts'],
  sharing: ['sharing', 'share-meta/sharing-file.ts'],
} as const;

/**
 * - `index.js`, `<element>/index.js`: ES2021 modules for npm; Lit and weixin-js-sdk stay imports.
 * - `widgets.js`, `<element>.js`: ES2021 modules for a script tag, Lit inside.
 * - `widgets.iife.js`: the same for old browsers, ES2019.
 * - `wechat-<hash>.js`, `weixin-js-sdk-<hash>.js`: what the scripts load when they are inside WeChat.
 * - `attempt-<hash>.js`: what they load for the first attempt to pay; `native-<hash>.js`: for a code to scan.
 * - `uploader-<hash>.js`: what they load where there is an `<image-uploader>`; `pictures-<hash>.js`: with its first picture.
 * - `sharing-<hash>.js`: what they load where there is a `<share-meta>`.
 * - `third-party-notices.txt`.
 */
export async function buildWidgets(): Promise<void> {
  const [modules, ...parts] = await Promise.all([
    buildModules(),
    ...Object.entries(PARTS).map(async ([part, [name, entry]]) => {
      const file = await buildScript(`${name}-[hash].js`, entry, 'iife');
      copyFileSync(OUTPUT + file, `${OUTPUT}${name}.js`);
      return { define: [`${part.toUpperCase()}_FILE`, JSON.stringify(file)], files: [file, `${name}.js`] };
    }),
  ]);
  const lazy = Object.fromEntries(parts.map(({ define }) => define));
  const scripts = await Promise.all([
    ...Object.entries(SCRIPTS).map(([name, entry]) => buildScript(`${name}.js`, entry, 'es', lazy)),
    // A classic script has no import.meta; it knows its address by document.currentScript.
    buildScript('widgets.iife.js', SCRIPTS.widgets, 'iife', { ...lazy, 'import.meta.url': '""' }),
  ]);
  writeFileSync(OUTPUT + NOTICES, notices());
  removeAllBut(new Set([NOTICES, ...parts.flatMap(({ files }) => files), ...modules, ...scripts]));
}

/** The licences of what the scripts contain, which ask to be passed on with them. */
function notices(): string {
  const licence = (name: string) => readFileSync(widgets(`../node_modules/${name}/LICENSE`), 'utf8').trim();
  return ['lit', 'weixin-js-sdk', 'lean-qr'].map((name) => `${name}\n\n${licence(name)}\n`).join('\n\n');
}

/** Only now, so that a proxy that serves the folder meanwhile misses nothing. */
function removeAllBut(files: Set<string>): void {
  for (const entry of readdirSync(OUTPUT, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !files.has(relative(OUTPUT, path).replaceAll('\\', '/'))) rmSync(path);
  }
}

function buildModules(): Promise<string[]> {
  return run({
    build: {
      target: 'es2021',
      minify: false,
      lib: { entry: widgets(SCRIPTS.widgets), formats: ['es'] },
      rolldownOptions: {
        external: ['lit', 'weixin-js-sdk', 'lean-qr/nano'],
        output: { preserveModules: true, preserveModulesRoot: widgets('.'), entryFileNames: '[name].js' },
      },
    },
  });
}

/** One file with everything in it; gives its name. */
async function buildScript(file: string, entry: string, format: 'es' | 'iife', define = {}): Promise<string> {
  const [name] = await run({
    plugins: [preferScripts, collapseStyles, collapseTemplates, dropCanvas],
    define,
    build: {
      target: format === 'iife' ? 'es2019' : 'es2021',
      lib: { entry: widgets(entry), formats: [format], name: 'weixinWidgets' },
      rolldownOptions: { output: { entryFileNames: file, minify: MINIFY, comments: false } },
    },
  });
  return name!;
}

/** Private members begin with an underscore, so that their names need not be sent to every phone. */
const MINIFY = {
  compress: true,
  mangle: true,
  codegen: { removeWhitespace: true },
  mangleProps: { include: /^_[a-z]\w+$/ },
};

/**
 * The indentation of stylesheets is for us, not for the payer’s data plan; nor is what Lit's `css` says of values in
 * them, since there are none.
 */
const collapseStyles: Plugin = {
  name: 'collapse-styles',
  enforce: 'pre',
  transform: {
    filter: { id: /\.styles\.ts$/ },
    handler: (code) => ({
      code: code
        .replace('{ css }', '{ unsafeCSS }')
        .replace(/(css)?(`\n[^`]*`)/, (_, css, text: string) =>
          css ? `unsafeCSS(${collapse(text)})` : collapse(text),
        ),
      map: null,
    }),
  },
};

/** Nor is that of templates; once the rest is minified, only they have lines. No white space between tags means anything. */
const collapseTemplates: Plugin = {
  name: 'collapse-templates',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk')
        chunk.code = chunk.code.replace(/(?<=>)\s*\n\s*|\s*\n\s*(?=<)/g, '').replace(/\s*\n\s*/g, ' ');
    }
  },
};

/** A code is drawn as SVG: what draws it on a canvas is left out. It is a method, which no bundler dares to drop. */
const dropCanvas: Plugin = {
  name: 'drop-canvas',
  transform: {
    filter: { id: /lean-qr\/nano/ },
    handler(code) {
      const rest = code.replace(/,u\(o,\{.+?putImageData\(e,0,0\)\}/s, '');
      if (rest === code) this.error('lean-qr is another version: look at it again.');
      return { code: rest, map: null };
    },
  },
};

function collapse(css: string): string {
  return css.replace(/\s+/g, ' ').replace(/ ?([{};,]) ?|(?<=:) /g, '$1');
}

/** In bundles for script tags, a module that has a `.script.ts` beside it is replaced by that. */
const preferScripts: Plugin = {
  name: 'prefer-scripts',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer?.endsWith('.ts') || !source.endsWith('.ts')) return null;
    const path = resolve(dirname(importer), source.replace(/\.ts$/, '.script.ts'));
    return existsSync(path) ? path : null;
  },
};

/** Gives the names of the files that were written. */
async function run(config: InlineConfig): Promise<string[]> {
  const [result] = (await build(mergeConfig(base, config))) as Rolldown.RolldownOutput[];
  return result!.output.map(({ fileName }) => fileName);
}

if (import.meta.main) await buildWidgets();
