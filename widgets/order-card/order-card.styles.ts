import { css } from 'lit';

export const orderCardStyles = css`
  :host {
    --surface: var(--weixin-surface, #fff);
    --text: var(--weixin-text, #191919);
    --line: var(--weixin-line, rgba(0, 0, 0, 0.1));
    --due: var(--weixin-due, #8a5300);
    --due-surface: var(--weixin-due-surface, #fdf1dc);
  }

  @media (prefers-color-scheme: dark) {
    :host {
      --surface: var(--weixin-surface, #1d1f1e);
      --text: var(--weixin-text, #ededed);
      --line: var(--weixin-line, rgba(255, 255, 255, 0.12));
      --due: var(--weixin-due, #f0b35a);
      --due-surface: var(--weixin-due-surface, #3a2c14);
    }
  }

  .card {
    padding: 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    color: var(--text);
  }

  .head {
    display: flex;
    align-items: flex-start;
    justify-content: space-between;
    gap: 12px;
  }

  .description {
    min-width: 0;
    font-size: 16px;
    font-weight: 600;
    overflow-wrap: anywhere;
  }

  .status {
    flex: none;
    padding: 2px 10px;
    border-radius: 99px;
    background: var(--surface-quiet);
    color: var(--text-quiet);
    font-size: 13px;
    line-height: 20px;
    white-space: nowrap;
  }

  .status.due {
    background: var(--due-surface);
    color: var(--due);
  }

  .status.paid,
  .status.partially_refunded {
    background: var(--brand-surface);
    color: var(--brand-text);
  }

  .items {
    margin: 12px 0 0;
    padding: 0;
    list-style: none;
  }

  .item {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 8px 0;
  }

  .picture {
    flex: none;
    overflow: hidden;
    width: 56px;
    height: 56px;
    border-radius: 8px;
    background: var(--surface-quiet);
  }

  img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }

  .name {
    flex: 1;
    min-width: 0;
    overflow-wrap: anywhere;
  }

  .price {
    flex: none;
    text-align: right;
    font-variant-numeric: tabular-nums;
  }

  .quantity {
    display: block;
    color: var(--text-quiet);
    font-size: 13px;
  }

  .sum {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 12px;
    margin-top: 12px;
    padding-top: 12px;
    border-top: 1px solid var(--line);
  }

  .sum .label,
  .time {
    color: var(--text-quiet);
  }

  .amount {
    font-size: 22px;
    font-weight: 600;
    line-height: 1.3;
    font-variant-numeric: tabular-nums;
  }

  .time {
    display: flex;
    justify-content: space-between;
    gap: 12px;
    margin-top: 4px;
    font-size: 14px;
  }

  .refund {
    margin-top: 4px;
    color: var(--text-quiet);
    font-size: 14px;
    text-align: right;
  }

  .clock {
    color: var(--text);
    font-variant-numeric: tabular-nums;
  }

  .cause {
    color: var(--danger);
  }

  .remedy {
    color: var(--text-quiet);
    font-size: 14px;
  }

  .retry {
    min-height: 44px;
    margin-top: 12px;
    background: var(--surface-quiet);
    color: inherit;
  }

  .bone {
    height: 16px;
    border-radius: 6px;
    background: var(--surface-quiet);
    animation: breathe 1.6s ease-in-out infinite;
  }

  .bone.picture {
    height: 56px;
  }

  .bone.title {
    width: 55%;
    height: 24px;
  }

  .bone.pill {
    width: 64px;
    height: 24px;
  }

  .bone.row {
    flex: 1;
  }

  .bone.total {
    width: 96px;
    height: 26px;
  }

  @keyframes breathe {
    50% {
      opacity: 0.6;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .bone {
      animation: none;
    }
  }
`;
