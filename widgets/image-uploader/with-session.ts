import type { asWidgetError, failure } from '../core/failure.ts';
import { metaSession } from '../core/meta-session.ts';
import type { ProxyClient } from '../core/proxy-client.ts';
import type { Wechat } from '../core/wechat/wechat.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { uploadFailure } from './upload-error.ts';

/** Whose session, and what is handed in so that this part need not bring the same things again. */
export interface SessionSource {
  proxy: ProxyClient;
  /** Inside WeChat, and in the web-view of a mini program: there, one can sign in. */
  wechat: (() => Promise<Wechat>) | undefined;
  /** What goes on after the sign-in: it names the uploader, as it does for `takeResume`. */
  purpose: string;
  failure: typeof failure;
  asWidgetError: typeof asWidgetError;
}

/** Why nobody can upload here. Known at once: a file input opens only in the very moment of a click. */
export function sessionObstacle({ wechat }: Pick<SessionSource, 'wechat'>): WidgetError | undefined {
  if (wechat || metaSession()) return undefined;
  return uploadFailure('session_required', {
    detail: 'Outside WeChat, the site itself puts a session into <meta name="weixin-session">: POST /v1/sessions.',
  });
}

/**
 * Runs `use` with a session: inside WeChat as `Session` has it, elsewhere with the one that the site put into the page.
 *
 * @param mayLeave only by a click: the page may be left for the sign-in.
 * @throws WidgetError `session_required`, those of `Session`, and what `use` throws.
 */
export async function withSession<T>(
  source: SessionSource,
  mayLeave: boolean,
  use: (token: string) => Promise<T>,
): Promise<T> {
  const { wechat, purpose, proxy } = source;
  if (wechat) return (await wechat()).sessionOf(proxy).with({ purpose, mayLeave }, use);
  const obstacle = sessionObstacle(source);
  if (obstacle) throw obstacle;
  const token = metaSession()!;
  try {
    return await use(token);
  } catch (error) {
    // The site may have put a new one in its place meanwhile.
    const renewed = metaSession();
    const isOver = /^session_/.test(String((error as Partial<WidgetError>).code));
    if (isOver && renewed && renewed !== token) return use(renewed);
    throw error;
  }
}

/** Before pictures are chosen, so that none is lost to a sign-in. */
export function ensureSession(source: SessionSource, mayLeave: boolean): Promise<void> {
  return withSession(source, mayLeave, async () => {});
}
