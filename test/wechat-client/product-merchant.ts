import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Wechat } from '../../demo/wechat/start.ts';

type Fields = Record<string, string>;

export interface ProductMerchant {
  /** Where WeChat asks for an order when a product code is scanned. */
  callbackUrl: string;
  codeUrl(productId: string): string;
  stop(): void;
}

/** A merchant with printed product codes (Native mode 1, version 2): every scan makes an order of 16.80 yuan, or is refused. */
export async function startProductMerchant(wechat: Wechat, soldOut: string[] = []): Promise<ProductMerchant> {
  const {
    WECHAT_APP_ID: appid = '',
    WECHAT_PAY_MCH_ID: mchId = '',
    WECHAT_PAY_V2_KEY: key = '',
  } = wechat.environmentV2;
  const nonce = () => randomBytes(8).toString('hex');
  const signed = (fields: Fields): Fields => ({ ...fields, sign: md5Sign(fields, key) });

  async function order(productId: string): Promise<Fields> {
    const body = toXml(
      signed({
        appid,
        mch_id: mchId,
        nonce_str: nonce(),
        body: `Tea ${productId}`,
        out_trade_no: `product-${nonce()}`,
        total_fee: '1680',
        spbill_create_ip: '127.0.0.1',
        notify_url: 'https://merchant.invalid/notify',
        trade_type: 'NATIVE',
        product_id: productId,
      }),
    );
    const response = await fetch(`${wechat.url}/pay/unifiedorder`, { method: 'POST', body });
    return fromXml(await response.text());
  }

  const server = createServer(async (request, response) => {
    const { product_id: productId = '' } = fromXml(await text(request));
    const head = { return_code: 'SUCCESS', appid, mch_id: mchId, nonce_str: nonce() };
    const answer = soldOut.includes(productId)
      ? { ...head, result_code: 'FAIL', err_code_des: '已售罄', prepay_id: '' }
      : { ...head, result_code: 'SUCCESS', prepay_id: (await order(productId)).prepay_id ?? '' };
    response.setHeader('content-type', 'text/xml');
    response.end(toXml(signed(answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    callbackUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/native`,
    codeUrl(productId) {
      const timestamp = String(Math.floor(wechat.control.now() / 1000));
      const fields = { appid, mch_id: mchId, nonce_str: nonce(), product_id: productId, time_stamp: timestamp };
      return `weixin://wxpay/bizpayurl?${new URLSearchParams(signed(fields))}`;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function md5Sign(fields: Fields, key: string): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== '');
  const sorted = pairs.sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, value]) => `${name}=${value}`);
  return createHash('md5')
    .update(`${sorted.join('&')}&key=${key}`)
    .digest('hex')
    .toUpperCase();
}

function toXml(fields: Fields): string {
  const elements = Object.entries(fields).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
  return `<xml>${elements.join('')}</xml>`;
}

function fromXml(xml: string): Fields {
  const elements = xml.matchAll(/<(\w+)>(?:<!\[CDATA\[)?([^<\]]*)(?:\]\]>)?<\/\1>/g);
  return Object.fromEntries(Array.from(elements, ([, name, value]) => [name, value]));
}
