import type { Uploader } from './uploader.ts';

/** Arrow keys select a tile or, with Alt, move it; Delete removes it. */
export function handleKey(event: KeyboardEvent, uploader: Uploader): void {
  const { tiles, queue, host } = uploader;
  const id = tiles.idOf(event.target);
  if (!id || event.metaKey) return;
  const { pictures } = queue;
  const index = pictures.findIndex((picture) => picture.id === id);
  const isMove = event.altKey || event.ctrlKey;
  const step = stepOf(event.key, index, pictures.length, tiles.columns);
  if (step !== undefined) {
    const next = pictures[index + step];
    if (isMove && !host.isDisabled) uploader.shift(id, step);
    else if (!isMove && next) tiles.focus(next.id);
  } else if (/^(Delete|Backspace)$/.test(event.key) && !host.isDisabled) uploader.remove(id);
  else if (event.key === 'Escape' && tiles.picked) uploader.pick(undefined);
  else return;
  event.preventDefault();
}

function stepOf(key: string, index: number, count: number, columns: number): number | undefined {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -index,
    End: count - 1 - index,
  };
  return steps[key];
}
