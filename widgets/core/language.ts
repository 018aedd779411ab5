export type Language = 'zh-CN' | 'en';

/** One text in both languages. */
export type Text = readonly [zh: string, en: string];

/** Chinese for every kind of Chinese, else English. */
export function languageFrom(tag: string): Language {
  return /^zh\b/i.test(tag) ? 'zh-CN' : 'en';
}

/** The `lang` of the element, else of its nearest ancestor (out of shadow trees too), else the browser's language. */
export function languageOf(element: Element): Language {
  let at: Element | null = element;
  while (at) {
    const marked: Element | null = at.closest('[lang]:not([lang=""])');
    if (marked) return languageFrom(marked.getAttribute('lang')!);
    const root: Node = at.getRootNode();
    at = root instanceof ShadowRoot ? root.host : null;
  }
  return languageFrom(navigator.language);
}
