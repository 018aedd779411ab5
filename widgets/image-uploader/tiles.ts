import type { TemplateResult } from 'lit';
import type { Text } from '../core/language.ts';
import type { Picture } from './queue.ts';
import { numberText, placeText, STATE_TEXTS, UPLOADER_TEXTS } from './uploader.texts.ts';
import type { UploaderHost } from './uploader-host.ts';

/** What can be done with a tile. */
export interface TileActions {
  open(id: string): void;
  retry(id: string): void;
  remove(id: string): void;
  /** By so many places. */
  shift(id: string, by: number): void;
  preview(picture: Picture): Promise<HTMLElement | undefined>;
}

interface Tile {
  item: HTMLLIElement;
  preview?: HTMLElement | undefined;
}

/** The tiles of the pictures. Each stays the same element wherever it goes, so that nothing is drawn twice. */
export class Tiles {
  /** The tile that the key Tab goes to; arrow keys make it another one. */
  current: string | undefined;
  /** The tile that a long press has picked up. */
  picked: string | undefined;

  private readonly _host: UploaderHost;
  private readonly _actions: TileActions;
  private _tiles = new Map<string, Tile>();

  constructor(host: UploaderHost, actions: TileActions) {
    this._host = host;
    this._actions = actions;
  }

  get items(): HTMLElement[] {
    return [...this._tiles.values()].map(({ item }) => item);
  }

  /** The picture that an element of its tile belongs to. */
  idOf(element: EventTarget | null): string | undefined {
    const item = (element as Element | null)?.closest?.('li');
    return [...this._tiles].find(([, tile]) => tile.item === item)?.[0];
  }

  itemOf(id: string): HTMLElement | undefined {
    return this._tiles.get(id)?.item;
  }

  focus(id: string): void {
    this._tiles.get(id)?.item.querySelector<HTMLElement>('.picture')?.focus();
  }

  /** How many stand in a row. */
  get columns(): number {
    const { items } = this;
    const other = items.findIndex(({ offsetTop }) => offsetTop > items[0]!.offsetTop);
    return other < 0 ? items.length : other;
  }

  render(pictures: readonly Picture[]): HTMLElement[] {
    this._tiles = new Map(
      pictures.map((picture) => [picture.id, this._tiles.get(picture.id) ?? this._create(picture)]),
    );
    if (!this._tiles.has(this.current!)) this.current = pictures[0]?.id;
    if (!this._tiles.has(this.picked!)) this.picked = undefined;
    return pictures.map((picture, index) => {
      const { item, preview } = this._tiles.get(picture.id)!;
      item.className = `item ${picture.state}`;
      item.classList.toggle('picked', picture.id === this.picked);
      this._host.render(this._content(picture, index, pictures.length, preview), item);
      return item;
    });
  }

  private _create(picture: Picture): Tile {
    const tile: Tile = { item: document.createElement('li') };
    tile.item.setAttribute('part', 'item');
    this._actions.preview(picture).then(
      (preview) => {
        tile.preview = preview;
        this._host.update();
      },
      () => {},
    );
    return tile;
  }

  private _content(picture: Picture, index: number, count: number, preview?: HTMLElement): TemplateResult {
    const { html, say, isDisabled } = this._host;
    const { id, state } = picture;
    const { open, retry, remove } = this._actions;
    const place = say(placeText(index + 1, count));
    // Phones call every picture image.jpg.
    const name = `${say(numberText(index + 1))} ${picture.name}`.trim();
    const stop = id === this.current ? 0 : -1;
    const label = [place, picture.name, say(STATE_TEXTS[state])].filter(Boolean).join(say(['，', ', ']));
    return html`
      <button type="button" part="picture" class="picture" tabindex=${stop} aria-label=${label} @click=${() => open(id)}>
        ${preview ?? ICON(html)}
      </button>
      ${state === 'queued' || state === 'uploading' ? this._progress(picture, name) : ''}
      ${
        state === 'failed' && !isDisabled
          ? this._button('retry', UPLOADER_TEXTS.retry, name, stop, () => retry(id), say(UPLOADER_TEXTS.retry))
          : ''
      }
      ${id === this.picked ? this._arrows(id, name, index, count) : ''}
      ${isDisabled ? '' : this._button('remove', UPLOADER_TEXTS.remove, name, stop, () => remove(id), '')}
    `;
  }

  private _progress({ state, loaded, total }: Picture, name: string): TemplateResult {
    const { html, say } = this._host;
    const percent = total ? Math.floor((loaded / total) * 100) : 0;
    // WeChat says nothing until it is done; and the proxy looks at what it got before it answers.
    const isKnown = loaded > 0 && percent < 100;
    return html`
      <span
        part="progress"
        class=${isKnown || state === 'queued' ? 'progress' : 'progress turning'}
        role="progressbar"
        aria-label=${say(UPLOADER_TEXTS.uploading) + say(['', ' ']) + name}
        aria-valuenow=${percent}
      >
        <svg viewBox="0 0 40 40" aria-hidden="true">
          <circle cx="20" cy="20" r="16" />
          <circle cx="20" cy="20" r="16" pathLength="100" stroke-dasharray="${isKnown ? percent : state === 'queued' ? 0 : 25} 100" />
        </svg>
        ${isKnown ? `${percent}%` : ''}
      </span>
    `;
  }

  /** Without dragging: taps move what is picked up. */
  private _arrows(id: string, name: string, index: number, count: number): TemplateResult {
    const { shift } = this._actions;
    return this._host.html`
      ${index ? this._button('forward', UPLOADER_TEXTS.forward, name, 0, () => shift(id, -1), '‹') : ''}
      ${index < count - 1 ? this._button('back', UPLOADER_TEXTS.back, name, 0, () => shift(id, 1), '›') : ''}
    `;
  }

  private _button(
    kind: string,
    text: Text,
    name: string,
    stop: number,
    act: () => void,
    label: string,
  ): TemplateResult {
    const { html, say } = this._host;
    return html`
      <button type="button" part=${kind} class=${kind} tabindex=${stop} aria-label=${say(text) + say(['', ' ']) + name} @click=${act}>
        <span class="face">${label}</span>
      </button>
    `;
  }
}

const ICON = (html: UploaderHost['html']) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01" />
  </svg>
`;
