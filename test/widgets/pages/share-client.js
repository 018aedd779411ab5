// A client of WeChat, or, by `client`, one elsewhere. Its bridge records into `window.invoked` and answers with ok.
const parameters = new URLSearchParams(location.search);
const android = 'Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.56';
const CLIENTS = {
  android,
  ios: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.54',
  'without-bridge': android,
  'mini-program': `${android} miniProgram/wx0000`,
  'enterprise-wechat': `${android} wxwork/4.1.30`,
  desktop: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/132.0.0.0 Safari/537.36',
};
const client = parameters.get('client') ?? 'android';

Object.defineProperty(navigator, 'userAgent', { value: CLIENTS[client] });
window.invoked = [];
window.heard = [];
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
});
for (const type of ['share-ready', 'share-error']) {
  document.addEventListener(type, (event) => window.heard.push(event));
}
if (!/desktop|without/.test(client)) {
  window.WeixinJSBridge = {
    invoke(name, args, callback) {
      window.invoked.push({ name, args, url: location.href });
      setTimeout(() => callback({ err_msg: `${name === 'preVerifyJSAPI' ? 'config' : name}:ok` }));
    },
    on() {},
  };
}

const meta = document.createElement('meta');
Object.assign(meta, { name: 'weixin-proxy', content: parameters.get('weixin-proxy') });
document.head.append(meta);
document.currentScript.remove();

// A router that comes before everything else.
if (parameters.has('early')) history.replaceState({}, '', parameters.get('early'));
