/** As text: the file that brings it does not bring Lit. */
export const NATIVE_STYLES = `
  .sheet {
    display: flex;
    flex-direction: column;
    align-items: center;
    margin-top: 12px;
    padding: 16px 16px 8px;
    border: 1px solid var(--weixin-line, rgba(128, 128, 128, 0.25));
    border-radius: var(--radius);
    background: var(--weixin-surface, #fff);
    color: var(--weixin-text, #191919);
    font-size: 14px;
    font-variant-numeric: tabular-nums;
  }

  .sheet .note {
    margin: 0 0 12px;
    color: inherit;
    font-size: 16px;
  }

  .frame {
    display: grid;
    place-items: center;
    overflow: hidden;
    width: 216px;
    border-radius: var(--radius);
    background: #fff;
    forced-color-adjust: none;
  }

  .frame > * {
    grid-area: 1/1;
  }

  .frame svg {
    width: 100%;
    fill: #000;
    stroke: none;
    shape-rendering: crispEdges;
  }

  .over svg {
    opacity: 0.15;
    filter: blur(4px);
  }

  .refresh {
    z-index: 1;
    background: var(--brand);
    color: var(--on-brand);
  }

  b {
    margin-top: 8px;
    font-size: 26px;
  }

  .close {
    background: none;
  }

  .close,
  .time {
    color: var(--text-quiet);
  }

  @media (prefers-color-scheme: dark) {
    .sheet {
      background: var(--weixin-surface, #1d1f1e);
      color: var(--weixin-text, #ededed);
    }
  }
`;
