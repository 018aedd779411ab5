/** A payer's way from a page through WeChat's consent and back, ending in a code that the same page exchanges for a session. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyError } from './errors.ts';
import type { Store } from './store/store.ts';
import { upstreamCode } from './wechat/account/api-client.ts';
import type { OAuth, OAuthScope } from './wechat/account/oauth.ts';

export interface SignInsOptions {
  store: Store;
  oauth: OAuth;
  /** Where WeChat sends the browser back to. */
  callbackUrl: string;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

/** How long a payer may take at WeChat, in milliseconds. */
const CONSENT_TIME = 10 * 60_000;
/** How long the page may take to exchange its code. */
const CODE_TIME = 60_000;
/** WeChat calls back twice at times: the second call waits so long for what the first one finds out. */
const TWIN_PATIENCE = 5_000;
const TWIN_POLL = 50;

export class SignIns {
  readonly #options: SignInsOptions;

  constructor(options: SignInsOptions) {
    this.#options = options;
  }

  /** Starts one. Returns the address of WeChat's consent. */
  async start(returnTo: string, challenge: string, scope: OAuthScope): Promise<string> {
    const { store, oauth, callbackUrl, now } = this.#options;
    const state = randomBytes(16).toString('hex');
    const nothing = { claimedAt: null, code: null, codeExpiresAt: null, codeUsedAt: null, openid: null, error: null };
    await store.db
      .insertInto('sign_ins')
      .values({ state, returnTo, challenge, expiresAt: now() + CONSENT_TIME, ...nothing })
      .execute();
    return oauth.consentUrl(callbackUrl, scope, state);
  }

  /**
   * Takes WeChat's answer. Returns the page's address with `#wx_code=…`, or `#wx_error=…`; the same for a callback that
   * comes twice, since WeChat's code works only once.
   * @throws {ProxyError} `oauth_state_invalid`
   */
  async finish(state: string, wechatCode: string | undefined): Promise<string> {
    const { store, now } = this.#options;
    const claim = await store.db
      .updateTable('sign_ins')
      .set({ claimedAt: now() })
      .where('state', '=', state)
      .where('expiresAt', '>', now())
      .where('claimedAt', 'is', null)
      .executeTakeFirst();
    if (claim.numUpdatedRows === 1n) await this.#exchange(state, wechatCode);
    return this.#result(state);
  }

  /** Who signed in. Works once, for the page that keeps the verifier. @throws {ProxyError} `oauth_code_invalid` */
  async redeem(code: string, verifier: string): Promise<string> {
    const { store, now } = this.#options;
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const used = await store.db
      .updateTable('sign_ins')
      .set({ codeUsedAt: now() })
      .where('code', '=', code)
      .where('challenge', '=', challenge)
      .where('codeUsedAt', 'is', null)
      .where('codeExpiresAt', '>', now())
      .returning('openid')
      .executeTakeFirst();
    if (!used?.openid) throw new ProxyError('oauth_code_invalid');
    return used.openid;
  }

  async removeOld(): Promise<void> {
    const { store, now } = this.#options;
    await store.db
      .deleteFrom('sign_ins')
      .where('expiresAt', '<', now() - CODE_TIME)
      .execute();
  }

  async #exchange(state: string, wechatCode: string | undefined): Promise<void> {
    const { store, now } = this.#options;
    const answer = await this.#ask(wechatCode);
    const change =
      'openid' in answer
        ? { ...answer, code: randomBytes(24).toString('base64url'), codeExpiresAt: now() + CODE_TIME }
        : answer;
    await store.db.updateTable('sign_ins').set(change).where('state', '=', state).execute();
  }

  async #ask(wechatCode: string | undefined): Promise<{ openid: string } | { error: string }> {
    // WeChat sends no code where the payer says no.
    if (wechatCode === undefined) return { error: 'access_denied' };
    try {
      return { openid: await this.#options.oauth.openid(wechatCode) };
    } catch (error) {
      this.#options.onError(error, 'exchanging a sign-in code');
      return { error: upstreamCode(error) ? 'oauth_failed' : 'wechat_unavailable' };
    }
  }

  /** What the first callback found out, as the page's new address. */
  async #result(state: string): Promise<string> {
    const { store, now } = this.#options;
    const deadline = now() + TWIN_PATIENCE;
    for (;;) {
      const signIn = await store.db
        .selectFrom('sign_ins')
        .select(['returnTo', 'code', 'error'])
        .where('state', '=', state)
        .where('expiresAt', '>', now())
        .executeTakeFirst();
      if (!signIn) throw new ProxyError('oauth_state_invalid');
      if (signIn.code) return withFragment(signIn.returnTo, 'wx_code', signIn.code);
      if (signIn.error) return withFragment(signIn.returnTo, 'wx_error', signIn.error);
      if (now() > deadline) return withFragment(signIn.returnTo, 'wx_error', 'wechat_unavailable');
      await sleep(TWIN_POLL);
    }
  }
}

/** The page keeps its own fragment in mind and puts it back. */
function withFragment(address: string, name: string, value: string): string {
  const url = new URL(address);
  url.hash = `${name}=${value}`;
  return url.href;
}
