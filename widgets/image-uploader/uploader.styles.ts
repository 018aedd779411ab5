/** As text: the file that brings it does not bring Lit. */
export const UPLOADER_STYLES = `
  .box {
    position: relative;
  }

  .box::after {
    content: attr(data-drop);
    position: absolute;
    top: -6px;
    right: -6px;
    bottom: -6px;
    left: -6px;
    z-index: 3;
    display: flex;
    align-items: center;
    justify-content: center;
    border: 2px dashed var(--brand-text);
    border-radius: calc(var(--radius) + 4px);
    background: var(--weixin-surface, rgba(255, 255, 255, 0.88));
    color: var(--brand-text);
    font-weight: 600;
    opacity: 0;
    pointer-events: none;
    transition: opacity 0.12s;
  }

  .over::after {
    opacity: 1;
  }

  .item {
    transition: transform 0.18s;
  }

  .picture {
    position: absolute;
    top: 0;
    left: 0;
    overflow: hidden;
    width: 100%;
    height: 100%;
    padding: 0;
    border: 0;
    background: var(--surface-quiet);
    color: var(--weixin-text-quiet, inherit);
    touch-action: pan-y;
    -webkit-touch-callout: none;
    -webkit-user-select: none;
    user-select: none;
  }

  .picture > * {
    display: block;
    width: 100%;
    height: 100%;
    object-fit: cover;
    pointer-events: none;
  }

  .picture .icon {
    width: 32px;
    height: 32px;
    margin: auto;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.5;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  .add:focus-visible,
  .picture:focus-visible {
    outline-color: currentColor;
  }

  .picture:active {
    filter: none;
  }

  .progress,
  .retry {
    position: absolute;
    top: 0;
    left: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    width: 100%;
    height: 100%;
    border: 0;
    border-radius: var(--radius);
    background: rgba(0, 0, 0, 0.5);
    color: #fff;
    font-size: 13px;
    line-height: 1;
    font-variant-numeric: tabular-nums;
  }

  .progress {
    pointer-events: none;
  }

  .progress svg {
    position: absolute;
    width: 52px;
    fill: none;
    stroke: rgba(255, 255, 255, 0.35);
    stroke-width: 3;
    transform: rotate(-90deg);
  }

  .progress circle + circle {
    stroke: #fff;
    stroke-linecap: round;
    transition: stroke-dasharray 0.2s;
  }

  .progress [stroke-dasharray='0 100'] {
    stroke: none;
  }

  .turning svg {
    transform: rotate(-90deg);
    animation: turn 1s linear infinite;
  }

  .queued .progress svg {
    opacity: 0.7;
  }

  .failed .picture {
    box-shadow: 0 0 0 2px var(--danger);
  }

  .retry .face {
    padding: 8px 12px;
    border-radius: 99px;
    background: #fff;
    color: #191919;
  }

  .remove {
    position: absolute;
    top: 0;
    right: 0;
    z-index: 1;
    display: flex;
    align-items: flex-start;
    justify-content: flex-end;
    width: 44px;
    height: 44px;
    padding: 5px;
    border: 0;
    background: none;
  }

  .remove .face {
    position: relative;
    width: 22px;
    height: 22px;
    border-radius: 50%;
    background: rgba(0, 0, 0, 0.6);
  }

  .remove .face::before,
  .remove .face::after {
    content: '';
    position: absolute;
    top: 10px;
    left: 5px;
    width: 12px;
    height: 2px;
    border-radius: 1px;
    background: #fff;
    transform: rotate(45deg);
  }

  .remove .face::after {
    transform: rotate(-45deg);
  }

  .forward,
  .back {
    position: absolute;
    bottom: 0;
    left: 0;
    z-index: 1;
    width: 50%;
    min-width: 44px;
    height: 44px;
    padding: 0;
    border: 0;
    background: none;
    font-size: 24px;
    line-height: 1;
  }

  .back {
    right: 0;
    left: auto;
  }

  .forward .face,
  .back .face {
    display: block;
    width: 32px;
    height: 32px;
    margin: auto;
    border-radius: 50%;
    background: var(--brand);
    color: var(--on-brand);
    line-height: 28px;
  }

  .held {
    z-index: 2;
    transition: none;
  }

  .held .picture,
  .picked .picture {
    box-shadow: 0 0 0 3px var(--brand-text), 0 6px 18px rgba(0, 0, 0, 0.3);
  }

  .hint,
  .errors {
    font-size: 14px;
  }

  .hint {
    margin-top: 8px;
    color: var(--weixin-text-quiet, inherit);
  }

  .errors {
    list-style: none;
    overflow-wrap: anywhere;
  }

  .errors .cause {
    display: inline;
  }

  .pointer {
    display: none;
  }

  .add:disabled {
    opacity: 0.5;
    cursor: default;
  }

  ::slotted([slot='form']) {
    position: absolute;
    opacity: 0;
    pointer-events: none;
  }

  @media (hover: hover) and (pointer: fine) {
    .pointer {
      display: inline;
    }

    .add:hover:not(:disabled) {
      background: var(--brand-surface);
    }
  }

  @media (prefers-color-scheme: dark) {
    .box::after {
      background: var(--weixin-surface, rgba(25, 25, 25, 0.88));
    }
  }

  @keyframes turn {
    to {
      transform: rotate(270deg);
    }
  }

  @media (prefers-reduced-motion) {
    .item,
    .turning svg {
      transition: none;
      animation: none;
    }
  }
`;
