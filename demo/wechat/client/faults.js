import { h } from './element.js';
import { language, onLanguage, t } from './messages.js';

/** Knobs of the stand-in that are worth turning by hand. The first option is the normal state. */
const KNOBS = [
  {
    knob: 'bridgeAnswer',
    zh: ['付款后，客户端对网页说', '网页听到的不算数，付没付以服务器查到的为准。'],
    en: ['After paying, the client tells the page', 'What the page hears proves nothing; only the server knows.'],
    options: [
      ['honest', '照实说', 'The truth'],
      ['ok', '「成功」，其实没付', '“ok”, though nothing is paid'],
      ['cancel', '「取消」，其实付了', '“cancel”, though it is paid'],
      ['fail', '「失败」，确实没付', '“fail”, and nothing is paid'],
    ],
  },
  {
    knob: 'notifications',
    zh: ['支付结果通知', '丢了要靠查单补上，重复只算一次，伪造的一律拒绝。'],
    en: [
      'Payment notifications',
      'A lost one is made up for by a query, a double counts once, a forged one is refused.',
    ],
    options: [
      ['send', '正常发送', 'Sent normally'],
      ['drop', '丢失', 'Lost'],
      ['double', '同一通知发两次', 'Sent twice'],
      ['hold', '扣住，等放行', 'Held until released'],
      ['reorder', '乱序', 'Out of order'],
      ['bad-signature', '伪造：签名不对', 'Forged: wrong signature'],
      ['unknown-serial', '伪造：陌生的证书序列号', 'Forged: unknown serial'],
      ['tampered-amount', '金额被改', 'Amount tampered with'],
      ['foreign-appid', '别人的 appid', 'Somebody else’s appid'],
      ['foreign-mchid', '别人的商户号', 'Somebody else’s merchant number'],
      ['stale', '时间戳太旧', 'Timestamp too old'],
      ['future', '时间戳在未来', 'Timestamp in the future'],
      ['sign-test', '微信的签名探测', 'WeChat’s signature probe'],
    ],
  },
  {
    knob: 'redirectTwice',
    zh: ['网页授权回调', '微信有时会抢先访问一次回调地址，等浏览器到了，code 已经用掉。'],
    en: [
      'OAuth redirect',
      'WeChat sometimes calls the redirect itself first; the code is used up when the browser comes.',
    ],
    options: [
      [false, '只调用一次', 'Called once'],
      [true, '微信抢先调用一次', 'Called twice'],
    ],
  },
];

/** Things that happen once. */
const DEEDS = [
  {
    name: 'next-call',
    zh: ['下一次调用微信', '只影响一次，看看代理会不会重试。'],
    en: ['The next call to WeChat', 'Just that one; see whether the proxy tries again.'],
    deeds: [
      ['fail', { path: '/*', kind: 'latency', ms: 3000 }, '慢 3 秒', '3 s late'],
      ['fail', { path: '/*', kind: 'status', status: 500 }, '系统错误 500', 'System error 500'],
      ['fail', { path: '/*', kind: 'disconnect' }, '断线', 'Connection lost'],
      ['fail', { path: '/*', kind: 'disconnect', when: 'after' }, '办成了，应答丢失', 'Done, answer lost'],
    ],
  },
  {
    name: 'credentials',
    zh: ['凭证', '手里的凭证突然不认了，代理应当换新的再试一次。'],
    en: ['Credentials', 'What was valid is not any more; the proxy should fetch a new one and try again.'],
    deeds: [
      ['kill-token', {}, 'access_token 作废', 'Kill the access token'],
      ['kill-ticket', {}, 'JS-SDK 票据作废', 'Kill the JS-SDK ticket'],
      ['rotate-certificate', {}, '更换平台证书', 'Rotate the certificate'],
    ],
  },
];

const RELEASE = ['release-notifications', {}, '放行', 'Release'];

/**
 * The drawer with the stand-in's knobs.
 *
 * @param {{element: HTMLElement, read: () => Promise<object>, change: (knobs: object) => Promise<object>,
 *   act: (deed: string, input: object) => Promise<unknown>, onActive: (count: number) => void}} options
 */
export function createFaults({ element, read, change, act, onActive }) {
  let knobs = {};
  const note = h('p', { class: 'faults-note', role: 'status' });
  onLanguage(draw);

  async function attempt(work, done = '') {
    try {
      await work();
      note.textContent = done;
    } catch (error) {
      note.textContent = t('changeFailed', { reason: error.message });
    }
    draw();
  }

  function load() {
    return attempt(async () => {
      knobs = await read();
    });
  }

  function draw() {
    onActive(KNOBS.filter(isTurned).length);
    const focused = document.activeElement?.dataset?.focus;
    element.replaceChildren(
      h('p', { class: 'faults-text' }, t('faultsText')),
      ...KNOBS.map(drawKnob),
      ...DEEDS.map(drawDeeds),
      h('div', { class: 'faults-foot' }, drawReset(), note),
    );
    if (focused) element.querySelector(`[data-focus="${focused}"]`)?.focus();
  }

  function isTurned({ knob, options }) {
    return knob in knobs && knobs[knob] !== options[0][0];
  }

  function drawKnob(setting) {
    const { knob, options } = setting;
    const [title, hint] = setting[language];
    const choose = ({ currentTarget }) =>
      attempt(async () => {
        knobs = await change({ [knob]: options[currentTarget.selectedIndex][0] });
      });
    const choices = options.map(([value, ...texts]) =>
      h('option', { selected: value === knobs[knob] }, inLanguage(texts)),
    );
    return h(
      'div',
      { class: isTurned(setting) ? 'knob on' : 'knob' },
      h('label', { class: 'knob-title', for: `knob-${knob}` }, title),
      h('p', { class: 'knob-hint' }, hint),
      h(
        'div',
        { class: 'knob-control' },
        h('select', { id: `knob-${knob}`, 'data-focus': knob, onchange: choose }, ...choices),
        knobs[knob] === 'hold' ? drawDeed(RELEASE) : null,
      ),
    );
  }

  function drawDeeds({ deeds, ...texts }) {
    const [title, hint] = texts[language];
    return h(
      'div',
      { class: 'knob deeds', role: 'group', 'aria-label': title },
      h('p', { class: 'knob-title' }, title),
      h('p', { class: 'knob-hint' }, hint),
      h('div', { class: 'knob-control' }, ...deeds.map(drawDeed)),
    );
  }

  function drawDeed([deed, input, ...texts]) {
    const text = inLanguage(texts);
    const onclick = () => attempt(() => act(deed, input), t('deedDone', { deed: text }));
    return h('button', { class: 'chip', type: 'button', 'data-focus': texts[1], onclick }, text);
  }

  function drawReset() {
    const reset = () =>
      attempt(async () => {
        await act('reset', {});
        knobs = await read();
      }, t('resetDone'));
    return h('button', { class: 'secondary', type: 'button', 'data-focus': 'reset', onclick: reset }, t('reset'));
  }

  return { load };
}

function inLanguage([zh, en]) {
  return language === 'zh' ? zh : en;
}
