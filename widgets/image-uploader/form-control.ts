import type { PropertyDeclarations } from 'lit';
import type { Text } from '../core/language.ts';
import { REFLECTED, WeixinElement } from '../core/weixin-element.ts';

/** What a form wants of a control: the browser's ElementInternals; where it lacks them, `form-fallback.ts`. */
export type FormControl = Pick<
  ElementInternals,
  | 'form'
  | 'labels'
  | 'validity'
  | 'validationMessage'
  | 'willValidate'
  | 'checkValidity'
  | 'reportValidity'
  | 'setFormValue'
  | 'setValidity'
>;

/** What a fieldset disables: all but what is in its first legend. */
const IN_DISABLED = 'fieldset[disabled] > :not(legend:first-of-type)';

/** Why the form may not be sent. */
export type Invalidity = readonly [flags: ValidityStateFlags, message: Text];

/** An element that takes part in forms as `<input>` does: submitted, validated, reset, disabled and restored with them. */
export abstract class FormControlElement extends WeixinElement {
  static readonly formAssociated = true;
  // The browser shows what is missing at the element, and wants to focus it.
  static override shadowRootOptions = { ...WeixinElement.shadowRootOptions, delegatesFocus: true };
  static override properties: PropertyDeclarations = {
    name: REFLECTED,
    required: { type: Boolean, reflect: true },
    disabled: { type: Boolean, reflect: true },
  };

  /** Of the form's field. */
  declare name: string;
  /** The form cannot be sent without a value. */
  declare required: boolean;
  /** Can be neither used nor sent. */
  declare disabled: boolean;

  /** iOS lacks ElementInternals before 16.4: what the element loads brings a substitute. */
  protected formControl: FormControl | undefined = this.attachInternals?.();
  private _customMessage = '';

  constructor() {
    super();
    this.name = '';
    this.required = false;
    this.disabled = false;
  }

  /** The form that the element belongs to. */
  get form(): HTMLFormElement | null {
    return this.formControl?.form ?? null;
  }

  get validity(): ValidityState | undefined {
    return this._settled()?.validity;
  }

  /** Why the form cannot be sent, in the element's language. */
  get validationMessage(): string {
    return this._settled()?.validationMessage ?? '';
  }

  get willValidate(): boolean {
    return this._settled()?.willValidate ?? false;
  }

  checkValidity(): boolean {
    return this._settled()?.checkValidity() ?? true;
  }

  reportValidity(): boolean {
    return this._settled()?.reportValidity() ?? true;
  }

  /** What the page itself has against the value; an empty text takes it back. */
  setCustomValidity(message: string): void {
    this._customMessage = message;
    this.requestUpdate();
  }

  formDisabledCallback(): void {
    this.requestUpdate();
  }

  /** By itself, or by a `<fieldset>` around it. */
  protected get isDisabled(): boolean {
    return this.disabled || this.matches(`${IN_DISABLED}, ${IN_DISABLED} *`);
  }

  /** After each drawing: tells the form what is to be sent, and whether it may. */
  protected submit(values: readonly string[], invalidity: Invalidity | undefined, anchor: HTMLElement | null): void {
    const form = new FormData();
    for (const value of values) form.append(this.name, value);
    this.formControl?.setFormValue(this.name && !this.isDisabled ? form : null, values.join());
    const message = this._customMessage || (invalidity ? this.say(invalidity[1]) : '');
    const flags = this._customMessage ? { customError: true } : (invalidity?.[0] ?? {});
    this.formControl?.setValidity(flags, message, anchor ?? undefined);
  }

  /** Whoever asks finds what was set just before. */
  private _settled(): FormControl | undefined {
    if (this.isUpdatePending && this.hasUpdated) this.performUpdate();
    return this.formControl;
  }
}
