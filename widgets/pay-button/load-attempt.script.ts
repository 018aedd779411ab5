import { loadPart } from '../core/load-part.ts';
import type { AttemptPart } from './attempt-part.ts';

/** The name of the built file, with its hash; set by the build. */
declare const ATTEMPT_FILE: string;

export function loadAttempt(): Promise<AttemptPart> {
  return loadPart<AttemptPart>('attempt', ATTEMPT_FILE);
}
