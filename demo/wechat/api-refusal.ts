import { randomBytes } from 'node:crypto';

/** `errmsg` of the codes that api.weixin.qq.com refuses with; the answer is always HTTP 200. */
const MESSAGES = {
  40001:
    'invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40004: 'invalid media type',
  40005: 'invalid file type',
  40006: 'invalid meida size',
  40007: 'invalid media_id',
  40008: 'invalid message type',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40037: 'invalid template_id',
  40048: 'invalid url domain',
  40052: 'invalid action name',
  40053: 'invalid action info',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40164: 'invalid ip, not in whitelist',
  40165: 'invalid weapp pagepath',
  41001: 'access_token missing',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41005: 'media data missing',
  41008: 'missing code',
  42001: 'access_token expired',
  43001: 'require GET method',
  43002: 'require POST method',
  43004: 'require subscribe',
  43019: 'require remove blacklist',
  43101: 'user refuse to accept the msg',
  44004: 'empty content',
  45001: 'media size out of limit',
  45002: 'content size out of limit',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  45015: 'response out of time limit or subscription is canceled',
  45029: 'qrcode count out of limit',
  47001: 'data format error',
  47003: 'argument invalid!',
} as const;

/** A refusal of api.weixin.qq.com: `{"errcode": …, "errmsg": "… rid: …"}` with HTTP status 200. */
export class ApiRefusal extends Error {
  readonly errcode: number;

  constructor(errcode: keyof typeof MESSAGES, message: string = MESSAGES[errcode]) {
    super(message);
    this.name = 'ApiRefusal';
    this.errcode = Number(errcode);
  }

  /** The body of the answer; `rid` is another one each time. */
  toJSON(): { errcode: number; errmsg: string } {
    const rid = [randomBytes(4), randomBytes(4), randomBytes(4)].map((part) => part.toString('hex')).join('-');
    return { errcode: this.errcode, errmsg: `${this.message} rid: ${rid}` };
  }
}
