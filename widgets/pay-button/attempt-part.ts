import type { Text } from '../core/language.ts';
import { ATTEMPT_TEXTS, PAYING_NOTES } from './attempt.texts.ts';
import { Attempt, type AttemptWorld } from './attempt.ts';
import { ATTEMPT_ERROR_TEXTS } from './attempt-error-texts.ts';
import { goOnTo } from './leave.ts';
import { type ChannelWorld, open, prepare } from './open-channel.ts';
import type { PayState, PayWay } from './payment.ts';

/** What only an attempt to pay needs; loaded with the first one. */
export const attemptPart = {
  errorTexts: ATTEMPT_ERROR_TEXTS,
  goOnTo,

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

  /**
   * What an attempt says: on the button, below it, and on a second one. `hasCode`: it is this button that shows the code.
   * A cancelled one is over, and says so.
   */
  say(state: PayState, attempt: Attempt | undefined, hasCode: boolean): { label?: Text; note?: Text; again?: Text } {
    if (state === 'cancelled') return { note: ATTEMPT_TEXTS.cancelledNote };
    if (!attempt) return {};
    const { channel, isBack, isSlow, canPayAgain, timeLeft } = attempt;
    const again = canPayAgain ? ATTEMPT_TEXTS.again : undefined;
    if (isSlow) return { note: ATTEMPT_TEXTS.slowNote, again };
    if (state !== 'paying') return { again };
    if (isBack) return { label: ATTEMPT_TEXTS.isBack, note: ATTEMPT_TEXTS.isBackNote, again };
    if (channel !== 'native') return { note: PAYING_NOTES[channel], again };
    if (!hasCode) return { note: ATTEMPT_TEXTS.codeElsewhere };
    return { note: timeLeft ? PAYING_NOTES.native : ATTEMPT_TEXTS.codeExpired };
  },
};

export type AttemptPart = typeof attemptPart;
