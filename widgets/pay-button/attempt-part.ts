import type { html, TemplateResult } from 'lit';
import type { Text } from '../core/language.ts';
import { ATTEMPT_TEXTS, CODE_TEXTS, PAYING_NOTES } from './attempt.texts.ts';
import { Attempt, type AttemptWorld } from './attempt.ts';
import { ATTEMPT_ERROR_TEXTS, attemptErrorKind } from './attempt-error-texts.ts';
import { beforeDrawing } from './before-drawing.ts';
import { goOnTo } from './leave.ts';
import type { Native } from './native.ts';
import { type ChannelWorld, open, prepare } from './open-channel.ts';
import type { PayState, PayWay } from './payment.ts';

/** What the element hands to its part for attempts, so that it need not bring the same things again. */
export interface AttemptView {
  html: typeof html;
  say(text: Text): string;
  amount: string;
  /** It is this button that shows the code. */
  hasCode: boolean;
  /** Once it is loaded. */
  native: Native | undefined;
  /** Pays again. */
  pay(): void;
}

/** What an attempt says: on the button, below it, and beneath that. */
export interface Said {
  label?: Text;
  /** Of the button; without it, the one of the state. */
  look?: '' | 'inert';
  note?: Text | undefined;
  code?: TemplateResult | undefined;
  again?: TemplateResult | undefined;
}

/** What only an attempt to pay needs; loaded with the first one. */
export const attemptPart = {
  errorTexts: ATTEMPT_ERROR_TEXTS,
  errorKind: attemptErrorKind,
  goOnTo,
  beforeDrawing,

  createAttempt: (world: Omit<AttemptWorld, 'prepare' | 'open'> & ChannelWorld, way: PayWay, id?: string) =>
    new Attempt(
      {
        ...world,
        prepare: (begin) => prepare(world, way, begin),
        open: (prepared) => open(world, prepared),
      },
      way,
      id,
    ),

  /** A cancelled attempt is over, and says so. */
  say(state: PayState, attempt: Attempt | undefined, view: AttemptView): Said {
    if (state === 'cancelled') return { note: ATTEMPT_TEXTS.cancelledNote };
    if (!attempt || state === 'preparing') return {};
    const { html, say, pay, hasCode, native } = view;
    const { channel, isBack, isSlow, canPayAgain, prepared, timeLeft } = attempt;
    const again = canPayAgain
      ? html`<button part="again" class="again" @click=${pay}>${say(ATTEMPT_TEXTS.again)}</button>`
      : undefined;
    if (state === 'confirming')
      return { label: ATTEMPT_TEXTS.confirming, note: isSlow ? ATTEMPT_TEXTS.slowNote : undefined, again };
    if (isBack) return { label: ATTEMPT_TEXTS.isBack, look: '', note: ATTEMPT_TEXTS.isBackNote, again };
    const label = ATTEMPT_TEXTS.paying;
    if (channel !== 'native') return { label, note: PAYING_NOTES[channel], again };
    if (!prepared) return { label };
    const said = timeLeft
      ? { label, note: PAYING_NOTES.native }
      : ({ label: ATTEMPT_TEXTS.codeExpired, note: ATTEMPT_TEXTS.codeExpiredNote, look: 'inert' } as const);
    if (!hasCode) return { ...said, note: ATTEMPT_TEXTS.codeElsewhere };
    return { ...said, code: native?.render({ ...view, texts: CODE_TEXTS, attempt }) };
  },
};

export type AttemptPart = typeof attemptPart;
