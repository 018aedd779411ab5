import type { Account } from './account.ts';
import type { MediaStore } from './media-store.ts';
import type { QrCodes } from './qr-codes.ts';
import type { Template, Templates } from './templates.ts';
import type { WritableFields } from './xml-tree.ts';

/** An API that the debugging page can call, with an example that works. */
export interface ApiExample {
  name: string;
  method: 'GET' | 'POST';
  path: string;
  query: Record<string, string>;
  /** JSON; empty where there is none. */
  body: string;
}

/** A message or event that the debugging page can push. */
export interface PushExample {
  name: string;
  fields: WritableFields;
}

const VALUES: Record<string, string> = {
  first: '你好，你的订单已付款。',
  product: '明前龙井 50g',
  price: '¥39.80',
  time: '2026年3月1日 10:00',
  remark: '感谢惠顾！',
  thing1: '明前龙井 50g',
  character_string2: 'SF1234567890123',
  time3: '2026年3月1日 10:00',
};

/** The calls that can be made, about this user. */
export function apiExamples(account: Account, templates: Templates, openid: string): ApiExample[] {
  const get = (name: string, path: string, query: Record<string, string>) =>
    ({ name, method: 'GET', path, query, body: '' }) as const;
  const post = (name: string, path: string, body: object) =>
    ({ name, method: 'POST', path, query: {}, body: JSON.stringify(body, undefined, 2) }) as const;
  const { appId: appid, appSecret: secret } = account;
  const credential = { grant_type: 'client_credential', appid, secret };
  const message = (template: Template) => ({ touser: openid, template_id: template.id, data: dataFor(template) });
  return [
    post('stableToken', '/cgi-bin/stable_token', credential),
    get('token', '/cgi-bin/token', credential),
    get('ticket', '/cgi-bin/ticket/getticket', { type: 'jsapi' }),
    get('userInfo', '/cgi-bin/user/info', { openid, lang: 'zh_CN' }),
    post('customMessage', '/cgi-bin/message/custom/send', {
      touser: openid,
      msgtype: 'text',
      text: { content: '你好' },
    }),
    ...templates
      .list()
      .map((template) =>
        template.kind === 'template'
          ? post('templateMessage', '/cgi-bin/message/template/send', message(template))
          : post('subscriptionMessage', '/cgi-bin/message/subscribe/bizsend', message(template)),
      ),
    post('qrCode', '/cgi-bin/qrcode/create', {
      expire_seconds: 604800,
      action_name: 'QR_STR_SCENE',
      action_info: { scene: { scene_str: 'shop-window' } },
    }),
  ];
}

/** What can be pushed: messages of every type, and the events that tests and shops meet. */
export function pushExamples(qrCodes: QrCodes, media: MediaStore): PushExample[] {
  const mediaId = media.newest()?.mediaId ?? 'media_id';
  const ticket = qrCodes.all().at(-1)?.ticket ?? 'TICKET';
  const event = (name: string, fields: WritableFields): PushExample => ({
    name,
    fields: { MsgType: 'event', Event: name, ...fields },
  });
  const message = (name: string, fields: WritableFields): PushExample => ({
    name,
    fields: { MsgType: name, ...fields },
  });
  return [
    message('text', { Content: '什么时候发货？' }),
    message('image', { PicUrl: 'https://mmbiz.qpic.cn/picture', MediaId: mediaId }),
    message('voice', { MediaId: mediaId, Format: 'amr' }),
    message('video', { MediaId: mediaId, ThumbMediaId: mediaId }),
    message('location', { Location_X: 30.2429, Location_Y: 120.1468, Scale: 16, Label: '杭州市西湖区' }),
    message('link', { Title: '明前龙井', Description: '新茶上市', Url: 'https://shop.example.com/tea' }),
    event('subscribe', { EventKey: '' }),
    event('unsubscribe', { EventKey: '' }),
    event('SCAN', { EventKey: 'shop-window', Ticket: ticket }),
    event('CLICK', { EventKey: 'ORDERS' }),
    event('VIEW', { EventKey: 'https://shop.example.com/' }),
    event('LOCATION', { Latitude: 30.2429, Longitude: 120.1468, Precision: 65 }),
    event('TEMPLATESENDJOBFINISH', { MsgID: '1751234567000000001', Status: 'success' }),
  ];
}

function dataFor({ keys }: Template): Record<string, { value: string }> {
  return Object.fromEntries(keys.map((key) => [key, { value: VALUES[key] ?? key }]));
}
