/**
 * Called before a button is drawn anew; gives what is to be done after that. Who had the focus where it no longer can
 * be keeps it in the element; a code that was asked for is brought into view.
 */
export function beforeDrawing(root: ShadowRoot, isClicked: boolean): () => void {
  const find = (selector: string) => root.querySelector<HTMLElement>(selector);
  const focused = root.activeElement;
  const hadCode = find('.sheet');
  return () => {
    const code = find('.sheet');
    if (focused && !focused.isConnected) find(code ? '.close' : '.button')!.focus();
    if (!code || hadCode || !isClicked) return;
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
    code.scrollIntoView({ block: 'nearest', behavior });
  };
}
