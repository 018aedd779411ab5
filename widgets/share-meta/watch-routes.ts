/**
 * Calls back after each change of the address within the page, by the page's router or by the user. The page's `history`
 * is wrapped where it is: what a page has put around it itself, before or after, goes on working.
 */
export function watchRoutes(listener: () => void): void {
  for (const method of ['pushState', 'replaceState'] as const) {
    const owner = Object.hasOwn(history, method) ? history : History.prototype;
    const original = owner[method];
    owner[method] = function (this: History, ...route) {
      original.apply(this, route);
      listener();
    };
  }
  for (const type of ['popstate', 'hashchange']) addEventListener(type, listener);
}
