import type { AttemptPart } from './attempt-part.ts';

/** The builds for script tags put `load-attempt.script.ts` in its place. */
export async function loadAttempt(): Promise<AttemptPart> {
  return (await import('./attempt-part.ts')).attemptPart;
}
