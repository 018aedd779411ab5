/** A call of the JS-SDK, as `weixin-js-sdk` takes and changes it. */
export type JssdkCall = Record<string, unknown> & { complete?: (result: JssdkResult) => void };

export type JssdkResult = Record<string, unknown> & { errMsg?: string };

/** The part of `weixin-js-sdk` that the adapter touches; the package's own types lack half of it. */
export interface WeixinJsSdk {
  config(options: Record<string, unknown>): void;
  miniProgram: {
    navigateTo(call: { url: string; success: () => void; fail: (result: JssdkResult) => void }): void;
  };
}

/** An interface by its name, as `jsApiList` has it. */
export type JssdkInterface = ((call: JssdkCall) => void) | undefined;
