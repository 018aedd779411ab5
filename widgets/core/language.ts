export type Language = 'zh-CN' | 'en';

/** One text in both languages. */
export type Text = readonly [zh: string, en: string];

/** Chinese for every kind of Chinese, else English. */
export function languageFrom(tag: string): Language {
  return /^zh\b/i.test(tag) ? 'zh-CN' : 'en';
}

/** The `lang` of the element, else of its nearest ancestor (out of shadow trees too), else the browser's language. */
export function languageOf(element: Element): Language {
  const marked = element.closest('[lang]:not([lang=""])');
  if (marked) return languageFrom(marked.getAttribute('lang')!);
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? languageOf(root.host) : languageFrom(navigator.language);
}
