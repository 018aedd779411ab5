/** Everything that the phone page says, in Chinese and English. `{name}` is filled in by `t`. */
const MESSAGES = {
  zh: {
    title: '替身微信 · 本机手机',
    brand: '替身微信',
    tagline: '一切都在这台电脑上：没有账号、密钥，也不花钱',
    language: 'English',
    languageLabel: 'Switch to English',
    platform: '手机系统',
    phone: '手机',
    calls: '微信调用',
    callsShort: '调用',
    faults: '捣乱',
    offline: '连不上替身微信。它停了吗？重新运行 npm start 后会自动恢复。',

    chats: '消息',
    shopName: '商城服务号',
    payName: '微信支付（替身）',
    officialAccount: '服务号',
    shopPreview: '[链接] 欢迎光临，点这里逛逛',
    payPreview: '付款凭证会出现在这里',
    unread: '{count} 条未读',
    startHere: '从这里开始',
    today: '今天 {time}',
    greeting: '你好，{name}！',
    friend: '朋友',
    welcome: '欢迎光临商城',
    welcomeText: '挑一件商品，下单，在微信里付款。像真的一样，只是不花钱。',
    openShop: '进入商城',
    noShop: '还没有商城地址',
    noShopText: '运行 npm start，或在地址后加上 ?open=https://…，也可以在这里填写：',
    shopAddress: '商城地址',
    open: '打开',
    noReceipts: '还没有付款凭证',
    noReceiptsText: '付款成功后，凭证会发到这里。',
    receiptFoot: '替身微信，未发生真实扣款',

    backToChats: '返回消息列表',
    browser: '微信内置浏览器',
    closePage: '关闭网页',
    goBack: '上一页',
    refresh: '刷新',
    loading: '正在打开…',
    unreachable: '打不开网页',
    unreachableText: '{url} 没有应答。商城在运行吗？',
    retry: '重试',

    payTitle: '支付',
    payTo: '付款给 {name}',
    cancelPayment: '取消支付',
    item: '商品',
    payWith: '付款方式',
    balance: '替身零钱',
    enterPassword: '请输入支付密码',
    anySixDigits: '任意六位数字',
    fillIn: '替我输入',
    digitsEntered: '已输入 {count} 位，共 6 位',
    deleteDigit: '删除',
    paying: '正在支付…',
    paid: '支付成功',
    done: '完成',
    payFailed: '支付未完成',

    allCalls: '全部',
    refusedCalls: '被拒绝',
    notifications: '通知',
    search: '筛选路径、报文…',
    clear: '清空',
    copyAll: '复制',
    copy: '复制这条',
    copied: '已复制',
    callsEmpty: '还没有人调用微信',
    callsEmptySteps: [
      '在手机里点「商城服务号」，进入商城',
      '选一件商品，下单，点支付',
      '每一次对微信的调用都会列在这里，连同待签名串',
    ],
    callsNoMatch: '没有符合条件的调用',
    incoming: '调用微信',
    outgoing: '微信发出',
    fromPage: '网页调用客户端',
    ok: '成功',
    refused: '拒绝',
    cancelled: '取消',
    stringToSign: '待签名串',
    stringToSignHint: '行尾的 ⏎ 是换行符，也参与签名',
    request: '请求',
    requestHeaders: '请求头',
    response: '应答',
    emptyBody: '（空）',

    faultsText: '让微信出点岔子，看看代理和商城能不能扛住。改动立即生效。',
    reset: '全部恢复正常',
    resetDone: '已恢复正常',
    deedDone: '已生效：{deed}',
    changeFailed: '没改成：{reason}',
  },
  en: {
    title: 'Stand-in WeChat · a phone on this computer',
    brand: 'Stand-in WeChat',
    tagline: 'All on this computer: no account, no keys, no real money',
    language: '中文',
    languageLabel: '切换到中文',
    platform: 'Phone system',
    phone: 'Phone',
    calls: 'Calls to WeChat',
    callsShort: 'Calls',
    faults: 'Faults',
    offline: 'The stand-in does not answer. Has it stopped? Run npm start again and this page picks up by itself.',

    chats: 'Chats',
    shopName: 'The shop',
    payName: 'WeChat Pay (stand-in)',
    officialAccount: 'Official account',
    shopPreview: '[Link] Welcome, come on in',
    payPreview: 'Receipts arrive here',
    unread: '{count} unread',
    startHere: 'Start here',
    today: 'Today {time}',
    greeting: 'Hello, {name}!',
    friend: 'friend',
    welcome: 'Welcome to the shop',
    welcomeText: 'Choose something, order it and pay inside WeChat. Just like the real thing, only free.',
    openShop: 'Open the shop',
    noShop: 'No shop address yet',
    noShopText: 'Run npm start, add ?open=https://… to this page’s address, or type one here:',
    shopAddress: 'Shop address',
    open: 'Open',
    noReceipts: 'No receipts yet',
    noReceiptsText: 'Once you have paid, the receipt arrives here.',
    receiptFoot: 'Stand-in WeChat: no real money has moved',

    backToChats: 'Back to chats',
    browser: 'In-app browser',
    closePage: 'Close page',
    goBack: 'Back',
    refresh: 'Refresh',
    loading: 'Opening…',
    unreachable: 'The page cannot be opened',
    unreachableText: '{url} does not answer. Is the shop running?',
    retry: 'Try again',

    payTitle: 'Pay',
    payTo: 'Pay {name}',
    cancelPayment: 'Cancel payment',
    item: 'Item',
    payWith: 'Pay with',
    balance: 'Stand-in balance',
    enterPassword: 'Payment password',
    anySixDigits: 'any six digits',
    fillIn: 'Fill it in for me',
    digitsEntered: '{count} of 6 digits entered',
    deleteDigit: 'Delete',
    paying: 'Paying…',
    paid: 'Payment successful',
    done: 'Done',
    payFailed: 'Payment not completed',

    allCalls: 'All',
    refusedCalls: 'Refused',
    notifications: 'Notifications',
    search: 'Filter by path, body…',
    clear: 'Clear',
    copyAll: 'Copy',
    copy: 'Copy this call',
    copied: 'Copied',
    callsEmpty: 'Nobody has called WeChat yet',
    callsEmptySteps: [
      'On the phone, tap “The shop” and open it',
      'Choose something, order it, and tap pay',
      'Every call to WeChat is listed here, with its string to sign',
    ],
    callsNoMatch: 'No call matches',
    incoming: 'To WeChat',
    outgoing: 'From WeChat',
    fromPage: 'Page to client',
    ok: 'OK',
    refused: 'Refused',
    cancelled: 'Cancelled',
    stringToSign: 'String to sign',
    stringToSignHint: '⏎ marks a line feed; it is signed too',
    request: 'Request',
    requestHeaders: 'Request headers',
    response: 'Response',
    emptyBody: '(empty)',

    faultsText: 'Make WeChat misbehave and see whether the proxy and the shop cope. Changes apply at once.',
    reset: 'Back to normal',
    resetDone: 'Everything is back to normal',
    deedDone: 'Set: {deed}',
    changeFailed: 'That did not work: {reason}',
  },
};

const listeners = new Set();

/** `zh` or `en`. */
export let language = remembered() ?? (/^zh/i.test(navigator.language) ? 'zh' : 'en');

function remembered() {
  const value = localStorage.getItem('language');
  return value === 'zh' || value === 'en' ? value : null;
}

/** Changes the language and has everything that `onLanguage` knows drawn again. */
export function setLanguage(value) {
  language = value;
  localStorage.setItem('language', value);
  for (const listener of listeners) listener();
}

/** Runs `draw` now and whenever the language changes. */
export function onLanguage(draw) {
  listeners.add(draw);
  draw();
}

/**
 * The text for `key` in the present language.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const text = MESSAGES[language][key] ?? MESSAGES.en[key];
  return typeof text === 'string' ? text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? '')) : text;
}

/** Money for people: 398000 fen → `¥3,980.00`. */
export function yuan({ total }) {
  const whole = Math.trunc(total / 100).toLocaleString('en-US');
  return `¥${whole}.${String(total % 100).padStart(2, '0')}`;
}

/** The time of day, `09:05`, or `09:05:07` where seconds matter. */
export function clock(date = new Date(), { seconds = false } = {}) {
  const text = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return text.map((part) => String(part).padStart(2, '0')).join(':');
}
