import { failure } from '../failure.ts';
import { SCRIPT_LOAD } from '../timing.ts';

/**
 * Loads and runs a script, by an element: ES2019 has no `import()`, and some browsers never try again what `import()`
 * could not get once. A Content-Security-Policy that lets the widgets load lets this load too, be it by origin or by
 * nonce.
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
    element.src = url;
    document.head.append(element);
  });
}
