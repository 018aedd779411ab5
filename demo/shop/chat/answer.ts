import { CATALOGUE } from '../catalogue.ts';
import { tableOf } from '../tables/tables.ts';
import type { ReceivedEvent } from '../webhooks.ts';

/** What the proxy passes on to the user, in the chat with the account. */
export type Answer =
  | { type: 'text'; content: string }
  | { type: 'news'; articles: { title: string; description: string; picUrl: string; url: string }[] }
  | { type: 'transfer_customer_service' };

interface Shop {
  /** Where customers reach the shop, without a slash at the end. */
  publicUrl: string;
}

const HELP =
  '回复“菜单”看看今天的茶，回复“订单”查看您的订单，回复“人工”找店员。\n(Reply “menu”, “orders” or “help” for a person.)';

/** To a message, to a scan of a table's code, or to a new follower. Whoever writes may write in either language. */
export function answerTo({ type, data }: ReceivedEvent, shop: Shop): Answer | undefined {
  if (type === 'code.scanned') return welcomeToTable(tableOf(data.scene), shop);
  if (type !== 'message.received') return undefined;
  if (data.type === 'event') return data.event === 'subscribe' ? text(`欢迎来到栖云茶铺！${HELP}`) : undefined;
  if (data.type !== 'text') return text(`收到，谢谢您！${HELP}`);
  const words = String(data.content).trim().toLowerCase();
  if (/菜单|茶|menu|tea/.test(words)) return menu(shop);
  if (/订单|order/.test(words)) return text(`您的订单都在这里：${shop.publicUrl}/my_orders`);
  if (/人工|客服|help/.test(words)) return { type: 'transfer_customer_service' };
  return text(HELP);
}

function welcomeToTable(table: number | undefined, { publicUrl }: Shop): Answer | undefined {
  return table === undefined ? undefined : text(`欢迎入座，您在 ${table} 号桌。想喝什么？\n${publicUrl}/`);
}

/** One article: WeChat shows no more in answer to a message. */
function menu({ publicUrl }: Shop): Answer {
  const [product] = CATALOGUE;
  const name = product!.name['zh-CN'];
  const article = {
    title: `今天推荐：${name}`,
    description: product!.summary['zh-CN'],
    picUrl: `${publicUrl}/pictures/${product!.id}.jpg`,
    url: `${publicUrl}/order_info?product=${product!.id}`,
  };
  return { type: 'news', articles: [article] };
}

function text(content: string): Answer {
  return { type: 'text', content };
}
