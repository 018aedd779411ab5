import { css } from 'lit';

/**
 * Of the tile that is there at once; the others bring their own. What stands on the page's own ground has the page's own
 * colour, errors a ground of their own: a page may stay light where the reader wants it dark.
 */
export const imageUploaderStyles = css`
  .list {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(var(--weixin-tile, 96px), 1fr));
    gap: 8px;
    padding: 0;
    list-style: none;
  }

  .item {
    position: relative;
  }

  .item::before {
    content: '';
    display: block;
    padding-top: 100%;
  }

  .add {
    position: absolute;
    top: 0;
    left: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 4px;
    width: 100%;
    height: 100%;
    padding: 0;
    border: 1.5px dashed var(--weixin-line, #808080);
    background: var(--surface-quiet);
    color: var(--weixin-text-quiet, inherit);
    font-size: 13px;
    line-height: 1.2;
  }

  .add svg {
    width: 30px;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.5;
    stroke-linecap: round;
  }

  [part='error'] {
    margin-top: 8px;
    padding: 8px 12px;
    border: 1px solid var(--danger);
    border-radius: var(--radius);
    background: var(--weixin-surface, Canvas);
    color: var(--weixin-text, CanvasText);
    color-scheme: light dark;
  }

  .cause {
    color: var(--danger);
  }

  .load {
    min-height: 44px;
    margin-top: 8px;
    background: var(--surface-quiet);
    color: inherit;
  }
`;
