import sharp from 'sharp';
import type { Demo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';

export interface PlacedOrder {
  id: string;
  /** `name=value` of the cookies that the shop set. */
  cookie: string;
}

/** Sends the shop's order form, as a browser would. */
export function sendForm(shopUrl: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  return fetch(`${shopUrl}/orders`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual', headers });
}

export async function placeOrder(shopUrl: string, fields: Record<string, string>): Promise<PlacedOrder> {
  const response = await sendForm(shopUrl, fields);
  const id = new URL(response.headers.get('location') ?? '', shopUrl).searchParams.get('order');
  if (response.status !== 303 || !id) throw new Error(`The shop answered ${response.status} to an order.`);
  const cookie = response.headers.getSetCookie().map((text) => text.split(';')[0]!);
  return { id, cookie: cookie.join('; ') };
}

/** Sends the review form of an order, as a browser would. */
export function sendReview(shopUrl: string, { id, cookie }: PlacedOrder, fields: [string, string][]) {
  const body = new URLSearchParams(fields);
  const headers = { cookie, 'accept-language': 'en' };
  return fetch(`${shopUrl}/orders/${id}/review`, { method: 'POST', body, redirect: 'manual', headers });
}

/** The order as the merchant sees it at the proxy. */
export async function readOrder(demo: Demo, id: string) {
  return await (await callAsMerchant(demo, `/v1/orders/${id}`)).json();
}

async function openSession(demo: Demo): Promise<{ token: string }> {
  const { openid } = demo.wechat.control.users[0]!;
  return await (await callAsMerchant(demo, '/v1/sessions', { openid })).json();
}

/** A picture of one colour. */
export function makePhoto(shade: number, format: 'png' | 'jpeg'): Promise<Buffer> {
  const background = { r: shade, g: 120, b: 90 };
  return sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .toFormat(format)
    .toBuffer();
}

/** Leaves a picture at the proxy, as the uploader does, and gives its address. Each `shade` is another picture. */
export async function uploadPhoto(demo: Demo, shade: number, token?: string): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(await makePhoto(shade, 'png'))]), 'image.png');
  const session = token ?? (await openSession(demo)).token;
  const headers = { origin: demo.shop.url, authorization: `Bearer ${session}` };
  const response = await fetch(`${demo.proxy.url}/v1/images`, { method: 'POST', body: form, headers });
  if (!response.ok) throw new Error(`The proxy answered ${response.status} to a picture: ${await response.text()}`);
  return (await response.json()).url;
}

/** Starts to pay, as the page does: from now on WeChat knows the order. */
export async function startPayment(demo: Demo, orderId: string): Promise<void> {
  const session = await openSession(demo);
  const response = await fetch(`${demo.proxy.url}/v1/orders/${orderId}/payments`, {
    method: 'POST',
    headers: {
      origin: demo.shop.url,
      authorization: `Bearer ${session.token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ channel: 'jsapi' }),
  });
  if (!response.ok) throw new Error(`The proxy answered ${response.status} to a payment: ${await response.text()}`);
}

/** An order that is paid, and the shop's webhook knows. */
export async function placePaidOrder(demo: Demo, fields: Record<string, string>): Promise<PlacedOrder> {
  const order = await placeOrder(demo.shop.url, fields);
  await startPayment(demo, order.id);
  demo.wechat.control.pay((await readOrder(demo, order.id)).outTradeNo);
  const isKnown = () => demo.shop.events.some(({ type, data }) => type === 'order.paid' && data.id === order.id);
  await eventually(isKnown, 'the shop knows of the payment');
  return order;
}

export function callAsMerchant(demo: Demo, path: string, body?: unknown): Promise<Response> {
  return fetch(demo.proxy.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${demo.apiKey}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}
