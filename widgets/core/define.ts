/** Registers an element, unless another copy of the bundle has: the first one stays. */
export function define(name: string, element: CustomElementConstructor): void {
  if (typeof customElements === 'object' && !customElements.get(name)) customElements.define(name, element);
}
