import type { Channel } from '../../proxy/api.ts';
import type { Host } from '../core/environment.ts';
import type { ErrorCode } from '../core/error-texts.ts';

/** Where paying by `jsapi` is not possible, and why. */
const OBSTACLES: Partial<Record<Host, ErrorCode>> = {
  browser: 'not_in_wechat',
  'mini-program': 'in_mini_program',
  'enterprise-wechat': 'in_enterprise_wechat',
};

/** Why the wanted channel cannot be used here; `undefined` where it can. */
export function channelObstacle(wanted: Channel | 'auto', host: Host): ErrorCode | undefined {
  if (wanted === 'native' || wanted === 'h5') return 'channel_not_supported';
  return OBSTACLES[host];
}
