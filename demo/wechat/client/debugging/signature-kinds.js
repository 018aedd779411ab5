/**
 * The signatures that can be checked. `fields` are asked for, `read` makes their values of what is pasted, and `request`
 * makes of them what the stand-in is asked.
 *
 * @type {Record<string, {paste: string, fields: string[], optional?: string[], read: (text: string) => Record<string, string>,
 *   request: (values: Record<string, string>) => [path: string, body: object]}>}
 */
export const SIGNATURE_KINDS = {
  jssdk: {
    paste: 'pasteConfig',
    fields: ['url', 'timestamp', 'noncestr', 'signature', 'ticket'],
    optional: ['signature', 'ticket'],
    read(text) {
      const { timestamp, nonceStr, signature, url } = readFields(text);
      return { timestamp, noncestr: nonceStr, signature, url };
    },
    request: (values) => ['jssdk-signature', values],
  },
  'pay-request': {
    paste: 'pasteAuthorization',
    fields: ['method', 'path', 'timestamp', 'nonce', 'body', 'signature'],
    optional: ['body', 'signature'],
    read(text) {
      const value = (name) => text.match(new RegExp(`${name}="([^"]*)"`))?.[1];
      return { timestamp: value('timestamp'), nonce: value('nonce_str'), signature: value('signature') };
    },
    request: (values) => ['pay-signature', { version: 'v3', kind: 'request', ...values, body: values.body ?? '' }],
  },
  'pay-page': {
    paste: 'pasteParams',
    fields: ['appId', 'timeStamp', 'nonceStr', 'package', 'signature'],
    optional: ['signature'],
    read(text) {
      const { params, ...bare } = readFields(text);
      const { appId, timeStamp, nonceStr, package: prepay, paySign } = Object(params ?? bare);
      return { appId, timeStamp, nonceStr, package: prepay, signature: paySign };
    },
    request: (values) => ['pay-signature', { version: 'v3', kind: 'page', ...values }],
  },
  'pay-v2': {
    paste: 'pasteFields',
    fields: ['sign', 'signType'],
    optional: ['sign', 'signType'],
    read(text) {
      const { sign, sign_type, signType } = readFields(text);
      return { sign, signType: sign_type ?? signType };
    },
    request: ({ sign, signType }, pasted) => [
      'pay-signature',
      { version: 'v2', fields: readFields(pasted), signType, signature: sign },
    ],
  },
  message: {
    paste: 'pasteMessage',
    fields: ['timestamp', 'nonce', 'encrypt', 'signature'],
    optional: ['encrypt', 'signature'],
    read(text) {
      const { timestamp, nonce, signature, msg_signature, Encrypt } = readFields(text);
      return { timestamp, nonce, signature: msg_signature ?? signature, encrypt: Encrypt };
    },
    request: (values) => ['message-signature', values],
  },
};

/** Names and values of JSON, XML, an address or lines; nothing where it is none of them. */
function readFields(text) {
  if (/^\s*\{/.test(text)) return readJson(text);
  if (/^\s*</.test(text)) return readXml(text);
  const query = text.includes('?') ? text.slice(text.indexOf('?') + 1) : text.trim().replace(/\s*\n\s*/g, '&');
  return Object.fromEntries(new URLSearchParams(query));
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function readXml(text) {
  const root = new DOMParser().parseFromString(text, 'application/xml').documentElement;
  return Object.fromEntries([...root.children].map(({ tagName, textContent }) => [tagName, textContent]));
}
