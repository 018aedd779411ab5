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
    zh: ['支付和退款的结果通知', 'v2、v3 都一样：丢了要靠查单补上，重复只算一次，伪造的一律拒绝。'],
    en: [
      'Notifications of payments and refunds',
      'In v2 and v3 alike: a lost one is made up for by a query, a double counts once, a forged one is refused.',
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
    knob: 'refunds',
    zh: ['退款', '申请被接受不等于到账：结果以退款通知和查询退款为准。'],
    en: ['Refunds', 'Accepted does not mean received: the notification or a query tells how it ended.'],
    options: [
      ['succeed', '马上到账', 'Arrive at once'],
      ['wait', '一直处理中', 'Stay in processing'],
      ['abnormal', '异常：原路退不回去', 'Abnormal: cannot be returned'],
      ['close', '关闭：没有退成', 'Closed: not refunded'],
    ],
  },
  {
    knob: 'merchantBalance',
    zh: ['商户可退的余额', '不够时微信拒绝退款，充值后用同一退款单号可以再试。'],
    en: [
      'What the merchant can refund from',
      'Where it is too little WeChat refuses; the same refund number works later.',
    ],
    options: [
      [null, '足够', 'Enough'],
      [100, '只剩 ¥1.00', '¥1.00 left'],
      [0, '一分不剩', 'Nothing left'],
    ],
  },
  {
    knob: 'payMode',
    zh: ['微信用什么签名', '换成公钥要七天：通知里用公钥签的一天比一天多，两种都要能验。'],
    en: [
      'What WeChat signs with',
      'Changing to the public key takes seven days, with more notifications signed by it each day: both must verify.',
    ],
    options: [
      ['public-key', '微信支付公钥', 'The WeChat Pay public key'],
      ['certificate', '平台证书', 'The platform certificate'],
      ['switching', '两者并用，正在切换', 'Both, while changing'],
    ],
  },
  {
    knob: 'h5Domains',
    zh: ['H5 支付域名', '带人来付款的网页，域名要在商户平台登记。'],
    en: ['H5 payment domains', 'The page that leads to WeChat must be on a host that is registered with it.'],
    options: [
      [null, '已登记', 'Registered'],
      [[], '一个也没登记', 'None registered'],
    ],
  },
  {
    knob: 'imageUploadTime',
    zh: ['客户端上传图片（uploadImage）', '同一页面一次只能传一张；一直没有应答的，要由网页自己放弃。'],
    en: [
      'Uploads by the client (uploadImage)',
      'One at a time in a page; where no answer ever comes the page itself must give up.',
    ],
    options: [
      [0, '很快', 'Fast'],
      [6000, '每张 6 秒', '6 s each'],
      [null, '永不应答', 'Never answers'],
    ],
  },
  {
    knob: 'localImagesReadable',
    zh: ['网页读取选中的图（getLocalImgData）', '读不出来只影响预览，照样可以上传。'],
    en: [
      'Reading chosen pictures (getLocalImgData)',
      'Where it fails there is no preview; the upload works all the same.',
    ],
    options: [
      [true, '读得出来', 'Works'],
      [false, '一律失败', 'Always fails'],
    ],
  },
  {
    knob: 'albumEmpty',
    zh: ['手机相册', '相册空着的人，只能拍照或取消。'],
    en: ['The phone’s album', 'With an empty one there is only the camera, or cancelling.'],
    options: [
      [false, '有照片', 'Has pictures'],
      [true, '空的', 'Empty'],
    ],
  },
  {
    knob: 'mediaErrorType',
    zh: ['取素材出错时的 Content-Type', '内容总是 JSON，类型却未必这么写，不能只看类型。'],
    en: [
      'Content type of media errors',
      'They are JSON always, but do not always say so: the type alone proves nothing.',
    ],
    options: [
      ['application/json', 'application/json', 'application/json'],
      ['text/plain', 'text/plain', 'text/plain'],
      ['image/jpeg', 'image/jpeg', 'image/jpeg'],
    ],
  },
  {
    knob: 'templateDelivery',
    zh: ['模板消息和订阅通知的送达', '接口答应了不等于送到：结果稍后作为事件推送给商户。'],
    en: [
      'Delivery of template and subscription messages',
      'Taken does not mean delivered: the merchant hears later, by an event.',
    ],
    options: [
      ['success', '送达', 'Delivered'],
      ['failed:user block', '用户拒收', 'Blocked by the user'],
      ['failed: system failed', '系统原因失败', 'System failure'],
      ['none', '没有下文', 'Never told'],
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
    name: 'pictures',
    zh: ['图片', '上传失败的要能重试；微信只留三天，过期就取不到了。'],
    en: ['Pictures', 'A failed upload can be tried again; WeChat keeps pictures for three days only.'],
    deeds: [
      ['fail-uploads', { count: 1 }, '下一次上传失败', 'The next upload fails'],
      ['fail-uploads', { count: 3 }, '接下来三次都失败', 'The next three fail'],
      ['expire-media', {}, '已上传的全部过期', 'All uploaded ones expire'],
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
      ['start-switch-week', {}, '开始七天换公钥', 'Start the week of changing keys'],
    ],
  },
];

