import { h, icon } from './element.js';
import { onLanguage, t } from './messages.js';

/** A page without bridge.js has no name; this one has set nothing. */
const SILENT = 'silent';
const PATIENCE = 1000; // ms that a page may take to speak up when a request for it has failed

/**
 * WeChat's browser: a navigation bar around an iframe whose `window.name` tells bridge.js where it runs.
 *
 * @param {{phone: string, platform: () => 'ios' | 'android', onClose: () => void,
 *   onMenu: (page: {page: string, url: string, title: string}) => void,
 *   onAsk: (question: object) => Promise<unknown>}} options `onAsk`: what a page's open tag asks of the phone
 */
export function createInAppBrowser({ phone, platform, onClose, onMenu, onAsk }) {
  let frame = null;
  let address = '';
  let page = null; // {page, url, title, canGoBack}
  let told = false; // by bridge.js, which is proof that a page is there

  const title = h('span', { class: 'browser-title' });
  const host = h('span', { class: 'browser-host' });
  const back = h('button', { class: 'bar-button', type: 'button', onclick: () => command('back') }, icon('back'));
  const close = h('button', { class: 'bar-button', type: 'button', onclick: onClose }, icon('close'));
  const refresh = h('button', { class: 'bar-button', type: 'button', onclick: reload }, icon('refresh'));
  const menu = h(
    'button',
    { class: 'bar-button', type: 'button', 'aria-haspopup': 'dialog', onclick: openMenu },
    icon('dots'),
  );
  const progress = h('div', { class: 'progress', hidden: true });
  const problem = h('div', { class: 'empty', role: 'alert', hidden: true });
  const body = h('div', { class: 'browser-body' }, problem);
  const element = h(
    'section',
    { class: 'view browser', inert: true },
    h(
      'header',
      { class: 'bar' },
      h('div', { class: 'bar-side' }, close, back),
      h('div', { class: 'browser-heading' }, title, host),
      h('div', { class: 'bar-side end' }, refresh, menu),
      progress,
    ),
    body,
  );

  addEventListener('message', ({ source, data }) => {
    if (!frame || source !== frame.contentWindow) return;
    if (data?.wechat === 'close') onClose();
    if (data?.wechat === 'leaving') progress.hidden = false;
    if (data?.wechat === 'page') {
      const { url, title, canGoBack } = data;
      page = { page: String(data.page), url: String(url), title: String(title), canGoBack: canGoBack === true };
      told = true;
      draw();
    }
    if (data?.wechat === 'ask') onAsk(data.question).then((answer) => command('answer', { id: data.id, answer }));
  });

  onLanguage(() => {
    element.setAttribute('aria-label', t('browser'));
    for (const [button, key] of [
      [close, 'closePage'],
      [back, 'goBack'],
      [refresh, 'refresh'],
      [menu, 'pageTools'],
    ]) {
      button.setAttribute('aria-label', t(key));
      button.title = t(key);
    }
    draw();
  });

  function draw() {
    const shown = page?.url || address;
    host.textContent = shown ? new URL(shown).host : '';
    title.textContent = page?.title || (shown ? t('loading') : '');
    back.hidden = !page?.canGoBack;
    menu.disabled = !page;
    if (frame) frame.title = page?.title || t('browser');
  }

  function load(url) {
    frame?.remove();
    address = url;
    page = null;
    told = false;
    problem.hidden = true;
    progress.hidden = false;
    frame = h('iframe', { name: `wechat|${platform()}|${phone}`, allow: 'clipboard-write', onload: loaded, src: url });
    body.append(frame);
    draw();
    explainIfUnreachable(url);
  }

  function loaded() {
    progress.hidden = true;
    // A page without bridge.js (WeChat's own consent page, an error) does not tell its title.
    if (!page) page = { page: SILENT, url: address, title: new URL(address).host, canGoBack: false };
    draw();
  }

  /** A frame that could not be loaded looks like one that was; only a request tells. */
  async function explainIfUnreachable(url) {
    const request = fetch(url, { method: 'HEAD', mode: 'no-cors', credentials: 'omit' });
    if (
      await request.then(
        () => true,
        () => false,
      )
    )
      return;
    // A page may forbid requests from elsewhere (Cross-Origin-Resource-Policy) and be there all the same.
    await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    if (told || address !== url) return;
    frame?.remove();
    frame = null;
    progress.hidden = true;
    problem.hidden = false;
    problem.replaceChildren(
      icon('plug'),
      h('h2', {}, t('unreachable')),
      h('p', {}, t('unreachableText', { url })),
      h('button', { class: 'primary', type: 'button', onclick: () => load(url) }, t('retry')),
    );
  }

  function openMenu() {
    onMenu({ page: page.page, url: page.url, title: page.title });
  }

  function command(name, more = {}) {
    if (frame && page) frame.contentWindow.postMessage({ wechat: name, ...more }, new URL(page.url).origin);
  }

  function reload() {
    if (!frame) return load(address);
    progress.hidden = false;
    command('refresh');
  }

  return {
    element,
    /** Opens an address, from the start. */
    open(url) {
      load(url);
      close.focus({ preventScroll: true });
    },
    /** Loads the present page again, as another client. */
    switchClient() {
      if (address) load(page?.url || address);
    },
    close() {
      frame?.remove();
      frame = null;
      address = '';
      page = null;
    },
    refresh: reload,
    focusPage: () => frame?.focus(),
  };
}
