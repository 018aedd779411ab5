import type { BridgeAnswer, Invocation } from './bridge.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import { isJsSafe } from './js-safe.ts';
import { isLoopback } from './loopback.ts';
import type { Pages, ShareTarget } from './pages.ts';

interface World {
  clock: Clock;
  pages: Pages;
  knobs: () => Knobs;
}

/**
 * The client's functions for share cards: success means that the card is set, not that anything was shared.
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
 */
export class BridgeShares {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async updateAppMessageShareData(invocation: Invocation): Promise<BridgeAnswer> {
    return this.#set('friend', invocation);
  }

  async updateTimelineShareData(invocation: Invocation): Promise<BridgeAnswer> {
    return this.#set('moments', invocation);
  }

  #set(to: ShareTarget, invocation: Invocation): BridgeAnswer {
    const { args, name, url } = invocation;
    const { clock, knobs, pages } = this.#world;
    const { title, desc = '', link, imgUrl = '' } = args;
    const failed = (reason: string) => ({ answer: { err_msg: `${name}:fail_${reason}` }, message: reason });
    if (typeof title !== 'string' || title === '') return failed('invalid title');
    if (typeof desc !== 'string') return failed('invalid desc');
    if (typeof link !== 'string' || !URL.canParse(link)) return failed('invalid link');
    if (!isJsSafe(link, knobs().jsSafeDomains)) return failed('link must be in js secure domain list');
    if (typeof imgUrl !== 'string' || !isIcon(imgUrl)) return failed('invalid imgUrl');
    const time = new Date(clock.now()).toISOString();
    const setting = { title, ...(to === 'friend' && { description: desc }), link, icon: imgUrl, url, time };
    pages.change(invocation, { [to]: setting });
    return { answer: { err_msg: `${name}:ok` } };
  }
}

/** None, or an absolute https address; of this machine, http as well. */
function isIcon(imgUrl: string): boolean {
  if (imgUrl === '') return true;
  if (!URL.canParse(imgUrl)) return false;
  const { protocol, hostname } = new URL(imgUrl);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
