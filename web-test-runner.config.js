import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { playwrightLauncher } from '@web/test-runner-playwright';
import { buildStaleWidgets } from './demo/build-stale-widgets.ts';
import { findBrowser } from './test/find-browser.ts';
import { startScriptedProxy } from './test/widgets/scripted-proxy.ts';

const [browser, proxy] = await Promise.all([findBrowser(), startScriptedProxy(), buildStaleWidgets()]);

export default {
  files: 'test/widgets/**/*.browser.ts',
  rootDir: import.meta.dirname,
  nodeResolve: { exportConditions: ['production', 'default'], browser: true },
  concurrency: 1,
  concurrentBrowsers: 1,
  browserStartTimeout: 60_000,
  testsFinishTimeout: 180_000,
  testFramework: { config: { timeout: 20_000 } },
  browsers: [
    playwrightLauncher({
      product: 'chromium',
      launchOptions: browser,
      createBrowserContext: ({ browser }) =>
        browser.newContext({ locale: 'zh-CN', viewport: { width: 375, height: 812 } }),
    }),
  ],
  testRunnerHtml: (framework) => `<!doctype html>
    <html lang="zh-CN">
      <head><title>Widgets</title><meta name="scripted-proxy" content="${proxy.url}"></head>
      <body><main></main><script type="module" src="${framework}"></script></body>
    </html>`,
  plugins: [
    esbuildPlugin({ ts: true, target: 'es2022' }),
    {
      name: 'weixin-js-sdk-as-module',
      // It is CommonJS; bundlers see to that by themselves.
      async serve({ path }) {
        if (path !== '/node_modules/weixin-js-sdk/index.js') return undefined;
        const source = await readFile('node_modules/weixin-js-sdk/index.js', 'utf8');
        return { body: `const module = {};\n${source}\nexport default module.exports;`, type: 'js' };
      },
    },
    {
      name: 'an-earlier-version',
      // What a browser has kept of the widgets, while the proxy has moved on.
      async serve({ path }) {
        if (!path.startsWith('/earlier/widgets/')) return undefined;
        const file = path.replace('/earlier/', 'dist/');
        const isHashed = /-.{8}\.js$/.test(file) && existsSync(file.replace(/-.{8}\.js$/, '.js'));
        return isHashed ? undefined : { body: await readFile(file, 'utf8'), type: 'js' };
      },
    },
    { name: 'stop-scripted-proxy', serverStop: () => proxy.stop() },
  ],
};
