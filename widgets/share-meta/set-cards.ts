import type { ProxyClient } from '../core/proxy-client.ts';
import type { Wechat } from '../core/wechat/wechat.ts';
import type { ShareCard } from './share-card.ts';
import type { ShareStack } from './share-stack.ts';

const CHAT = 'updateAppMessageShareData';
const MOMENTS = 'updateTimelineShareData';

/**
 * Sets both of WeChat's cards, unless another card comes meanwhile. That the client has them is all that it says: whether
 * anybody shares them, no page is told.
 *
 * @param isLast whether it is still this card that is wanted.
 * @throws WidgetError of the proxy, `bridge_missing`, `jssdk_…`
 */
export async function setCards(
  { title, description: desc, link, icon: imgUrl }: ShareCard,
  { configureJssdk, callJssdk }: Wechat,
  proxy: ProxyClient,
  stack: ShareStack,
  isLast: () => boolean,
): Promise<void> {
  const configured = stack.configured.then(() => (isLast() ? configureJssdk(proxy) : undefined));
  stack.configured = configured.catch(() => {});
  await configured;
  if (isLast())
    await Promise.all([callJssdk(CHAT, { title, desc, link, imgUrl }), callJssdk(MOMENTS, { title, link, imgUrl })]);
}
