import { ICON_LOAD, POLICY_LATE } from '../core/timing.ts';

export interface IconMeasure {
  /** There is no picture at that address. */
  isBroken: boolean;
  /** 0 where it has no size of its own. */
  width: number;
  height: number;
  /** 0 where the page is not told. */
  bytes: number;
}

/** Each is looked at once, however many cards it is on. */
const looked = new Map<string, ReturnType<typeof look>>();

/**
 * Looks at an icon as the page's own browser gets it. Gives `undefined` where that says nothing about what WeChat will
 * get: the page's policy forbids it, there is no network, it takes too long.
 *
 * @param isThorough asks for its size by a request of its own where the browser does not tell.
 */
export async function measureIcon(url: string, isThorough: boolean): Promise<IconMeasure | undefined> {
  const measured = looked.get(url) ?? look(url);
  looked.set(url, measured);
  const measure = await measured;
  if (!measure) looked.delete(url);
  else if (isThorough && !measure.isBroken) measure.bytes ||= await askedBytes(url);
  return measure;
}

async function look(url: string): Promise<IconMeasure | undefined> {
  let isForbidden = false;
  const { origin } = new URL(url);
  const forbid = ({ blockedURI }: SecurityPolicyViolationEvent) => {
    isForbidden ||= blockedURI.startsWith(origin);
  };
  document.addEventListener('securitypolicyviolation', forbid);
  const image = await load(url);
  if (image === 'error') await new Promise((resolve) => setTimeout(resolve, POLICY_LATE));
  document.removeEventListener('securitypolicyviolation', forbid);
  if (image instanceof Image) {
    const { naturalWidth: width, naturalHeight: height } = image;
    return { isBroken: false, width, height, bytes: knownBytes(url) };
  }
  const isKnown = image === 'error' && !isForbidden && navigator.onLine;
  return isKnown ? { isBroken: true, width: 0, height: 0, bytes: 0 } : undefined;
}

function load(url: string): Promise<HTMLImageElement | 'error' | 'late'> {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => resolve('error');
    setTimeout(resolve, ICON_LOAD, 'late');
    image.src = url;
  });
}

/** Told for the page's own origin, and for those that allow it. */
function knownBytes(url: string): number {
  const entries = performance.getEntriesByName(url) as PerformanceResourceTiming[];
  return Math.max(0, ...entries.map(({ encodedBodySize }) => encodedBodySize || 0));
}

/** A browser may complain in its console where the icon's server does not allow it. */
async function askedBytes(url: string): Promise<number> {
  try {
    const { ok, headers } = await fetch(url, { method: 'HEAD', credentials: 'omit' });
    return (ok && Number(headers.get('content-length'))) || 0;
  } catch {
    return 0;
  }
}
