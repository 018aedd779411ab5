import type { FormControl } from './form-control.ts';

interface Control extends HTMLElement {
  formResetCallback(): void;
  formDisabledCallback(): void;
}

/**
 * Stands in for ElementInternals (iOS before 16.4): hidden inputs of the page's own say what is to be sent, and a
 * checkbox that is never sent keeps the form from being sent, and says why. Both are children of the element.
 */
export class FormFallback implements FormControl {
  private readonly _element: Control;
  private readonly _checkbox = document.createElement('input');
  private _flags: ValidityStateFlags = {};

  constructor(element: Control) {
    this._element = element;
    this._checkbox.type = 'checkbox';
    this._checkbox.tabIndex = -1;
    this._checkbox.slot = 'form';
    this._checkbox.setAttribute('aria-hidden', 'true');
    this._place(this._checkbox);
    // After whoever prevents it.
    addEventListener('reset', (event) => {
      if (event.target === this.form && !event.defaultPrevented) setTimeout(() => element.formResetCallback());
    });
    const watch = (changes: MutationRecord[]) => {
      if (changes.some(({ target }) => target.contains(element))) element.formDisabledCallback();
    };
    new MutationObserver(watch).observe(document, { subtree: true, attributeFilter: ['disabled'] });
  }

  get form(): HTMLFormElement | null {
    return this._checkbox.form;
  }

  get labels(): NodeList {
    const { id } = this._element;
    return document.querySelectorAll(id ? `label[for="${CSS.escape(id)}"]` : 'label[for=""]');
  }

  get validity(): ValidityState {
    return { ...NOTHING, ...this._flags, valid: this._checkbox.validity.valid };
  }

  get validationMessage(): string {
    return this._checkbox.validationMessage;
  }

  get willValidate(): boolean {
    return this._checkbox.willValidate;
  }

  checkValidity(): boolean {
    return this._checkbox.checkValidity();
  }

  reportValidity(): boolean {
    return this._checkbox.reportValidity();
  }

  setFormValue(form: FormData | null): void {
    for (const input of this._element.querySelectorAll(':scope > input[type=hidden]')) input.remove();
    form?.forEach((value, name) => {
      const input = document.createElement('input');
      input.type = 'hidden';
      input.name = name;
      input.value = String(value);
      this._place(input);
    });
  }

  setValidity(flags: ValidityStateFlags, message = ''): void {
    this._flags = flags;
    this._checkbox.toggleAttribute('disabled', this._element.hasAttribute('disabled'));
    this._checkbox.setCustomValidity(message);
  }

  private _place(input: HTMLInputElement): void {
    const form = this._element.getAttribute('form');
    if (form) input.setAttribute('form', form);
    this._element.append(input);
  }
}

const NOTHING: ValidityState = {
  badInput: false,
  customError: false,
  patternMismatch: false,
  rangeOverflow: false,
  rangeUnderflow: false,
  stepMismatch: false,
  tooLong: false,
  tooShort: false,
  typeMismatch: false,
  valueMissing: false,
  valid: true,
};
