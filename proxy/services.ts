/** What every command of the proxy works with: the store, WeChat, and the use cases of orders. Nothing listens. */
import { randomBytes } from 'node:crypto';
import type { EventType } from './api.ts';
import { type Config, isOfType, merchantCertificate } from './config.ts';
import { V3_NOTIFY_PATH } from './http/pay-notifications.ts';
import { V2_NOTIFY_PATH, V2_REFUND_NOTIFY_PATH } from './http/pay-v2-notifications.ts';
import { MessageResults } from './messages/message-results.ts';
import { TemplateMessages } from './messages/template-messages.ts';
import { Orders } from './orders/orders.ts';
import { Payments } from './orders/payments.ts';
import { Products } from './orders/products.ts';
import { Reconciliation } from './orders/reconciliation.ts';
import { Refunds } from './orders/refunds.ts';
import { Events } from './outbox/events.ts';
import { createCredentialStore } from './store/credential-store.ts';
import { Store } from './store/store.ts';
import { AccessToken } from './wechat/account/access-token.ts';
import { createApiClient } from './wechat/account/api-client.ts';
import type { CredentialStore } from './wechat/account/credential.ts';
import { createHttpClient, type HttpClient } from './wechat/http-client.ts';
import { V2Gateway } from './wechat/pay/v2/gateway.ts';
import { productCodeUrl } from './wechat/pay/v2/product-code.ts';
import { V3Gateway } from './wechat/pay/v3/gateway.ts';

export interface Surroundings {
  /** Milliseconds since 1970. */
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

/** @throws {ProxyError} `store_unavailable` */
export async function createServices(config: Config, { now, onError }: Surroundings) {
  const store = await Store.open(config.DATABASE_URL);
  const http = createHttpClient();
  const credentials = { store: createCredentialStore(store, now), now, onError };
  const v3 = config.WECHAT_PAY_API === 'v3' ? createV3Gateway(config, { ...credentials, http }) : undefined;
  const gateway = v3 ?? createV2Gateway(config, http, now);
  const v2 = { appId: gateway.appId, mchId: gateway.mchId, key: config.WECHAT_PAY_V2_KEY };

  const api = createApiClient(http, config.WECHAT_API_URL);
  const app = { appId: config.WECHAT_APP_ID, appSecret: config.WECHAT_APP_SECRET };
  const accessToken = new AccessToken({ ...credentials, ...app, api, tokenApi: config.WECHAT_TOKEN_API });

  const events = new Events({ store, now, isDelivered: (type) => receiverOf(config, type) !== undefined });
  const messageResults = new MessageResults({ store, events, now });
  const templateMessages = new TemplateMessages({
    ...{ store, events, results: messageResults, api, accessToken, now, onError },
    orderPaidTemplate: config.TEMPLATE_ORDER_PAID,
  });
  const onPaid = templateMessages.addOrderPaid.bind(templateMessages);
  const orders = new Orders({ store, events, gateway, onPaid, now, onError });
  const payments = new Payments({ store, orders, gateway, now, onError });
  const refunds = new Refunds({ store, events, orders, gateway, now, onError });
  const products = new Products({ store, orders, payments, codeUrl: v3 ? undefined : codeUrlOf(config, now) });
  const reconciliation = new Reconciliation({ store, orders, refunds, gateway, onError });
  return {
    ...{ store, http, credentials, api, app, accessToken, gateway, v3, v2 },
    ...{ events, messageResults, templateMessages, orders, payments, refunds, products, reconciliation },
  };
}

/** Where events of this type go. */
export function receiverOf({ WEBHOOK_ROUTES: routes = [], WEBHOOK_URL }: Config, type: EventType): string | undefined {
  return routes.find((route) => isOfType(route.type, type))?.url ?? WEBHOOK_URL;
}

function createV3Gateway(
  config: Config,
  common: { http: HttpClient; store: CredentialStore } & Surroundings,
): V3Gateway {
  const { WECHAT_PAY_PUBLIC_KEY: key, WECHAT_PAY_PUBLIC_KEY_ID: id } = config;
  return new V3Gateway({
    ...common,
    baseUrls: config.WECHAT_PAY_URL,
    appId: config.WECHAT_APP_ID,
    apiV3Key: config.WECHAT_PAY_V3_KEY!,
    signer: {
      mchId: config.WECHAT_PAY_MCH_ID,
      serialNo: config.WECHAT_PAY_SERIAL_NO!,
      privateKey: config.WECHAT_PAY_PRIVATE_KEY!,
    },
    publicKey: key && id ? { id, key } : undefined,
    notifyUrl: `${config.PUBLIC_URL}${V3_NOTIFY_PATH}`,
  });
}

function createV2Gateway(config: Config, http: HttpClient, now: () => number): V2Gateway {
  return new V2Gateway({
    http,
    now,
    baseUrls: config.WECHAT_PAY_URL,
    appId: config.WECHAT_APP_ID,
    mchId: config.WECHAT_PAY_MCH_ID,
    key: config.WECHAT_PAY_V2_KEY!,
    signType: config.WECHAT_PAY_V2_SIGN_TYPE,
    certificate: merchantCertificate(config),
    notifyUrl: `${config.PUBLIC_URL}${V2_NOTIFY_PATH}`,
    refundNotifyUrl: `${config.PUBLIC_URL}${V2_REFUND_NOTIFY_PATH}`,
  });
}

function codeUrlOf(config: Config, now: () => number) {
  return (productId: string) =>
    productCodeUrl({
      appId: config.WECHAT_APP_ID,
      mchId: config.WECHAT_PAY_MCH_ID,
      key: config.WECHAT_PAY_V2_KEY!,
      productId,
      timestamp: Math.floor(now() / 1_000),
      nonceStr: randomBytes(16).toString('hex'),
    });
}
