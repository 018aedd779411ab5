import type { ShareCard } from './share-card.ts';

/** What other apps read, by the attribute that names it: of the card, or a word that is always the same. */
const TAGS: [attribute: string, name: string, content: keyof ShareCard | 'website' | 'summary'][] = [
  ['property', 'og:title', 'title'],
  ['property', 'og:description', 'description'],
  ['property', 'og:url', 'link'],
  ['property', 'og:image', 'icon'],
  ['property', 'og:type', 'website'],
  ['itemprop', 'name', 'title'],
  ['itemprop', 'description', 'description'],
  ['itemprop', 'image', 'icon'],
  ['name', 'twitter:card', 'summary'],
  ['name', 'twitter:title', 'title'],
  ['name', 'twitter:description', 'description'],
  ['name', 'twitter:image', 'icon'],
];

interface Held {
  meta: HTMLMetaElement;
  /** What the page had in it; `undefined`: the tag is ours. */
  before: string | undefined;
  /** What we put into it. */
  content: string;
}

/** The tags in `<head>` that say to other apps what the card says to WeChat. A tag of the page's own is borrowed. */
export class HeadTags {
  private readonly _held = new Map<string, Held>();

  /** @param given what was asked for: where nothing was, a tag of the page's own is left alone */
  put(card: ShareCard, given: ShareCard): void {
    for (const [attribute, name, field] of TAGS) {
      const { [field as keyof ShareCard]: content = field } = card;
      const { [field as keyof ShareCard]: isAskedFor } = given;
      const own = this._find(attribute, name);
      if (content && (isAskedFor || !own)) this._put(attribute, name, content, own);
      else this._release(name + attribute);
    }
  }

  /** Everything is again as the page had it. */
  remove(): void {
    for (const key of [...this._held.keys()]) this._release(key);
  }

  private _put(attribute: string, name: string, content: string, own: HTMLMetaElement | undefined): void {
    const key = name + attribute;
    const last = this._held.get(key);
    // The page may have put in a tag of its own since, or taken it away.
    if (last && (!last.meta.isConnected || (own && own !== last.meta))) this._release(key);
    const held = this._held.get(key) ?? { meta: own ?? create(attribute, name), before: own?.content, content };
    // The page may have changed it since.
    if (held.before !== undefined && held.meta.content !== held.content) held.before = held.meta.content;
    held.content = content;
    // Only then: each writing wakes whoever watches the head, this element among them.
    if (held.meta.content !== content) held.meta.content = content;
    this._held.set(key, held);
  }

  private _release(key: string): void {
    const held = this._held.get(key);
    if (!held) return;
    this._held.delete(key);
    if (held.before === undefined) held.meta.remove();
    else if (held.meta.content === held.content) held.meta.content = held.before;
  }

  /** The page's own. */
  private _find(attribute: string, name: string): HTMLMetaElement | undefined {
    const all = document.head.querySelectorAll<HTMLMetaElement>(`meta[${attribute}="${name}"]`);
    const { meta, before } = this._held.get(name + attribute) ?? {};
    return [...all].find((each) => each !== meta || before !== undefined);
  }
}

function create(attribute: string, name: string): HTMLMetaElement {
  const meta = document.createElement('meta');
  meta.setAttribute(attribute, name);
  document.head.append(meta);
  return meta;
}
