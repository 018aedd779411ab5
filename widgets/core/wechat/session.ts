import type { Session as SessionAnswer } from '../../../proxy/api.ts';
import type { failure } from '../failure.ts';
import { depart, type SignInPage, type SignInReturn, stay } from '../sign-in.ts';
import { readStored } from '../stored.ts';
import { SESSION_MARGIN, SIGN_IN_LEAVE } from '../timing.ts';
import type { WidgetError } from '../widget-error.ts';

/** What a session needs of the world. */
export interface SessionWorld {
  proxy: {
    address: string;
    createSession(code: string, verifier: string): Promise<SessionAnswer>;
    authorizeUrl(returnTo: string, challenge: string): string;
  };
  page: SignInPage;
  /** What the site itself put into `<meta name="weixin-session">`. */
  metaToken(): string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  createChallenge(): Promise<{ verifier: string; challenge: string } | undefined>;
  /** Resolves after so long, or as soon as the page is shown again from the back-forward cache. */
  wait(ms: number): Promise<void>;
  failure: typeof failure;
}

export interface SessionRequest {
  /** What goes on after the sign-in: the id of the order to pay, or which uploader chooses pictures. */
  purpose: string;
  /** Only a payer's own click may leave the page, so that no chain of redirects can form. */
  mayLeave: boolean;
}

/**
 * The payer's session at one proxy: the site's own, else the one of an earlier sign-in, else a new one by WeChat's
 * sign-in, which leaves the page and comes back to it.
 */
export class Session {
  private readonly _world: SessionWorld;
  private _rejectedMeta: string | undefined;
  private _returned: SignInReturn | undefined;
  private _kept: SessionAnswer | undefined;

  /** `returned` is what the sign-in brought back when this page was loaded. */
  constructor(world: SessionWorld, returned?: SignInReturn) {
    this._world = world;
    this._returned = returned?.proxy === world.proxy.address ? returned : undefined;
    this._kept = this._load();
  }

  /**
   * Runs `use` with a session; where the proxy no longer takes it, once more with a new one.
   *
   * @throws WidgetError `sign_in_failed`, `page_insecure`, `session_invalid`, the proxy's codes, and what `use` throws.
   */
  async with<T>(request: SessionRequest, use: (token: string) => Promise<T>): Promise<T> {
    const token = await this._token(request);
    try {
      return await use(token);
    } catch (error) {
      if (!/^session_/.test(String((error as Partial<WidgetError>).code))) throw error;
      this._reject(token);
      return use(await this._token(request));
    }
  }

  private async _token(request: SessionRequest): Promise<string> {
    const meta = this._world.metaToken();
    if (meta && meta !== this._rejectedMeta) return meta;
    if (this._kept && this._isAlive(this._kept)) return this._kept.token;
    const returned = this._returned;
    this._returned = undefined;
    if (returned) return this._exchange(returned);
    if (!request.mayLeave) throw this._world.failure('session_invalid');
    return this._leave(request.purpose);
  }

  private async _exchange({ code, error, verifier }: SignInReturn): Promise<string> {
    if (!code) throw this._world.failure(error || 'sign_in_failed');
    this._keep(await this._world.proxy.createSession(code, verifier));
    return this._kept!.token;
  }

  /** Ends with the page. Where the page is still there, the payer came back, or could not leave. */
  private async _leave(purpose: string): Promise<never> {
    const { page, proxy } = this._world;
    if (!page.storage) throw this._world.failure('sign_in_failed', { detail: 'sessionStorage' });
    const secret = await this._world.createChallenge();
    if (!secret) throw this._world.failure('page_insecure', { detail: 'https' });
    const { verifier, challenge } = secret;
    const returnTo = depart(page, { verifier, purpose, proxy: proxy.address });
    page.location.assign(proxy.authorizeUrl(returnTo, challenge));
    await this._world.wait(SIGN_IN_LEAVE);
    stay(page);
    throw this._world.failure('sign_in_failed');
  }

  private _reject(token: string): void {
    if (this._kept?.token === token) this._kept = undefined;
    else this._rejectedMeta = token;
  }

  private _keep(session: SessionAnswer): void {
    this._kept = session;
    this._world.page.storage?.setItem(this._key(), JSON.stringify(session));
  }

  private _load(): SessionAnswer | undefined {
    return readStored(this._world.page.storage, this._key());
  }

  private _isAlive({ expiresAt }: SessionAnswer): boolean {
    return Date.parse(expiresAt) - SESSION_MARGIN > this._world.now();
  }

  private _key(): string {
    return `weixin-widgets:session:${this._world.proxy.address}`;
  }
}
