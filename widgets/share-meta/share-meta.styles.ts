import { css } from 'lit';

export const shareMetaStyles = css`
  :host {
    display: none;
  }

  :host([preview]:not([hidden])) {
    display: block;
  }
`;
