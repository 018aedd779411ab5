import { fileURLToPath } from 'node:url';
import { type InlineConfig, type Plugin, transformWithOxc } from 'vite';

/**
 * Fields of classes become plain assignments: smaller than what Vite makes of them for ES2021, what Lit expects, and
 * their names can be shortened.
 */
const assignFields: Plugin = {
  name: 'assign-fields',
  enforce: 'pre',
  transform: {
    filter: { id: /\/widgets\/.*\.ts$/ },
    handler: (code, id) =>
      transformWithOxc(code, id, {
        target: 'es2021',
        // The project's own says ES2023, where fields are defined.
        tsconfig: false,
        assumptions: { setPublicClassFields: true },
        typescript: { removeClassFieldsWithoutInitializer: true },
      }),
  },
};

/** What all builds of the widgets have in common; `widgets/build.ts` says what each one adds. */
export default {
  root: fileURLToPath(new URL('widgets', import.meta.url)),
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  plugins: [assignFields],
  build: {
    outDir: fileURLToPath(new URL('dist/widgets', import.meta.url)),
    emptyOutDir: false,
    minify: 'oxc',
    reportCompressedSize: false,
    copyPublicDir: false,
  },
} satisfies InlineConfig;
