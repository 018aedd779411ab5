/** What a merchant would otherwise use, each as its README shows. */
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import axios from 'axios';
import type { BenchProxy } from './proxy.ts';
import { AMOUNT } from './proxy.ts';

// Their own types do not resolve under NodeNext, or there are none.
const require = createRequire(import.meta.url);
const { Wechatpay, Aes, Rsa, Hash, Transformer } = require('wechatpay-axios-plugin');
const WechatpayNodeV3 = require('wechatpay-node-v3');
const Tenpay = require('tenpay');

const NOTIFY_URL = 'http://127.0.0.1:9/notify';

export interface V3Message {
  headers: Record<string, string>;
  body: string;
}

/** Asks WeChat for a code, and proves and opens a notification. */
export interface Peer<Message> {
  name: string;
  createOrder(outTradeNo: string): Promise<unknown>;
  readNotification(message: Message): Promise<unknown>;
}

export function v3Peers({ config, wechat }: BenchProxy): Peer<V3Message>[] {
  const privateKey = config.WECHAT_PAY_PRIVATE_KEY!.export({ type: 'pkcs8', format: 'pem' }) as string;
  const publicKey = config.WECHAT_PAY_PUBLIC_KEY!.export({ type: 'spki', format: 'pem' }) as string;
  const certificates = { [config.WECHAT_PAY_PUBLIC_KEY_ID!]: publicKey };
  const order = (outTradeNo: string) => ({
    appid: config.WECHAT_APP_ID,
    mchid: config.WECHAT_PAY_MCH_ID,
    description: 'Tea',
    out_trade_no: outTradeNo,
    notify_url: NOTIFY_URL,
    amount: AMOUNT,
  });
  return [axiosPlugin(), nodeV3()];

  function axiosPlugin(): Peer<V3Message> {
    const pay = new Wechatpay({
      mchid: config.WECHAT_PAY_MCH_ID,
      serial: config.WECHAT_PAY_SERIAL_NO,
      privateKey,
      certs: certificates,
      baseURL: wechat.url,
    });
    return {
      name: 'wechatpay-axios-plugin',
      createOrder: (outTradeNo) => pay.v3.pay.transactions.native.post(order(outTradeNo)),
      async readNotification({ headers, body }) {
        const message = `${headers['wechatpay-timestamp']}\n${headers['wechatpay-nonce']}\n${body}\n`;
        if (!Rsa.verify(message, headers['wechatpay-signature'], publicKey)) throw new Error('forged');
        const { resource } = JSON.parse(body);
        const { ciphertext, nonce, associated_data } = resource;
        return JSON.parse(Aes.AesGcm.decrypt(ciphertext, config.WECHAT_PAY_V3_KEY, nonce, associated_data));
      },
    };
  }

  function nodeV3(): Peer<V3Message> {
    const pay = new WechatpayNodeV3({
      appid: config.WECHAT_APP_ID,
      mchid: config.WECHAT_PAY_MCH_ID,
      serial_no: config.WECHAT_PAY_SERIAL_NO,
      publicKey: Buffer.from(publicKey),
      privateKey: Buffer.from(privateKey),
      key: config.WECHAT_PAY_V3_KEY,
    });
    WechatpayNodeV3.certificates = certificates;
    // It knows WeChat's own address only: what it sends goes to the stand-in.
    const { host } = new URL(wechat.url);
    pay.createHttp({
      post: async (url: string, body: object, headers: Record<string, string>) =>
        (await axios.post(url.replace(/^https:\/\/[^/]+/, `http://${host}`), body, { headers })).data,
    });
    return {
      name: 'wechatpay-node-v3',
      createOrder: (outTradeNo) => {
        const { appid: _, mchid: __, ...rest } = order(outTradeNo);
        return pay.transactions_native(rest);
      },
      async readNotification({ headers, body }) {
        const { resource } = JSON.parse(body);
        const isGenuine = await pay.verifySign({
          timestamp: headers['wechatpay-timestamp'],
          nonce: headers['wechatpay-nonce'],
          serial: headers['wechatpay-serial'],
          signature: headers['wechatpay-signature'],
          body,
        });
        if (!isGenuine) throw new Error('forged');
        return pay.decipher_gcm(resource.ciphertext, resource.associated_data, resource.nonce);
      },
    };
  }
}

export function v2Peers({ config, wechat }: BenchProxy): Peer<string>[] {
  const tenpay = new Tenpay({
    appid: config.WECHAT_APP_ID,
    mchid: config.WECHAT_PAY_MCH_ID,
    partnerKey: config.WECHAT_PAY_V2_KEY,
    notify_url: NOTIFY_URL,
  });
  const axiosPlugin = new Wechatpay({
    ...{ mchid: config.WECHAT_PAY_MCH_ID, secret: config.WECHAT_PAY_V2_KEY, baseURL: `${wechat.url}/` },
    ...unusedKeys(),
  });
  tenpay.urls.unifiedorder = `${wechat.url}/pay/unifiedorder`;
  return [
    {
      name: 'tenpay',
      createOrder: (outTradeNo) =>
        tenpay.unifiedOrder({
          ...{ trade_type: 'NATIVE', product_id: '1', body: 'Tea' },
          ...{ out_trade_no: outTradeNo, total_fee: AMOUNT.total },
        }),
      readNotification: (body) => tenpay._parse(body, 'middleware_pay'),
    },
    {
      name: 'wechatpay-axios-plugin',
      createOrder: (outTradeNo) =>
        axiosPlugin.v2.pay.unifiedorder.post({
          ...{ appid: config.WECHAT_APP_ID, mch_id: config.WECHAT_PAY_MCH_ID, body: 'Tea', total_fee: AMOUNT.total },
          ...{ out_trade_no: outTradeNo, trade_type: 'NATIVE', product_id: '1', notify_url: NOTIFY_URL },
          spbill_create_ip: '127.0.0.1',
        }),
      async readNotification(body) {
        const { sign, ...fields } = Transformer.toObject(body);
        if (Hash.sign(fields.sign_type ?? 'MD5', fields, config.WECHAT_PAY_V2_KEY) !== sign) throw new Error('forged');
        return fields;
      },
    },
  ];
}

/** Keys of version 3, without which it does not start. */
function unusedKeys() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { serial: 'merchant', privateKey, certs: { wechat: publicKey } };
}

/** A payment notification of version 2. */
export function v2Notification(fields: Record<string, string>, key: string): string {
  return Transformer.toXml({ ...fields, sign: Hash.sign(fields.sign_type ?? 'MD5', fields, key) });
}
