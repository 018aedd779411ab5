import { readStored, type Store } from '../core/stored.ts';

/** Fields that hold what nobody but the server should have. */
const SECRET = /^(off|one-time-code|cc-.*|.*password)$/;
const TYPED = /^(text|search|tel|url|email|number|date|time|month|week|datetime-local|range|color|textarea)$/;
const CHOSEN = /^(checkbox|radio)$/;

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** Of one field: its name, its kind, and what was in it. */
type Kept = [name: string, kind: string, value: string | boolean | string[]];

/** What was entered into a form, while the user is away to sign in. Never what is secret, and not longer than the tab. */
export class KeptForm {
  private readonly _store: Store | undefined;
  private readonly _key: string;
  private readonly _form: HTMLFormElement;

  /** @param page its path and query. */
  constructor(store: Store | undefined, page: string, form: HTMLFormElement) {
    this._store = store;
    this._form = form;
    this._key = `weixin-widgets:form ${page} ${[...document.forms].indexOf(form)}`;
  }

  keep(): void {
    try {
      const kept = this._fields().map((field): Kept => [field.name, field.type, contentOf(field)]);
      this._store?.setItem(this._key, JSON.stringify(kept));
    } catch {
      // A store that is full.
    }
  }

  forget(): void {
    this._store?.removeItem(this._key);
  }

  /** Puts back what was kept, once, as soon as the whole form is there; where the user has begun anew, that stays. */
  restore(): void {
    if (document.readyState === 'loading') {
      document.addEventListener('DOMContentLoaded', () => this.restore());
      return;
    }
    const kept = readStored<Kept[]>(this._store, this._key) ?? [];
    this.forget();
    this._fields().forEach((field, at) => {
      const [name, kind, value] = kept[at] ?? [];
      // The page may have changed meanwhile.
      if (name !== field.name || kind !== field.type || !isUntouched(field)) return;
      if (String(value) !== String(contentOf(field))) fill(field, value!);
    });
  }

  private _fields(): Field[] {
    return ([...this._form.elements] as Field[]).filter(
      ({ type, autocomplete }) =>
        (TYPED.test(type) || CHOSEN.test(type) || type?.startsWith('select')) && !SECRET.test(autocomplete),
    );
  }
}

function contentOf(field: Field): string | boolean | string[] {
  if (isChosen(field)) return field.checked;
  if (isSelect(field)) return [...field.selectedOptions].map(({ value }) => value);
  return field.value;
}

function isUntouched(field: Field): boolean {
  if (isChosen(field)) return field.checked === field.defaultChecked;
  if (!isSelect(field)) return field.value === field.defaultValue;
  // Where no option is the default, a list to drop down shows its first.
  const options = [...field.options];
  const isDefault = options.every(({ selected, defaultSelected }) => selected === defaultSelected);
  return isDefault || (field.selectedIndex === 0 && !options.some(({ defaultSelected }) => defaultSelected));
}

/** As the user does it: scripts of the page listen. */
function fill(field: Field, value: string | boolean | string[]): void {
  if (isChosen(field)) field.checked = Boolean(value);
  else if (isSelect(field))
    for (const option of field.options) option.selected = (value as string[]).includes(option.value);
  else field.value = String(value);
  for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
}

function isChosen(field: Field): field is HTMLInputElement {
  return CHOSEN.test(field.type);
}

function isSelect(field: Field): field is HTMLSelectElement {
  return field.type.startsWith('select');
}
