/**
 * What WeChat's in-app browser puts into every page before the page's own scripts: `WeixinJSBridge`.
 *
 * It does nothing unless the window is an in-app browser: an iframe of the phone page, whose `window.name` is
 * `wechat|<ios|android>|<phone>`, or a window where `window.__weixinClient = {platform, phone}` was set before.
 * Calls go to `window.__weixinInvoke(payload)` where that is defined, else to the stand-in that served this file.
 *
 * A classic script, because it has to be done before anything else on the page starts.
 */
(() => {
  const client = window.__weixinClient ?? clientFromName(window.name);
  if (!client || window.WeixinJSBridge) return;

  const { platform, phone } = client;
  const standIn = document.currentScript?.src ? new URL(document.currentScript.src).origin : '';
  const fetch = window.fetch.bind(window); // the page may replace its own
  // iOS checks signatures and pay directories against the page that was loaded, however often the history changed since.
  const landingUrl = location.href;
  // What wx.config has been granted, and the cards that were set, last as long as the page: this tells one load from the next.
  const page = Math.random().toString(36).slice(2);

  pretendToBeInWeChat();
  const bridge = createBridge();
  if (platform === 'android') setTimeout(() => install(bridge), 50);
  else install(bridge);
  if (window.parent !== window && standIn) tellPhone();

  function clientFromName(name) {
    const [marker, platform, phone] = name.split('|');
    return marker === 'wechat' && (platform === 'ios' || platform === 'android') && phone ? { platform, phone } : null;
  }

  function pretendToBeInWeChat() {
    const language = /^zh/i.test(navigator.language) ? 'zh_CN' : 'en';
    const ios =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 ' +
      `MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/${language}`;
    const android =
      'Mozilla/5.0 (Linux; Android 14; 23127PN0CC Build/UKQ1.230804.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) ' +
      'Version/4.0 Chrome/130.0.6723.103 Mobile Safari/537.36 XWEB/1300259 MMWEBSDK/20240404 MMWEBID/4217 ' +
      `MicroMessenger/8.0.50.2701(0x2800325B) WeChat/arm64 Weixin NetType/WIFI Language/${language} ABI/arm64`;
    if (!navigator.userAgent.includes('MicroMessenger')) {
      define('userAgent', platform === 'ios' ? ios : android);
      define('platform', platform === 'ios' ? 'iPhone' : 'Linux aarch64');
    }
    // `__wxjs_environment` stays unset: only the web-view of a mini-program has it.
    if (platform === 'ios') window.__wxjs_is_wkwebview = true;
    keepBeaconsHome();
  }

  function define(property, value) {
    Object.defineProperty(navigator, property, { configurable: true, get: () => value });
  }

  /** weixin-js-sdk reports every `wx.config` to WeChat, with the page's address. Nothing leaves this computer. */
  function keepBeaconsHome() {
    const src = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
    Object.defineProperty(HTMLImageElement.prototype, 'src', {
      ...src,
      set(value) {
        if (!String(value).startsWith('https://open.weixin.qq.com/sdk/report')) src.set.call(this, value);
      },
    });
  }

  function createBridge() {
    const handlers = new Map();
    const invoke = (name, args, callback) => {
      if (typeof name !== 'string' || !name) return;
      // The native side sees a copy, as of now: what the page changes later does not count.
      const copy = JSON.parse(JSON.stringify(args && typeof args === 'object' ? args : {}));
      const hand = (result) => {
        if (typeof callback === 'function') callback(JSON.parse(JSON.stringify(result)));
      };
      answer(name, copy).then(hand);
    };
    return {
      invoke,
      call: invoke,
      // One handler an event, the last one wins: that is how the clients keep them.
      on(event, handler) {
        if (typeof event === 'string' && typeof handler === 'function') handlers.set(event, handler);
      },
      log() {},
    };
  }

  /** What the phone knows by itself is answered here; anything that WeChat has a say in goes to the stand-in. */
  async function answer(name, args) {
    if (name === 'getNetworkType') return later({ err_msg: 'network_type:wifi' });
    if (name === 'closeWindow') {
      window.parent.postMessage({ wechat: 'close' }, standIn || '*');
      return later({ err_msg: 'close_window:ok' });
    }
    const payload = { phone, page, platform, name, args, url: location.href, landingUrl };
    try {
      const answer = await (window.__weixinInvoke ? later(window.__weixinInvoke(payload)) : post(payload));
      if (answer.err_msg === 'preVerifyJSAPI:ok') showOpenTags(args.verifyOpenTagList);
      return answer;
    } catch {
      return {
        err_msg: `${name === 'getBrandWCPayRequest' ? 'get_brand_wcpay_request' : name}:fail`,
        err_desc: 'network',
      };
    }
  }

  /** No callback ever runs before `invoke` has returned. */
  function later(value) {
    return new Promise((resolve) => setTimeout(resolve, 0, value));
  }

  async function post(payload) {
    const response = await fetch(`${standIn}/client/invoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
    });
    return await response.json();
  }

  /** WeChat draws its open tags itself, those that `wx.config` was granted; everywhere else they are unknown elements. */
  function showOpenTags(granted) {
    for (const [name, use] of Object.entries({ 'wx-open-launch-weapp': launch, 'wx-open-subscribe': subscribe })) {
      if (granted?.includes(name) && !customElements.get(name)) customElements.define(name, openTag(use));
    }
  }

  /** An element that shows what its template holds, apart from the page's own styles. */
  function openTag(use) {
    return class extends HTMLElement {
      connectedCallback() {
        if (this.shadowRoot) return;
        const template = this.querySelector('template, script[type="text/wxtag-template"]');
        this.attachShadow({ mode: 'open' }).innerHTML = template?.innerHTML ?? '';
        this.addEventListener('click', () => use(this));
        this.dispatchEvent(new CustomEvent('ready', { bubbles: true, detail: {} }));
      }
    };
  }

  async function launch(tag) {
    const ok = await askPhone({ tag: 'launch', path: tag.getAttribute('path') ?? tag.getAttribute('username') ?? '' });
    tag.dispatchEvent(new CustomEvent(ok ? 'launch' : 'error', { bubbles: true, detail: {} }));
  }

  async function subscribe(tag) {
    const templates = (tag.getAttribute('template') ?? '').split(',').filter(Boolean);
    const accepted = await askPhone({ tag: 'subscribe', templates });
    const statusOf = (id) => JSON.stringify({ status: accepted.includes(id) ? 'accept' : 'reject' });
    const subscribeDetails = JSON.stringify(Object.fromEntries(templates.map((id) => [id, statusOf(id)])));
    const detail = { errMsg: 'subscribe:ok', subscribeDetails };
    tag.dispatchEvent(new CustomEvent('success', { bubbles: true, detail }));
  }

  /** What only its user can answer. */
  function askPhone(question) {
    const id = Math.random();
    return new Promise((resolve) => {
      addEventListener('message', function hear({ source, origin, data }) {
        if (source !== window.parent || origin !== standIn || data?.wechat !== 'answer' || data.id !== id) return;
        removeEventListener('message', hear);
        resolve(data.answer);
      });
      window.parent.postMessage({ wechat: 'ask', id, question }, standIn || '*');
    });
  }

  function install(bridge) {
    window.WeixinJSBridge = bridge;
    setTimeout(() => document.dispatchEvent(new Event('WeixinJSBridgeReady')), 0);
  }

  /** The navigation bar around the page is the phone's, so it has to learn the title and the address. */
  function tellPhone() {
    const tell = () => {
      const canGoBack = window.navigation?.canGoBack ?? false;
      window.parent.postMessage(
        { wechat: 'page', page, url: location.href, title: document.title, canGoBack },
        standIn,
      );
    };
    for (const method of ['pushState', 'replaceState']) {
      const original = history[method];
      history[method] = function (...args) {
        original.apply(this, args);
        tell();
      };
    }
    for (const event of ['popstate', 'hashchange', 'pageshow']) addEventListener(event, tell);
    document.addEventListener('DOMContentLoaded', () => {
      tell();
      new MutationObserver(tell).observe(document.head, { childList: true, characterData: true, subtree: true });
    });
    addEventListener('pagehide', () => window.parent.postMessage({ wechat: 'leaving' }, standIn));
    addEventListener('message', ({ source, origin, data }) => {
      if (source !== window.parent || origin !== standIn) return;
      if (data?.wechat === 'back') history.back();
      if (data?.wechat === 'refresh') location.reload();
    });
    tell();
  }
})();
