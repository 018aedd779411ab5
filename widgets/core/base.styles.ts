import { css } from 'lit';

/**
 * The custom properties that a page may set on an element or any ancestor, and what they are without. Light or dark
 * follows the reader's setting.
 */
export const baseStyles = css`
  :host {
    --brand: var(--weixin-brand, #07864c);
    --on-brand: var(--weixin-on-brand, #fff);
    --brand-text: var(--weixin-brand-text, #067a46);
    --brand-surface: var(--weixin-brand-surface, rgba(43, 182, 115, 0.14));
    --text-quiet: var(--weixin-text-quiet, #626262);
    --surface-quiet: var(--weixin-surface-quiet, rgba(128, 128, 128, 0.14));
    --danger: var(--weixin-danger, #b3261e);
    --radius: var(--weixin-radius, 10px);
    display: block;
    font: 15px/1.5 var(--weixin-font, system-ui, sans-serif);
    -webkit-tap-highlight-color: transparent;
  }

  :host([hidden]) {
    display: none;
  }

  @media (prefers-color-scheme: dark) {
    :host {
      --brand: var(--weixin-brand, #2bb673);
      --on-brand: var(--weixin-on-brand, #04150c);
      --brand-text: var(--weixin-brand-text, #5fd39b);
      --text-quiet: var(--weixin-text-quiet, #a8aba9);
      --danger: var(--weixin-danger, #ff8f85);
    }
  }

  * {
    box-sizing: border-box;
    margin: 0;
  }

  button {
    padding: 10px 16px;
    border: 1px solid transparent;
    border-radius: var(--radius);
    font: inherit;
    cursor: pointer;
  }

  button:active {
    filter: brightness(0.9);
  }

  button:focus-visible {
    outline: 2px solid var(--brand-text);
    outline-offset: 2px;
  }

  .cause {
    display: block;
  }

  .unseen {
    position: absolute;
    overflow: hidden;
    width: 1px;
    height: 1px;
    clip-path: inset(50%);
  }
`;
