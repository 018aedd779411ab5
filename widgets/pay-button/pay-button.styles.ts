import { css } from 'lit';

export const payButtonStyles = css`
  button {
    min-height: 44px;
  }

  .button {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    width: 100%;
    min-height: 48px;
    background: var(--brand);
    color: var(--on-brand);
    font-size: 17px;
    font-weight: 600;
  }

  .button:disabled,
  .inert {
    background: var(--surface-quiet);
    border: 1px solid;
    color: var(--text-quiet);
  }

  .done,
  .busy {
    background: var(--brand-surface);
    color: var(--brand-text);
  }

  [aria-disabled] {
    cursor: default;
    filter: none;
  }

  svg {
    flex: none;
    width: 20px;
    fill: none;
    stroke: currentColor;
    stroke-width: 2.4;
    stroke-linecap: round;
  }

  .busy svg {
    animation: turn 1s linear infinite;
  }

  .note {
    margin-top: 10px;
    color: var(--text-quiet);
    font-size: 14px;
    text-align: center;
    text-wrap: balance;
  }

  .failed .cause {
    color: var(--danger);
  }

  .again {
    width: 100%;
    margin-top: 12px;
    background: var(--brand-surface);
    color: var(--brand-text);
  }

  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }

  @media (prefers-reduced-motion) {
    .busy svg {
      animation: none;
    }
  }
`;
