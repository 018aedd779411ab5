import type { Channel } from '../../proxy/api.ts';
import type { Host } from '../core/environment.ts';
import type { ErrorCode } from '../core/error-texts.ts';

/** How an attempt pays: through the proxy, or by a page of the mini program that the web-view is in. */
export type PayChannel = Channel | 'mini-program';

/** What is known of the place. */
export interface Place {
  host: Host;
  /** A phone or a tablet. */
  mobile: boolean;
  /** The page names a page of the mini program that pays. */
  hasMiniProgramPath: boolean;
}

/** The channel to pay by here, or why the wanted one cannot be used. */
export function chooseChannel(
  wanted: Channel | 'auto',
  { host, mobile, hasMiniProgramPath }: Place,
): { channel: PayChannel; obstacle?: undefined } | { channel?: undefined; obstacle: ErrorCode } {
  // WeChat refuses codes from its album and by a long press: one must be able to point a camera at it.
  if (wanted === 'native') return mobile ? { obstacle: 'native_on_phone' } : { channel: wanted };
  if (wanted === 'h5') return host === 'browser' ? { channel: wanted } : { obstacle: 'h5_in_wechat' };
  if (host === 'wechat') return { channel: 'jsapi' };
  if (host === 'mini-program')
    return hasMiniProgramPath ? { channel: 'mini-program' } : { obstacle: 'in_mini_program' };
  if (wanted === 'auto' && !mobile) return { channel: 'native' };
  if (host === 'enterprise-wechat') return { obstacle: 'in_enterprise_wechat' };
  return wanted === 'auto' ? { channel: 'h5' } : { obstacle: 'not_in_wechat' };
}
