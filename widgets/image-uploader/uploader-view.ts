import type { TemplateResult } from 'lit';
import type { WidgetError } from '../core/widget-error.ts';
import { limitText, manyText, numberText, UPLOADER_TEXTS } from './uploader.texts.ts';
import type { Uploader } from './uploader.ts';

/** A file that was not taken, or, without a name, why none can be chosen. */
export interface Refusal {
  name: string;
  error: WidgetError;
}

/** So many names are said; of more only how many there are. */
const NAMES = 3;

export function renderUploader(uploader: Uploader): TemplateResult {
  const { host, queue, tiles, reorder, room, isOver } = uploader;
  const { html, say, element, isDisabled, formControl } = host;
  const { pictures } = queue;
  const handleDown = (event: PointerEvent) => {
    const target = event.target as Element;
    if (target.closest('.picture')) reorder?.start(event, target.closest('li')!);
    else if (uploader.tiles.picked && !target.closest('.forward, .back')) uploader.pick(undefined);
  };
  const hold = (event: Event) => reorder?.hold(event);
  return html`
    <input
      type="file"
      hidden
      accept=${askedFor(element.accept)}
      ?multiple=${room > 1}
      capture=${/camera/i.test(element.source) && !/album/i.test(element.source) ? 'environment' : host.nothing}
      @change=${(event: Event) => takeFiles(event, uploader)}
      @cancel=${() => uploader.forgetOpened()}
      @input=${(event: Event) => event.stopPropagation()}
    />
    <div class=${isOver ? 'box over' : 'box'} data-drop=${say(UPLOADER_TEXTS.drop)}>
      <ul
        part="list"
        class="list"
        aria-label=${labelOf(formControl?.labels) || say(UPLOADER_TEXTS.group)}
        aria-describedby=${pictures.length > 1 ? 'keys' : host.nothing}
        @pointerdown=${handleDown}
        @touchmove=${{ handleEvent: hold, passive: false }}
        @contextmenu=${hold}
        @dragstart=${(event: Event) => event.preventDefault()}
        @focusin=${(event: Event) => handleFocus(event, uploader)}
        @keydown=${(event: KeyboardEvent) => uploader.handleKey(event)}
      >
        ${tiles.render(pictures)}${room ? renderAdd(uploader) : ''}
      </ul>
    </div>
    <slot name="form"></slot>
    <p id="keys" hidden>${say(UPLOADER_TEXTS.keys)}</p>
    ${
      pictures.length || isDisabled || !room
        ? ''
        : html`<p class="hint">${say(limitText(uploader.max))} <span class="pointer">${say(UPLOADER_TEXTS.dropHint)}</span></p>`
    }
    ${uploader.isAskedAgain ? html`<p class="hint">${say(UPLOADER_TEXTS.again)}</p>` : ''}
    ${queue.isPaused ? html`<p class="hint">${say(UPLOADER_TEXTS.paused)}</p>` : ''}
    ${renderErrors(uploader)}
  `;
}

function renderAdd(uploader: Uploader): TemplateResult {
  const { host, queue, max, isOpening } = uploader;
  const { html, say, element, isDisabled } = host;
  const count = queue.pictures.length;
  const counter = `${count}/${max}`;
  const label = [say(UPLOADER_TEXTS.add), counter, element.required ? say(UPLOADER_TEXTS.required) : ''];
  return html`
    <li class="item">
      <button
        type="button"
        part="add"
        class=${isOpening ? 'add turning' : 'add'}
        ?disabled=${isDisabled}
        aria-busy=${isOpening || host.nothing}
        aria-label=${label.filter(Boolean).join(say(['，', ', ']))}
        @click=${() => uploader.choose()}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${isOpening ? 'M12 4a8 8 0 1 1-8 8' : 'M12 4v16M4 12h16'} /></svg>
        ${count ? counter : say(UPLOADER_TEXTS.add)}
      </button>
    </li>
  `;
}

/** One line for each reason. */
function renderErrors({ host, queue, refusals }: Uploader): TemplateResult | '' {
  const { html, language } = host;
  const failed = queue.pictures.flatMap(({ name, error, state }, index) =>
    state === 'failed' && error ? [{ name: name || host.say(numberText(index + 1)), error }] : [],
  );
  const reasons = new Map<string, Refusal[]>();
  for (const refusal of [...refusals, ...failed]) {
    const key = refusal.error.code + refusal.error.cause.en;
    reasons.set(key, [...(reasons.get(key) ?? []), refusal]);
  }
  if (!reasons.size) return '';
  return html`
    <ul part="error" class="errors">
      ${[...reasons.values()].map(
        (all) => html`<li>
          <span class="cause">${namesOf(all, host.say)}${all[0]!.error.cause[language]}</span> ${all[0]!.error.remedy[language]}
        </li>`,
      )}
    </ul>
  `;
}

function namesOf(refusals: Refusal[], say: Uploader['host']['say']): string {
  const names = refusals.map(({ name }) => name).filter(Boolean);
  if (!names.length) return '';
  const said = names.slice(0, NAMES).join(say(['、', ', ']));
  return said + (names.length > NAMES ? say(manyText(names.length)) : '') + say(['：', ': ']);
}

function labelOf(labels: NodeList | undefined): string {
  return [...(labels ?? [])].map(({ textContent }) => textContent!.trim()).join(' ');
}

/** Unless they are asked for HEIC, iPhones hand their photos over as JPEG; not all of them can read HEIC in a page. */
function askedFor(accept: string): string {
  const { userAgent, maxTouchPoints } = navigator;
  const isIos = /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
  const types = accept.split(',').filter((type) => !isIos || !/hei[cf]/i.test(type));
  return types.join();
}

/** The same file can be chosen again. */
function takeFiles(event: Event, uploader: Uploader): void {
  const input = event.target as HTMLInputElement;
  const files = [...input.files!];
  input.value = '';
  uploader.addFiles(files);
}

function handleFocus(event: Event, { tiles, host }: Uploader): void {
  const id = tiles.idOf(event.target);
  if (!id || id === tiles.current) return;
  tiles.current = id;
  host.update();
}
