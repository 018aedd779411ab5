import { failure } from './failure.ts';
import { shared } from './shared.ts';
import { SCRIPT_LOAD } from './timing.ts';

interface TrustedTypes {
  createPolicy(name: string, rules: object): { createScriptURL(url: string): string };
}

/**
 * Loads and runs a script, by an element: ES2019 has no `import()`, and some browsers never try again what `import()`
 * could not get once. A Content-Security-Policy that lets the widgets load lets this load too, be it by origin or by
 * nonce; where it names Trusted Types, it names `weixin-widgets` and `lit-html`.
 *
 * @throws WidgetError `script_unavailable`
 */
export function loadScript(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = document.createElement('script');
    const fail = () => {
      element.remove();
      reject(failure('script_unavailable', { detail: url }));
    };
    setTimeout(fail, SCRIPT_LOAD);
    element.onerror = fail;
    element.onload = () => resolve();
    element.nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '';
    element.src = trustedUrl(url);
    document.head.append(element);
  });
}

/** For pages that require Trusted Types: a policy may be made once a page. */
function trustedUrl(url: string): string {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  if (!trustedTypes) return url;
  const rules = { createScriptURL: (address: string) => address };
  return shared('trusted@1', () => trustedTypes.createPolicy('weixin-widgets', rules)).createScriptURL(url);
}
