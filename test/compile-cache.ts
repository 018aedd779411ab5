/**
 * For the test runner to import: what Node makes of the sources is kept for all test files, and for the proxies and
 * demos that they start. A file that has changed is compiled again.
 * https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
 */
import { fileURLToPath } from 'node:url';

process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url));
