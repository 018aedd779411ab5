import { WidgetError } from '../core/widget-error.ts';
import { type IconMeasure, measureIcon } from './measure-icon.ts';
import { type ShareCard, webAddress } from './share-card.ts';
import { SHARE_ERROR_TEXTS, type ShareErrorCode } from './share-error-texts.ts';

/** In pixels and bytes: below and above, WeChat shows it blurred, late, or not at all. It is custom, not a rule. */
const ICON_EDGE = 300;
const ICON_BYTES = 32_768;

/** What is wrong with a card. */
export interface ShareProblem {
  error: WidgetError;
  /** The card shows what was asked for all the same. */
  warning: boolean;
  /** What it is about: the same problem with the same thing is the same problem. */
  about: string;
}

/** A card, and what it was made of. */
export interface ShareCase {
  given: ShareCard;
  card: ShareCard;
  /** The page's address. */
  address: string;
  /** Somebody is looking at it: worth a request more. */
  isThorough: boolean;
}

/** Tells what is wrong, as soon as it is known. */
export async function checkCard(shareCase: ShareCase, report: (problem: ShareProblem) => void): Promise<void> {
  for (const problem of problemsOfCard(shareCase)) report(problem);
  const { icon } = shareCase.card;
  if (!icon) return;
  for (const problem of problemsOfIcon(icon, await measureIcon(icon, shareCase.isThorough))) report(problem);
}

/** What can be told without looking at the icon itself. */
export function problemsOfCard({ given, card, address }: ShareCase): ShareProblem[] {
  const problems: ShareProblem[] = [];
  const { origin } = new URL(address);
  const icon = given.icon.trim();
  const isUsed = !given.link.trim() || Boolean(webAddress(given.link, address));
  if (!card.title) problems.push(problem('share_title_missing', card.link, true));
  if (!isUsed || new URL(card.link).origin !== origin) {
    const link = isUsed ? card.link : given.link;
    problems.push(problem('share_link_not_allowed', link, isUsed, link));
  }
  if (!icon) problems.push(problem('share_icon_missing', '', true));
  else if (/^(data|blob):/i.test(icon)) problems.push(problem('share_icon_data_url', icon, false));
  else if (!card.icon) problems.push(problem('share_icon_not_https', icon, false, icon));
  return problems;
}

/** @param measure `undefined` where the icon could not be looked at. */
export function problemsOfIcon(icon: string, measure: IconMeasure | undefined): ShareProblem[] {
  const problems: ShareProblem[] = [];
  if (!measure) return problems;
  const { isBroken, width, height, bytes } = measure;
  const size = `${width} × ${height}`;
  if (isBroken) return [problem('share_icon_unloadable', icon, false, icon)];
  // One pixel is what rounding leaves.
  if (Math.abs(width - height) > 1) problems.push(problem('share_icon_not_square', icon, true, size));
  if (width && Math.min(width, height) < ICON_EDGE) problems.push(problem('share_icon_too_small', icon, true, size));
  if (bytes > ICON_BYTES) problems.push(problem('share_icon_too_large', icon, true, `${Math.ceil(bytes / 1024)} KB`));
  return problems;
}

function problem(code: ShareErrorCode, about: string, warning: boolean, detail?: string): ShareProblem {
  return { error: new WidgetError(code, SHARE_ERROR_TEXTS[code], { detail }), warning, about };
}
