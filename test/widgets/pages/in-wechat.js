// Makes the page one inside WeChat, whose bridge records into `window.invoked`; or, by `client`, one elsewhere.
const parameters = new URLSearchParams(location.search);

const CLIENTS = {
  wechat: 'Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.56',
  'mini-program': 'Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.56 miniProgram/wx0000',
  phone: 'Mozilla/5.0 (Linux; Android 14) Chrome/130.0.0.0 Mobile Safari/537.36',
  desktop: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/132.0.0.0 Safari/537.36',
};
const client = parameters.get('client') ?? 'wechat';

Object.defineProperty(navigator, 'userAgent', { value: CLIENTS[client] });
window.firstHash = location.hash;
window.invoked = [];
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
if (/wechat|mini-program/.test(client)) {
  window.WeixinJSBridge = {
    invoke(name, args, callback) {
      window.invoked.push({ name, args, callback });
      if (name === 'preVerifyJSAPI') setTimeout(() => callback({ err_msg: 'config:ok' }));
    },
    on() {},
  };
}

for (const name of ['weixin-proxy', 'weixin-session']) {
  const content = parameters.get(name);
  if (!content) continue;
  const meta = document.createElement('meta');
  Object.assign(meta, { name, content });
  document.head.append(meta);
}

for (const type of ['pay-start', 'pay-success', 'pay-cancel', 'pay-error', 'order-load']) {
  document.addEventListener(type, (event) => {
    window.heard ??= [];
    window.heard.push(event);
    if (parameters.has('stay')) event.preventDefault();
  });
}

addEventListener('DOMContentLoaded', () => {
  for (const element of document.querySelectorAll('[order-id]')) {
    element.setAttribute('order-id', parameters.get('order'));
    for (const name of ['return-url', 'mini-program-path']) {
      if (parameters.has(name)) element.setAttribute(name, parameters.get(name));
    }
  }
});
