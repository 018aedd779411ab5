import { language } from './messages.js';

/** What a call is for, by method and path, first match wins: `[pattern, zh, en]`. */
const PURPOSES = [
  [/^BRIDGE preVerifyJSAPI/, '网页核验 JS-SDK 签名', 'Page proves its JS-SDK signature'],
  [/^BRIDGE getBrandWCPayRequest/, '网页调起支付', 'Page asks to pay'],
  [/^BRIDGE chooseImage/, '网页选图或拍照', 'Page has pictures chosen or taken'],
  [/^BRIDGE getLocalImgData/, '网页读取选中的图', 'Page reads a chosen picture'],
  [/^BRIDGE uploadImage/, '网页让客户端上传图片', 'Page has the client upload a picture'],
  [/^BRIDGE downloadImage/, '网页让客户端下载图片', 'Page has the client download a picture'],
  [/^BRIDGE imagePreview/, '网页全屏看图', 'Page shows pictures full-screen'],
  [/^BRIDGE updateAppMessageShareData/, '网页设置分享卡片（好友）', 'Page sets its share card (chat)'],
  [/^BRIDGE updateTimelineShareData/, '网页设置分享卡片（时间线）', 'Page sets its share card (timeline)'],
  [/^BRIDGE /, '网页调用客户端功能', 'Page uses a client function'],
  [/ \/cgi-bin\/(stable_token|token)/, '取 access_token', 'Get an access token'],
  [/ \/cgi-bin\/qrcode\/create/, '生成带参数的二维码', 'Create a code with a scene'],
  [/ \/cgi-bin\/showqrcode/, '取二维码图片', 'Get the picture of a code'],
  [/ \/cgi-bin\/ticket\/getticket/, '取 JS-SDK 票据', 'Get a JS-SDK ticket'],
  [/ \/cgi-bin\/message\/template\/send/, '下发模板消息', 'Template message'],
  [/ \/cgi-bin\/message\/subscribe\/bizsend/, '下发订阅通知', 'Subscription message'],
  [/ \/cgi-bin\/message\/custom\/send/, '下发客服消息', 'Customer service message'],
  [/ \/cgi-bin\/user\/info/, '查用户信息', 'Look a user up'],
  [/ \/cgi-bin\/media\/get/, '下载客户端上传的图', 'Download what the client uploaded'],
  [/ \/cgi-bin\/media\/upload/, '上传临时素材', 'Upload temporary media'],
  [/ \/connect\/oauth2\/authorize/, '网页授权：用户同意', 'OAuth: the user consents'],
  [/ \/sns\/oauth2\/access_token/, '网页授权：用 code 换 openid', 'OAuth: trade the code for an openid'],
  [/^POST \/v3\/pay\/transactions\/jsapi/, '下单，取 prepay_id', 'Create the order, get a prepay id'],
  [/^POST \/v3\/pay\/transactions\/native/, '扫码支付下单，取 code_url', 'Create the order, get a code to scan'],
  [/^POST \/v3\/pay\/transactions\/h5/, 'H5 支付下单，取 h5_url', 'Create the order, get an H5 address'],
  [/^POST \/v3\/pay\/transactions\/.*\/close/, '关闭订单', 'Close the order'],
  [/^GET \/v3\/pay\/transactions\//, '查询订单', 'Query the order'],
  [/^POST \/v3\/refund\//, '申请退款', 'Ask for a refund'],
  [/^GET \/v3\/refund\//, '查询退款', 'Query a refund'],
  [/ \/v3\/bill\//, '申请账单，取下载地址', 'Ask for the bill, get its address'],
  [/ \/v3\/billdownload\//, '下载账单', 'Download the bill'],
  [/ \/v3\/certificates/, '下载平台证书', 'Download platform certificates'],
  [/ \/pay\/unifiedorder/, '统一下单（v2）', 'Create the order (v2)'],
  [/ \/pay\/orderquery/, '查询订单（v2）', 'Query the order (v2)'],
  [/ \/pay\/closeorder/, '关闭订单（v2）', 'Close the order (v2)'],
  [/ \/secapi\/pay\/refund/, '申请退款（v2，需商户证书）', 'Ask for a refund (v2, with the merchant’s certificate)'],
  [/ \/pay\/refundquery/, '查询退款（v2）', 'Query a refund (v2)'],
  [/ \/pay\/downloadbill/, '下载账单（v2）', 'Download the bill (v2)'],
  [/ \/cgi-bin\/mmpayweb-bin\/checkmweb/, 'H5 支付中间页', 'H5 page between shop and WeChat'],
];

/** The query of a message push, which has no other mark in safe mode. */
const MESSAGE_PUSH = /[?&](msg_)?signature=.*[&]nonce=|[?&]nonce=.*&(msg_)?signature=/;

/** What WeChat sends, by what is in it and where it goes, first match wins. */
const NOTICES = [
  [/<req_info>|refund_status|refund-notify|"REFUND\./, '退款结果通知', 'Refund notification'],
  [/<product_id>/, '有人扫了商品码，问商户要订单', 'A product code was scanned: the merchant is asked for an order'],
  [/echostr=/, '验证服务器地址', 'The server address is checked'],
  [MESSAGE_PUSH, '推送消息或事件', 'Message or event pushed'],
  [/notify/, '支付结果通知', 'Payment notification'],
];

/** Why a call was refused, one sentence each, first match on `CODE message` wins: `[pattern, zh, en]`. */
const REASONS = [
  [
    /^SIGNERROR /,
    'v2 签名对不上：对照下面的待签名串，看字段有没有漏、空字段有没有去掉、密钥和 sign_type 对不对。',
    'The v2 signature does not match: compare with the string to sign below; no field missing, empty ones left out, right key and sign_type.',
  ],
  [
    /NO_?CERT|CERT_?ERROR|证书(错误|验证|校验)|没有.*证书/i,
    'v2 退款要带商户 API 证书（双向 TLS）：检查 PKCS#12 文件和它的密码（默认是商户号）。',
    'A v2 refund needs the merchant’s certificate (mutual TLS): check the PKCS#12 file and its password (by default the merchant number).',
  ],
  [
    /Wechatpay-Serial/,
    '请求头 Wechatpay-Serial 里的序列号不是微信现有的：去掉它，或换成现在的公钥 ID 或证书序列号。',
    'The serial in the request’s Wechatpay-Serial is none that WeChat has: leave it out, or name the present public key or certificate.',
  ],
  [
    /NOT_?ENOUGH/,
    '商户账户里可退的钱不够：充值后用同一退款单号再试。',
    'The merchant has not enough money to refund from: top up and try again with the same refund number.',
  ],
  [
    /可退金额|退款金额|全额退款|refund_fee|REFUND_FEE_MISMATCH/,
    '退款总额不能超过实付金额；同一退款单号再试时，金额要和上次一样。',
    'Refunds cannot be more than was paid; a refund number that is used again must ask for the same amount.',
  ],
  [/退款次数/, '一笔订单最多分五十次退。', 'An order can be refunded in at most fifty parts.'],
  [
    /TRADE_OVERDUE|可退款的最大期限/,
    '付款超过一年，微信不再办理退款。',
    'Paid more than a year ago: WeChat gives no refund any more.',
  ],
  [
    /退款单不存在|REFUND_?NOT_?EXIST/,
    '微信没有这笔退款：没申请成功，或退款单号不对。',
    'WeChat has no such refund: it was not taken, or the number is wrong.',
  ],
  [
    /STATEMENT_CREATING|Bill Creating/,
    '账单还在生成：次日十点以后再来。',
    'The bill is being made: it is there after 10:00 the next day.',
  ],
  [
    /NO_STATEMENT_EXIST|No Bill Exist/,
    '没有这一天的账单，多半是那天没有交易。',
    'No bill for this day: usually there was no trade.',
  ],
  [
    /账单下载地址/,
    '账单的下载地址只用得了一会儿：重新申请一个。',
    'A bill’s address lives a short while: ask for a new one.',
  ],
  [
    /支付结束时间|支付期限/,
    '订单过了支付期限：换一个商户订单号重新下单。',
    'The order’s time to be paid is over: order again, with another out_trade_no.',
  ],
  [
    /商户订单号重复/,
    '这个商户订单号已经用在别的内容或别的支付方式上：换一个号，或沿用原来的内容。',
    'This out_trade_no is in use with other content or for another way to pay: take another number, or ask for the same.',
  ],
  [/ORDER_?CLOSED|订单已关闭/i, '这笔订单已经关闭。', 'The order is closed.'],
  [/ORDER_?PAID|订单已支付/i, '这笔订单已经付过了。', 'The order is paid already.'],
  [
    /XML_FORMAT_ERROR|REQUIRE_POST_METHOD|LACK_PARAMS/,
    '请求不是微信要的 XML：要用 POST，字段齐全，字段名区分大小写。',
    'The request is not the XML that WeChat wants: POST, all fields, names in the right case.',
  ],
  [
    /invalid signature/i,
    '签名对不上：多半是签名用的网址与实际打开的不同（iOS 认落地页，Android 认当前页，# 之后不算），或票据已作废。',
    'The signature does not match: usually the signed url is not the one that is open (iOS checks the landing url, Android the current one, without the #), or the ticket is dead.',
  ],
  [
    /invalid (timestamp|noncestr)/i,
    'wx.config 的时间戳或随机串不对：时间戳是秒，字符串，离现在不超过票据的寿命。',
    'The timestamp or nonce of wx.config is wrong: seconds, and no further from now than a ticket lives.',
  ],
  [
    /支付验证签名失败/,
    'paySign 验不过：用商户私钥对 appId、timeStamp、nonceStr、package 四行签名（每行以换行结尾），signType 用 RSA。',
    'The paySign is wrong: sign appId, timeStamp, nonceStr and package, each line ended, with the merchant’s private key, signType RSA.',
  ],
  [
    /缺少参数|格式错误/,
    '调起支付的参数缺了或格式不对，六个字段都必须是字符串。',
    'A pay parameter is missing or malformed; all six are strings.',
  ],
  [/appid不正确/i, '调起支付的 appId 不是下单时的那个。', 'The appId is not the one that the order was created with.'],
  [/账号不一致/, '付款的人不是下单时的 openid。', 'The payer is not the openid that the order was created for.'],
  [
    /已过期|重新下单/,
    'prepay_id 不存在或已过期（两小时有效），请重新下单。',
    'The prepay id is unknown or too old (it lives two hours); create the order again.',
  ],
  [
    /系统繁忙/,
    '客户端谎报失败，或微信繁忙：以服务器查单的结果为准。',
    'The client reports a failure, true or not: only a query by the server tells.',
  ],
  [
    /invalid url domain/i,
    '这个域名没有登记为 JS 接口安全域名。',
    'This domain is not registered as a JS-safe domain of the account.',
  ],
  [/invalid appid|40013/i, 'appId 不是这个公众号的。', 'The appId is not this account’s.'],
  [
    /another upload is under way/,
    'uploadImage 一次只能传一张：等上一张有了结果再传下一张。',
    'uploadImage takes one picture at a time: wait for its answer before the next.',
  ],
  [
    /localId/,
    '没有这个 localId，或客户端读不出来：localId 只在选图的这台手机上有效。',
    'No such local id, or the client cannot read it: it is known only on the phone where it was chosen.',
  ],
  [
    /40007|serverId/,
    '没有这个 media_id，或已超过三天：微信只保留三天，要及时取走。',
    'No such media id, or its three days are over: fetch pictures before WeChat forgets them.',
  ],
  [
    /invalid arguments|missing arguments/,
    '参数不对：count 为 1 到 9，sizeType、sourceType、urls 是数组。',
    'Wrong parameters: count is 1 to 9; sizeType, sourceType and urls are lists.',
  ],
  [
    /4000[456]|41005|45001/,
    '素材不合要求：字段名 media，带文件名；图片不超过 10 MB，类型 jpg、png、gif、bmp。',
    'WeChat does not take this file: field media, with a file name; pictures up to 10 MB, as jpg, png, gif, bmp.',
  ],
  [/function not exist/i, '替身手机没有这个功能。', 'The stand-in phone does not have this function.'],
  [
    /permission denied|access denied/i,
    '这个接口没有通过 wx.config 授权。',
    'wx.config has not been granted this function.',
  ],
  [
    /SIGN_?ERROR/i,
    '微信用商户公钥验不过签名：对照下面的待签名串，逐行检查方法、路径、时间戳、随机串和报文，以及用的是不是登记的那把私钥。',
    'WeChat cannot verify the signature: compare method, path, timestamp, nonce and body with the string to sign below, line by line, and check that the private key is the registered one.',
  ],
  [
    /pay ?(directory|url)|未注册|unregistered|url未/i,
    '当前页面不在已登记的支付目录下。',
    'The page is not under a registered pay directory.',
  ],
  [
    /40001|42001|40014|41001/,
    'access_token 或密钥无效、过期，或已被更新的取代：丢掉旧的，取一次新的再试。',
    'The access token or secret is wrong, expired or replaced by a newer one: drop it, fetch once, try again.',
  ],
  [
    /40003 /,
    '没有这个 openid，或它是别的公众号的：openid 因公众号而异。',
    'Nobody has this openid, or it is another account’s: each account has its own for the same person.',
  ],
  [
    /40037/,
    '没有这个模板，或它属于另一类：模板消息和订阅通知的模板各用各的。',
    'No such template, or one of the other kind: template and subscription messages have their own.',
  ],
  [
    /43004/,
    '对方没有关注公众号，收不到模板消息。',
    'The user does not follow the account, so template messages cannot reach them.',
  ],
  [/43019/, '对方在公众号的黑名单里。', 'The user is on the account’s blacklist.'],
  [
    /43101/,
    '对方没有订阅这个模板，或次数用完了：每同意一次只能发一条。',
    'The user has not allowed this template, or not any more: each consent is good for one message.',
  ],
  [
    /47003/,
    '模板里的字段缺了、多了，或值不合类型：对照模板的字段名，一个不能少。',
    'A field of the template is missing, or its value is not of its kind: compare with the names in the template.',
  ],
  [/47001/, '请求体不是微信要的 JSON。', 'The body is not the JSON that WeChat wants.'],
  [
    /45015/,
    '客服消息只能在对方发来消息后的 48 小时内发送。',
    'Customer service messages can be sent only within 48 hours of the user’s last message.',
  ],
  [
    /invalid link|js secure domain/,
    '分享的链接要是 JS 接口安全域名下的完整网址。',
    'The link must be an absolute address on a JS-safe domain.',
  ],
  [
    /invalid imgUrl/,
    '分享的图标要是完整的 https 网址，不能是 data:。',
    'The icon must be an absolute https address, and no data: one.',
  ],
  [/40163/, '这个 code 已经用过了，code 只能用一次。', 'This code has been used; a code works once.'],
  [/40029|40226/, 'code 无效或过期了（五分钟有效）。', 'The code is not valid or too old (it lives five minutes).'],
  [/40164/, '调用方的 IP 地址不在白名单里。', 'The caller’s address is not on the allow-list.'],
  [
    /45009|45011|FREQUENCY_?LIMIT/i,
    '调用太频繁，或当天的次数用完了。',
    'Too many calls, or the day’s quota is used up.',
  ],
  [/48001|NO_?AUTH/i, '这个账号没有这个接口的权限。', 'The account has no permission for this interface.'],
  [
    /APPID_MCHID_NOT_MATCH|MCH_NOT_EXISTS|APPID_NOT_EXIST|MCHID_NOT_EXIST/i,
    '商户号与 appId 没有绑定。',
    'The merchant number and the appId are not bound to each other.',
  ],
  [/OPENID_?MISMATCH|appid和openid不匹配/i, 'openid 不属于这个 appId。', 'The openid does not belong to this appId.'],
  [
    /PARAM_?ERROR|INVALID_?REQUEST/i,
    '有字段不合微信的要求，字段名在微信的消息里。',
    'A field is not what WeChat demands; its message names it.',
  ],
  [
    /OUT_?TRADE_?NO_?USED/i,
    '这个商户单号已用于内容不同的订单。',
    'This out_trade_no already belongs to an order with other content.',
  ],
  [/ORDER_?NOT_?EXIST/i, '微信没有这笔订单。', 'WeChat has no such order.'],
  [
    /RESOURCE_NOT_EXISTS/i,
    '没有这个资源；公钥模式的商户没有平台证书，属于正常情况。',
    'No such resource; merchants in public-key mode have no platform certificates, which is normal.',
  ],
  [
    /prepay/i,
    'prepay_id 不存在、已过期（两小时有效），或已付款。',
    'The prepay id is unknown, too old (it lives two hours), or paid.',
  ],
  [
    /SYSTEM_?ERROR|BANK_?ERROR/i,
    '微信自己出错了：用同一单号再试一次。',
    'WeChat itself failed: try again with the same number.',
  ],
];

/** A short name for what the call does, or '' where there is none. */
export function purpose({ direction, method, path, requestBody }) {
  if (direction === 'out') return pick(NOTICES, `${path} ${requestBody}`);
  return pick(PURPOSES, `${method} ${path}`);
}

/** One sentence on why the call was refused and what to do, or '' where nothing is known. */
export function reason({ direction, status, code = '', message = '', path, requestBody }) {
  if (direction === 'out' && MESSAGE_PUSH.test(path)) return pushNotTaken();
  if (direction === 'out') return /<product_id>/.test(requestBody) ? noOrder() : notTaken(status);
  return pick(REASONS, `${code} ${message}`);
}

function notTaken(status) {
  if (status === 0) {
    return language === 'zh'
      ? '通知没有送到：接收方没有应答。微信会按计划重试。'
      : 'The notification did not arrive: nobody answered. WeChat tries again on its schedule.';
  }
  return language === 'zh'
    ? '接收方没有接受这个通知。若是有意伪造的，这正是应有的结果；若不是，微信会按计划重试。'
    : 'The receiver did not accept it. For a forged one that is as it should be; for a genuine one WeChat tries again on its schedule.';
}

function pushNotTaken() {
  return language === 'zh'
    ? '5 秒内要回 success、空串或一条回复，否则用户会看到「服务出现故障」。没有应答的最多试三次，消息号不变。'
    : 'Within 5 s WeChat wants success, nothing, or a reply; else the user reads that the service is out of order. Where nothing came it tries three times, with the same message id.';
}

function noOrder() {
  return language === 'zh'
    ? '商户没有为这次扫码给出订单，扫码的人会看到原因。微信不会重试。'
    : 'The merchant gave no order for this scan; whoever scanned sees why. WeChat does not try again.';
}

function pick(table, text) {
  const found = table.find(([pattern]) => pattern.test(text));
  return found ? found[language === 'zh' ? 1 : 2] : '';
}
