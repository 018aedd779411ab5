import { BRIDGE_READY } from '../timing.ts';

/** What a client hands to the callback of `invoke`; every client adds fields of its own. */
export interface BridgeAnswer {
  err_msg?: string;
  err_code?: string | number;
  err_desc?: string;
  [field: string]: unknown;
}

/** The object that WeChat's in-app browser puts into the page. */
export interface Bridge {
  invoke(name: string, args: Record<string, unknown>, callback: (answer: BridgeAnswer) => void): void;
}

/**
 * The bridge, as soon as it is there: clients put it in while the page loads, some after the page's own scripts.
 *
 * @throws what `missing` makes, after a time limit.
 */
export function bridgeReady(missing: () => Error): Promise<Bridge> {
  return new Promise((resolve, reject) => {
    const found = () => {
      const { WeixinJSBridge } = window as { WeixinJSBridge?: Bridge };
      if (!WeixinJSBridge) return false;
      document.removeEventListener('WeixinJSBridgeReady', found);
      clearTimeout(timer);
      resolve(WeixinJSBridge);
      return true;
    };
    const timer = setTimeout(() => {
      if (found()) return;
      document.removeEventListener('WeixinJSBridgeReady', found);
      reject(missing());
    }, BRIDGE_READY);
    if (!found()) document.addEventListener('WeixinJSBridgeReady', found);
  });
}

/** One call through the bridge. It takes as long as the user takes; where nothing comes, `undefined` after the limit. */
export function invokeBridge(
  bridge: Bridge,
  name: string,
  args: Record<string, unknown>,
  limit: number,
): Promise<BridgeAnswer | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), limit);
    bridge.invoke(name, args, (answer) => {
      clearTimeout(timer);
      resolve(answer ?? {});
    });
  });
}
