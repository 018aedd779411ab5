/** Where the page is shown. Paying by `jsapi` and the JS-SDK work in `wechat` only. */
export type Host = 'wechat' | 'mini-program' | 'enterprise-wechat' | 'browser';
export type Platform = 'ios' | 'android' | 'windows' | 'mac' | 'other';

/** What a page can see of the client that it is in. */
export interface Traces {
  userAgent: string;
  /** `window.__wxjs_environment` */
  wxjsEnvironment?: string | undefined;
  /** `window.__wxjs_is_wkwebview` */
  isWkWebView?: boolean | undefined;
  /** `navigator.maxTouchPoints` */
  touchPoints?: number | undefined;
  /** `navigator.platform` */
  platform?: string | undefined;
  /** `(pointer: coarse)`: it is used by a finger rather than by a mouse. */
  isCoarse?: boolean | undefined;
}

/** Looked at anew each time: clients set `__wxjs_environment` only when their bridge is there. */
export function currentTraces(): Traces {
  const page = window as { __wxjs_environment?: string; __wxjs_is_wkwebview?: boolean };
  return {
    userAgent: navigator.userAgent,
    wxjsEnvironment: page.__wxjs_environment,
    isWkWebView: page.__wxjs_is_wkwebview,
    touchPoints: navigator.maxTouchPoints,
    platform: navigator.platform,
    isCoarse: matchMedia('(pointer: coarse)').matches,
  };
}

export function detectHost({ userAgent, wxjsEnvironment }: Traces): Host {
  // Enterprise WeChat calls itself MicroMessenger too, so it comes first.
  if (/wxwork\//i.test(userAgent)) return 'enterprise-wechat';
  if (!/MicroMessenger/i.test(userAgent)) return 'browser';
  if (wxjsEnvironment === 'miniprogram' || /miniProgram/i.test(userAgent)) return 'mini-program';
  return 'wechat';
}

/** A phone or a tablet: what pays by itself, and can hold no code in front of its own camera. */
export function isMobile({ userAgent, touchPoints = 0, platform = '', isCoarse = false }: Traces): boolean {
  // HarmonyOS says of a computer that it is one. An iPad may call itself a Mac, but no Mac can be touched.
  if (/\(PC;/.test(userAgent)) return false;
  if (/Android|iPhone|iPad|iPod|Harmony|Mobile/i.test(userAgent)) return true;
  if (/Macintosh/.test(userAgent)) return touchPoints > 1;
  // Android, where it asks for the desktop's page.
  return /X11; Linux/.test(userAgent) && /arm|aarch/.test(platform) && isCoarse;
}

/** The simulator is on the platform that it simulates. */
export function detectPlatform({ userAgent, isWkWebView }: Traces): Platform {
  if (/WindowsWechat/i.test(userAgent)) return 'windows';
  if (/MacWechat/i.test(userAgent)) return 'mac';
  if (/Android/i.test(userAgent)) return 'android';
  // An iPad may call itself a Mac; only the web-view of iOS sets the flag.
  if (/iPhone|iPad|iPod/i.test(userAgent) || isWkWebView) return 'ios';
  if (/Windows/i.test(userAgent)) return 'windows';
  if (/Macintosh/i.test(userAgent)) return 'mac';
  return 'other';
}
