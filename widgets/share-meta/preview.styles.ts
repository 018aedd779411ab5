/** As text: the file that brings it does not bring Lit. The colours and measures are WeChat's. */
export const PREVIEW_STYLES = `
  .preview {
    --ground: #ededed;
    --paper: #fff;
    --strip: #f3f3f5;
    --hole: #e3e3e6;
    --face: #d9d9dd;
    --text: #191919;
    --quiet: #6b6b6b;
    --line: rgba(0, 0, 0, 0.08);
    display: flex;
    flex-wrap: wrap;
    gap: 20px 24px;
    max-width: 864px;
    font: 15px/1.4 var(--weixin-font, system-ui, sans-serif);
    text-align: start;
  }

  @media (prefers-color-scheme: dark) {
    .preview {
      --ground: #111;
      --paper: #2c2c2c;
      --strip: #262626;
      --hole: #3a3a3a;
      --face: #333;
      --text: #e2e2e2;
      --quiet: #9a9a9a;
      --line: rgba(255, 255, 255, 0.08);
    }
  }

  figure {
    display: flex;
    flex: 1 1 300px;
    flex-direction: column;
    min-width: 0;
    max-width: 420px;
    margin: 0;
  }

  figcaption {
    margin-bottom: 8px;
    /* They lie on the page's own ground, which need not follow the reader's setting. */
    color: var(--weixin-text-quiet, inherit);
    font-size: 13px;
  }

  .ground {
    box-sizing: border-box;
    display: flex;
    flex: 1;
    align-items: flex-start;
    gap: 10px;
    padding: 20px 12px;
    border: 1px solid var(--line);
    border-radius: var(--weixin-radius, 10px);
    background: var(--ground);
    color: var(--text);
  }

  .chat .ground {
    justify-content: flex-end;
  }

  .moments .ground {
    --ground: #fff;
    padding: 16px;
  }

  .avatar,
  .icon {
    position: relative;
    flex: none;
    display: flex;
    align-items: center;
    justify-content: center;
    overflow: hidden;
    background: var(--hole);
    color: var(--quiet);
  }

  .avatar {
    width: 40px;
    height: 40px;
    border-radius: 5px;
    background: var(--face);
  }

  .avatar svg {
    width: 40px;
    fill: currentColor;
    opacity: 0.5;
  }

  .icon {
    width: 48px;
    height: 48px;
  }

  .icon svg {
    width: 50%;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.8;
    stroke-linecap: round;
  }

  img {
    position: absolute;
    top: 0;
    left: 0;
    width: 100%;
    height: 100%;
    background: var(--paper);
    object-fit: cover;
  }

  [hidden] {
    display: none;
  }

  .title,
  .description {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    overflow-wrap: anywhere;
  }

  .none {
    color: var(--quiet);
  }

  .chat .card {
    position: relative;
    box-sizing: border-box;
    width: 250px;
    min-width: 0;
    padding: 10px 12px 0;
    border-radius: 6px;
    background: var(--paper);
  }

  .chat .card::after {
    content: '';
    position: absolute;
    top: 15px;
    right: -4px;
    width: 10px;
    height: 10px;
    border-radius: 2px;
    background: inherit;
    transform: rotate(45deg);
  }

  .chat .title {
    font-size: 16px;
    line-height: 22px;
  }

  .body {
    display: flex;
    align-items: flex-start;
    gap: 10px;
    min-height: 48px;
    margin: 4px 0 10px;
  }

  .description {
    flex: 1;
    min-width: 0;
    color: var(--quiet);
    font-size: 12px;
    line-height: 16px;
    -webkit-line-clamp: 3;
  }

  .source {
    overflow: hidden;
    padding: 4px 0;
    border-top: 1px solid var(--line);
    color: var(--quiet);
    font-size: 11px;
    line-height: 16px;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .post {
    flex: 1;
    min-width: 0;
  }

  .name {
    width: 72px;
    height: 10px;
    margin: 5px 0 12px;
    border-radius: 5px;
    background: #576b95;
    opacity: 0.35;
  }

  .moments .card {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 5px;
    background: var(--strip);
  }

  .moments .icon {
    width: 42px;
    height: 42px;
  }

  .moments .title {
    font-size: 14px;
    line-height: 20px;
  }

  @media (prefers-color-scheme: dark) {
    .moments .ground {
      --ground: #191919;
    }

    .name {
      background: #7d90a9;
    }
  }
`;
