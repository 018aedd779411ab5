/** What takes files needs of the element. */
export interface IntakeWorld {
  element: HTMLElement;
  form(): HTMLFormElement | null | undefined;
  mayTake(): boolean;
  take(files: File[]): void;
  /** Files are held over the element, or no longer. */
  showOver(isOver: boolean): void;
}

/** Files that are dropped onto the element, or pasted into it or its form. */
export class FileIntake {
  private readonly _world: IntakeWorld;

  constructor(world: IntakeWorld) {
    this._world = world;
  }

  connect(): void {
    this._listen('addEventListener');
  }

  disconnect(): void {
    this._listen('removeEventListener');
  }

  private _listen(method: 'addEventListener' | 'removeEventListener'): void {
    const { element } = this._world;
    for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) element[method](type, this._handleDrag);
    document[method]('paste', this._handlePaste);
  }

  private readonly _handleDrag = (event: Event): void => {
    const { type, dataTransfer, relatedTarget } = event as DragEvent;
    if (!dataTransfer || event.defaultPrevented || ![...dataTransfer.types].includes('Files')) return;
    const { element, mayTake, showOver, take } = this._world;
    if (type === 'dragleave') {
      if (!relatedTarget || !element.contains(relatedTarget as Node)) showOver(false);
      return;
    }
    // Where they cannot be taken, too: the browser would leave the page for the picture.
    event.preventDefault();
    const may = mayTake();
    dataTransfer.dropEffect = may ? 'copy' : 'none';
    showOver(may && type !== 'drop');
    if (may && type === 'drop') take([...dataTransfer.files]);
  };

  private readonly _handlePaste = (raw: Event): void => {
    const event = raw as ClipboardEvent;
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.defaultPrevented || !this._isHere(event) || !this._world.mayTake()) return;
    event.preventDefault();
    this._world.take(files);
  };

  /** In the element, or in its form where nothing else would make use of what is pasted. */
  private _isHere(event: ClipboardEvent): boolean {
    const path = event.composedPath();
    if (path.includes(this._world.element)) return true;
    const form = this._world.form();
    if (!form || !path.includes(form)) return false;
    const target = path[0] as HTMLElement;
    // Copied from a document, a text has its picture with it.
    const isText = /^(input|textarea)$/i.test(target.tagName) && [...event.clipboardData!.types].includes('text/plain');
    return !target.isContentEditable && !isText;
  }
}
