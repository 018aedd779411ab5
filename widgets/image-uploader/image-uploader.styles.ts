import { css } from 'lit';

/** Of the tile that is there at once; the others bring their own. */
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
    border: 1.5px dashed var(--weixin-line, rgba(128, 128, 128, 0.5));
    background: var(--surface-quiet);
    color: var(--text-quiet);
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
