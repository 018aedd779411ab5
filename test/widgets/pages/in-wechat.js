// Makes the page one inside WeChat, whose bridge records into `window.invoked` and answers as `window.answers` say.
const parameters = new URLSearchParams(location.search);

Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.56' });
window.firstHash = location.hash;
window.invoked = [];
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
window.WeixinJSBridge = {
  invoke(name, args, callback) {
    window.invoked.push({ name, args, callback });
    if (name === 'preVerifyJSAPI') setTimeout(() => callback({ err_msg: 'config:ok' }));
  },
  on() {},
};

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
    if (parameters.has('return-url')) element.setAttribute('return-url', parameters.get('return-url'));
  }
});
