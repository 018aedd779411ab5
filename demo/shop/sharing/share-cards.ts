import type { Language } from '../messages.ts';
import type { ShareCard } from './share-card.ts';
import { ownCard, type SharedPage } from './shared-page.ts';

/** A card that the merchant has made. What is empty in it, the page says of itself. */
export interface SavedCard extends ShareCard {
  page: SharedPage;
  language: Language;
  /** RFC 3339. */
  savedAt: string;
}

/** Kept in memory, as the books are. A real shop has a table here, with language and path as its key. */
export class ShareCards {
  readonly #cards = new Map<string, SavedCard>();

  /** In the place of an earlier one. One that says nothing is none. */
  save(card: SavedCard): void {
    const key = keyOf(card.page.path, card.language);
    this.#cards.delete(key);
    if (card.title || card.description || card.icon) this.#cards.set(key, card);
  }

  remove({ path }: SharedPage, language: Language): void {
    this.#cards.delete(keyOf(path, language));
  }

  find({ path }: SharedPage, language: Language): SavedCard | undefined {
    return this.#cards.get(keyOf(path, language));
  }

  /** Latest first. */
  all(language: Language): SavedCard[] {
    return [...this.#cards.values()].filter((card) => card.language === language).reverse();
  }

  /** What the page shows: the card of this very address, else the page's, else what the page says of itself. */
  cardOf(page: SharedPage, language: Language): ShareCard & { link: string } {
    const saved = this.find(page, language) ?? this.find({ ...page, path: page.plainPath }, language);
    const own = ownCard(page, language);
    return {
      title: saved?.title || own.title,
      description: saved?.description || own.description,
      icon: saved?.icon || own.icon,
      // Whatever WeChat or anybody else has appended to the address is not passed on.
      link: saved?.page.path ?? page.plainPath,
    };
  }
}

function keyOf(path: string, language: Language): string {
  return `${language} ${path}`;
}
