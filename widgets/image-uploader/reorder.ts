/** How far a mouse or finger moves before it means it, in CSS pixels. */
const SLOP = 8;
/** How long a finger, or a mouse that stays where it is, presses before it has picked a tile up. */
const LONG_PRESS = 350;

/** What moving tiles needs of their list. */
export interface ReorderWorld {
  /** The tiles in their order. */
  tiles(): HTMLElement[];
  mayMove(): boolean;
  move(tile: HTMLElement, to: number): void;
  /** A long press that moved nothing: the tile is picked up, and can be moved by taps. */
  pick(tile: HTMLElement): void;
}

interface Press {
  tile: HTMLElement;
  pointerId: number;
  x: number;
  y: number;
  timer: ReturnType<typeof setTimeout>;
  /** Where the tiles were when this one was lifted. */
  places?: DOMRect[];
  /** How far the page was scrolled then. */
  scroll: number;
  from: number;
  to: number;
}

/**
 * Moving tiles by a long press of a finger, or by dragging with a mouse. HTML's own drag and drop knows no fingers.
 * Until it ends, tiles are only shown elsewhere: a pointer that is taken out of the page loses its press.
 */
export class Reorder {
  private readonly _world: ReorderWorld;
  private _press: Press | undefined;
  private _endedAt = Number.NEGATIVE_INFINITY;

  constructor(world: ReorderWorld) {
    this._world = world;
  }

  /** `pointerdown` on a tile. */
  start(event: PointerEvent, tile: HTMLElement): void {
    if (this._press || event.button || !event.isPrimary || !this._world.mayMove()) return;
    const { clientX: x, clientY: y, pointerId } = event;
    const timer = setTimeout(() => this._lift(), LONG_PRESS);
    this._press = { tile, pointerId, x, y, timer, scroll: 0, from: 0, to: 0 };
    this._listen('addEventListener');
  }

  /** While a tile is held, the page does not scroll, and no menu comes up. */
  readonly hold = (event: Event): void => {
    if (this._press?.places && event.cancelable) event.preventDefault();
  };

  /** The click that ends a press is none. */
  get hasJustEnded(): boolean {
    return performance.now() - this._endedAt < 100;
  }

  private readonly _handle = (event: Event): void => {
    const press = this._press!;
    if (event.type === 'keydown') {
      if ((event as KeyboardEvent).key === 'Escape') this._end(press.from);
      return;
    }
    const pointer = event as PointerEvent;
    if (pointer.pointerId !== press.pointerId) return;
    if (pointer.type === 'pointermove') this._follow(pointer);
    else this._end(pointer.type === 'pointerup' ? press.to : press.from, pointer.type === 'pointerup');
  };

  private _listen(method: 'addEventListener' | 'removeEventListener'): void {
    for (const type of ['pointermove', 'pointerup', 'pointercancel', 'keydown']) window[method](type, this._handle);
  }

  private _lift(): void {
    const press = this._press!;
    clearTimeout(press.timer);
    const tiles = this._world.tiles();
    press.places = tiles.map((tile) => tile.getBoundingClientRect());
    press.scroll = scrollY;
    press.from = press.to = tiles.indexOf(press.tile);
    press.tile.classList.add('held');
    navigator.vibrate?.(10);
  }

  private _follow(pointer: PointerEvent): void {
    const press = this._press!;
    const x = pointer.clientX - press.x;
    const y = pointer.clientY - press.y;
    if (!press.places) {
      if (Math.hypot(x, y) < SLOP) return;
      // A finger that moves at once scrolls.
      if (pointer.pointerType !== 'mouse') {
        this._end(press.from);
        return;
      }
      this._lift();
    }
    scrollAlong(pointer.clientY);
    const { tile, places, from, scroll } = press;
    const down = y + scrollY - scroll;
    press.to = nearest(places!, from, x, down);
    this._show(press);
    tile.style.transform = `translate(${x}px, ${down}px) scale(1.05)`;
  }

  /** The others make room. */
  private _show({ tile, places, from, to }: Press): void {
    for (const [index, other] of this._world.tiles().entries()) {
      if (other === tile) continue;
      const shown = index > from && index <= to ? index - 1 : index < from && index >= to ? index + 1 : index;
      const [is, be] = [places![index]!, places![shown]!];
      other.style.transform = shown === index ? '' : `translate(${be.left - is.left}px, ${be.top - is.top}px)`;
    }
  }

  private _end(to: number, isReleased = false): void {
    const { tile, timer, places, from } = this._press!;
    clearTimeout(timer);
    this._listen('removeEventListener');
    this._press = undefined;
    if (!places) return;
    this._endedAt = performance.now();
    const hasMoved = tile.style.transform !== '';
    tile.classList.remove('held');
    const { tiles, move, pick } = this._world;
    glide(tiles, () => {
      for (const each of tiles()) each.style.transform = '';
      if (to !== from) move(tile, to);
      else if (isReleased && !hasMoved) pick(tile);
    });
  }
}

/** The place whose middle is nearest to that of the tile that is held. */
function nearest(places: DOMRect[], from: number, x: number, y: number): number {
  const held = places[from]!;
  const distances = places.map(({ left, top }) => Math.hypot(left - held.left - x, top - held.top - y));
  return distances.indexOf(Math.min(...distances));
}

/** Near the edges of the window, the page comes along. */
function scrollAlong(y: number): void {
  const EDGE = 48;
  if (y < EDGE) scrollBy(0, y - EDGE);
  else if (y > innerHeight - EDGE) scrollBy(0, y - innerHeight + EDGE);
}

/** Tiles glide to where they are after a change from where they were before it. */
export function glide(tiles: () => HTMLElement[], change: () => void): void {
  const before = new Map(tiles().map((tile) => [tile, tile.getBoundingClientRect()]));
  change();
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  for (const tile of tiles()) {
    const was = before.get(tile);
    const is = tile.getBoundingClientRect();
    if (!was || (was.left === is.left && was.top === is.top)) continue;
    const from = `translate(${was.left - is.left}px, ${was.top - is.top}px)`;
    tile.animate?.([{ transform: from }, { transform: 'none' }], { duration: 180, easing: 'ease-out' });
  }
}
