import { clock, t } from './messages.js';

const PAUSE = 5 * 60_000; // ms

/** Whether WeChat says the time again. @param {Date} before @param {Date} time */
export function isAfterPause(before, time) {
  return Math.abs(time - before) > PAUSE;
}

/** When something was said: `今天 09:05`, or with its day where that is another one. @param {Date} date */
export function chatTime(date) {
  const time = clock(date);
  if (date.toDateString() === new Date().toDateString()) return t('today', { time });
  return t('chatDate', { month: date.getMonth() + 1, day: date.getDate(), time });
}

/** As above, as short as the list of chats has it. @param {Date} date */
export function shortTime(date) {
  return date.toDateString() === new Date().toDateString() ? clock(date) : dayOf(date);
}

/** @param {Date} date */
export function dayOf(date) {
  return t('cardDate', { month: date.getMonth() + 1, day: date.getDate() });
}
