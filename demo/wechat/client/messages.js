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
    noReceiptsText: '付款成功后，凭证会发到这里；退款到账也会。',
    receiptFoot: '替身微信，未发生真实扣款',
    paymentReceipt: '微信支付凭证',
    refundReceipt: '退款到账通知',
    paymentAmount: '付款金额',
    refundAmount: '退款金额',
    payee: '收款方',
    orderNumber: '商户单号',
    refundFrom: '退款方',
    refundReason: '退款原因',
    refundTo: '退回',
    refundNumber: '退款单号',

    plus: '更多功能',
    scan: '扫一扫',
    closeScanner: '关闭扫一扫',
    codesInView: '镜头里的码',
    productCode: '商品码 {name}',
    'code-paid': '已支付',
    'code-closed': '已关闭',
    'code-expired': '已过期',
    noCodes: '镜头里还没有付款码',
    noCodesText: '在电脑的浏览器里打开商城，下一单，选扫码支付。微信给出的码会出现在这里，点一下就是对准它。',
    scanPicture: '手机拍的照片',
    scanScreen: '对准电脑屏幕',
    scanText: '输入码的内容',
    scanTextLabel: '码的内容',
    scanIt: '扫描',
    scanWhy:
      '网页没有镜头，所以用屏幕的照片（截图、拖入、粘贴均可）代替摄像头。真微信付款只认摄像头：相册里的图、长按识别、直接打开链接，一律拒绝。',
    scanWhyScreen:
      '网页没有镜头，所以用屏幕的照片（截图、拖入、粘贴均可）或屏幕本身代替摄像头。真微信付款只认摄像头：相册里的图、长按识别、直接打开链接，一律拒绝。',
    scanning: '正在识别…',
    scanAgain: '再扫一次',
    noAnswer: '替身微信没有应答，请再试一次。',
    noPicture: '这个文件不是图片，读不出来。',
    noScreen: '没有看到屏幕：需要在浏览器里选一个窗口或标签页。',
    noCodeInPicture: '画面里没有找到二维码：要让整个码露出来，不要太小。',
    scannedText: '扫到的文字',
    scannedTextHint: '既不是付款码也不是网址，微信只会把它原样显示出来。',

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
    notCharged: '没有扣款。',
    orderIsClosed: '没有扣款：订单已关闭。',
    paidByAnother: '没有扣款：这笔订单已由别人付了。',
    pageHeard: '网页听到的却是「{answer}」：「捣乱」里这么设的。付没付，以服务器查单为准。',
    'heard-ok': '成功',
    'heard-cancel': '取消',

    h5Title: '微信支付',
    openingWechat: '正在打开微信…',
    openingHint: '这一页是微信的，叫中间页。真手机上，它会唤起微信。',
    h5Asks: '网页请求打开微信付款',
    payNow: '支付',
    dontPay: '取消',
    backToShop: '返回商家',
    nowhereBack: '没有可以返回的页面，可以关掉这一页了。',
    standInNote: '替身微信：不会真实扣款',
    whatToDo: '怎么办',

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
    fieldsToSignHint: '非空字段按名字排序，最后接 &key=API 密钥',
    request: '请求',
    requestHeaders: '请求头',
    response: '应答',
    emptyBody: '（空）',

    faultsText: '让微信出点岔子，看看代理和商城能不能扛住。改动立即生效。',
    reset: '全部恢复正常',
    resetDone: '已恢复正常',
    deedDone: '已生效：{deed}',
    changeFailed: '没改成：{reason}',
    waitingRefund: '退款单 {number} 正在处理，让它',
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
    noReceiptsText: 'Once you have paid, the receipt arrives here; so do refunds.',
    receiptFoot: 'Stand-in WeChat: no real money has moved',
    paymentReceipt: 'Payment receipt',
    refundReceipt: 'Refund received',
    paymentAmount: 'Paid',
    refundAmount: 'Refunded',
    payee: 'Payee',
    orderNumber: 'Order number',
    refundFrom: 'From',
    refundReason: 'Reason',
    refundTo: 'Back to',
    refundNumber: 'Refund number',

    plus: 'More',
    scan: 'Scan',
    closeScanner: 'Close the scanner',
    codesInView: 'Codes in view',
    productCode: 'Product {name}',
    'code-paid': 'Paid',
    'code-closed': 'Closed',
    'code-expired': 'Expired',
    noCodes: 'No payment code in view',
    noCodesText:
      'Open the shop in a browser on the desk, order something and choose to pay by code. The codes that WeChat gives out appear here; a tap points the camera at one.',
    scanPicture: 'Photo by this phone',
    scanScreen: 'Point at the screen',
    scanText: 'Type what it says',
    scanTextLabel: 'What the code says',
    scanIt: 'Scan',
    scanWhy:
      'A web page has no lens: a photo of the screen (screenshot; drop or paste it too) stands for the camera. The real WeChat pays by camera only, and refuses codes from the album, a long press or an opened link.',
    scanWhyScreen:
      'A web page has no lens: a photo of the screen (screenshot; drop or paste it too), or the screen itself, stands for the camera. The real WeChat pays by camera only, and refuses codes from the album, a long press or an opened link.',
    scanning: 'Reading the code…',
    scanAgain: 'Scan again',
    noAnswer: 'The stand-in did not answer. Try again.',
    noPicture: 'This file is not a picture that can be read.',
    noScreen: 'Saw nothing: choose a window or a tab in the browser’s question.',
    noCodeInPicture: 'No code found in the picture: all of it must be visible, and not too small.',
    scannedText: 'The code says',
    scannedTextHint: 'Neither a payment code nor an address: WeChat just shows it.',

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
    notCharged: 'Nothing was charged.',
    orderIsClosed: 'Nothing was charged: the order is closed.',
    paidByAnother: 'Nothing was charged: somebody else has paid this order.',
    pageHeard: 'The page heard “{answer}”, as set under Faults. Only a query by the server tells whether it is paid.',
    'heard-ok': 'ok',
    'heard-cancel': 'cancel',

    h5Title: 'WeChat Pay',
    openingWechat: 'Opening WeChat…',
    openingHint: 'This is WeChat’s own page, between the shop and the app. On a real phone it opens WeChat.',
    h5Asks: 'A web page asks to pay in WeChat',
    payNow: 'Pay',
    dontPay: 'Cancel',
    backToShop: 'Back to the shop',
    nowhereBack: 'There is no page to go back to; this one can be closed.',
    standInNote: 'Stand-in WeChat: no real money moves',
    whatToDo: 'What to do',

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
    fieldsToSignHint: 'fields that are not empty, by name, then &key= and the API key',
    request: 'Request',
    requestHeaders: 'Request headers',
    response: 'Response',
    emptyBody: '(empty)',

    faultsText: 'Make WeChat misbehave and see whether the proxy and the shop cope. Changes apply at once.',
    reset: 'Back to normal',
    resetDone: 'Everything is back to normal',
    deedDone: 'Set: {deed}',
    changeFailed: 'That did not work: {reason}',
    waitingRefund: 'Refund {number} is in processing; let it be',
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
