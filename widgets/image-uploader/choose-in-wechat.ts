import type { ProxyClient } from '../core/proxy-client.ts';
import { JSSDK_CHECK, WECHAT_CHOOSE } from '../core/timing.ts';
import type { Wechat } from '../core/wechat/wechat.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { uploadFailure } from './upload-error.ts';

type Jssdk = Pick<Wechat, 'configureJssdk' | 'callJssdk'>;

export interface Choice {
  /** WeChat gives nine at most. */
  count: number;
  /** `original`, `compressed`, or both: the user chooses. As the attribute has it. */
  sizeType: string;
  /** `album`, `camera`, or both. */
  source: string;
  /** Called when the chooser opens. */
  opens(): void;
}

const SOURCES = ['album', 'camera'];
const NEEDED = ['chooseImage', 'uploadImage'];

/**
 * Makes WeChat's chooser ready.
 *
 * @throws WidgetError where there is none, as on a computer, or the page may not use it: then a file input does as well.
 */
export async function readyToChoose(wechat: Jssdk, proxy: ProxyClient): Promise<void> {
  await wechat.configureJssdk(proxy);
  const known = await wechat.callJssdk('checkJsApi', { jsApiList: NEEDED }, JSSDK_CHECK).then(
    ({ checkResult }) => (checkResult ?? {}) as Record<string, unknown>,
    // It is but a question.
    () => ({}) as Record<string, unknown>,
  );
  const missing = NEEDED.find((api) => known[api] === false);
  if (missing) throw uploadFailure('jssdk_function_not_exist', { detail: missing });
}

/**
 * Lets the user choose, and gives the ids by which WeChat knows the pictures; none where the user chose none.
 *
 * @throws WidgetError `jssdk_…`
 */
export async function chooseInWechat(
  wechat: Jssdk,
  proxy: ProxyClient,
  { count, sizeType, source, opens }: Choice,
): Promise<string[]> {
  // A route change may have given the page another address since.
  await wechat.configureJssdk(proxy);
  try {
    const choice = {
      count: Math.min(count, 9),
      sizeType: knownWords(sizeType, ['original', 'compressed'], ['compressed']),
      sourceType: knownWords(source, SOURCES, SOURCES),
    };
    opens();
    return localIds((await wechat.callJssdk('chooseImage', choice, WECHAT_CHOOSE)).localIds);
  } catch (error) {
    // After so long, nobody is choosing any more.
    if (/^jssdk_(cancelled|timeout)$/.test((error as WidgetError).code)) return [];
    throw error;
  }
}

/** Whether WeChat's chooser will not open here, however often one tries. */
export function isWithoutChooser({ code }: WidgetError): boolean {
  return code.startsWith('jssdk_') && !/cancelled|timeout|failed/.test(code);
}

/**
 * Shows pictures over the whole screen, as WeChat does it.
 *
 * @param urls absolute, http or https.
 */
export async function previewInWechat(wechat: Jssdk, urls: readonly string[], current: string): Promise<void> {
  await wechat.callJssdk('previewImage', { urls, current });
}

/** Those of the known words that are in the text; where there are none, the usual ones. */
function knownWords(text: string, known: readonly string[], usual: readonly string[]): readonly string[] {
  const given = text.toLowerCase().split(/[\s,]+/);
  const words = known.filter((word) => given.includes(word));
  return words.length ? words : usual;
}

/** Some clients give a list as text. */
function localIds(given: unknown): string[] {
  let list = given;
  try {
    if (typeof given === 'string') list = JSON.parse(given);
  } catch {
    // It is the one id.
  }
  return [list].flat().filter((id): id is string => typeof id === 'string' && id !== '');
}