const RELEASE = ['release-notifications', {}, '放行', 'Release'];

/** How a refund that waits can end. */
const REFUND_ENDS = [
  ['SUCCESS', '到账', 'Received'],
  ['ABNORMAL', '异常', 'Abnormal'],
  ['CLOSED', '关闭', 'Closed'],
];

/**
 * The drawer with the stand-in's knobs.
 *
 * @param {{element: HTMLElement, read: () => Promise<object>, change: (knobs: object) => Promise<object>,
 *   act: (deed: string, input: object) => Promise<unknown>, waitingRefunds: () => Promise<string[]>,
 *   onActive: (count: number) => void}} options `waitingRefunds`: the numbers of those that have not ended
 */
export function createFaults({ element, read, change, act, waitingRefunds, onActive }) {
  let knobs = {};
  let waiting = [];
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
      [knobs, waiting] = await Promise.all([read(), waitingRefunds()]);
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
    return knob in knobs && !isSame(knobs[knob], options[0][0]);
  }

  function drawKnob(setting) {
    const { knob, options } = setting;
    const [title, hint] = setting[language];
    const choose = ({ currentTarget }) =>
      attempt(async () => {
        knobs = await change({ [knob]: options[currentTarget.selectedIndex][0] });
      });
    const choices = options.map(([value, ...texts]) =>
      h('option', { selected: isSame(value, knobs[knob]) }, inLanguage(texts)),
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
      knob === 'refunds' ? waiting.map(drawWaiting) : null,
    );
  }

  function drawWaiting(outRefundNo) {
    const end = (state) =>
      attempt(async () => {
        await act('finish-refund', { outRefundNo, state });
        waiting = await waitingRefunds();
      });
    return h(
      'div',
      { class: 'waiting-refund', role: 'group', 'aria-label': t('waitingRefund', { number: outRefundNo }) },
      h('span', {}, t('waitingRefund', { number: outRefundNo })),
      ...REFUND_ENDS.map(([state, ...texts]) =>
        h('button', { class: 'chip', type: 'button', onclick: () => end(state) }, inLanguage(texts)),
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
    const onclick = () =>
      attempt(
        async () => {
          await act(deed, input);
          knobs = await read(); // some deeds turn knobs
        },
        t('deedDone', { deed: text }),
      );
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

  return {
    load,
    /** Refunds have come or ended while the drawer is open. */
    async refreshRefunds() {
      if (element.hidden) return;
      waiting = await waitingRefunds();
      draw();
    },
  };
}

/** Some knobs are lists. */
function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function inLanguage([zh, en]) {
  return language === 'zh' ? zh : en;
}
