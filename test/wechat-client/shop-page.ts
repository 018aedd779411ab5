import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

export interface ShopPage {
  url: string;
  stop(): void;
}

/**
 * Serves one page, under every path, as a merchant has it: bridge.js in front, then the real weixin-js-sdk as `wx`.
 * `window.bridgeAtStart` says whether the bridge was there when the page's first script ran. Other origins may not
 * read it, as many frameworks have it by default.
 */
export async function serveShopPage(standInUrl: string): Promise<ShopPage> {
  const sdk = await readFile(createRequire(import.meta.url).resolve('weixin-js-sdk'), 'utf8');
  const page = `<!doctype html><html lang="en"><head><script src="${standInUrl}/client/bridge.js"></script>
<script>window.bridgeAtStart = 'WeixinJSBridge' in window;</script>
<title>Orange shop</title><meta charset="utf-8">
<script>var module = {};</script><script src="/sdk.js"></script><script>window.wx = module.exports;</script>
</head><body><h1>Orange shop</h1><button id="focused">Pay</button></body></html>`;
  const server = createServer((request, response) => {
    const isSdk = request.url === '/sdk.js';
    response.setHeader('cross-origin-resource-policy', 'same-origin');
    response.setHeader('content-type', isSdk ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isSdk ? sdk : page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
