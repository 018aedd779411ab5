/**
 * Every setting, once: its name, form, default and meaning, and where its value is found. Read from the environment
 * when the proxy starts; any `X` may be given as `X_FILE`, a path. The tables in the READMEs are generated from here.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { EventType } from './api.ts';
import { type ImageStoreAddress, parseImageStore } from './images/image-store-address.ts';
import { decodeAesKey } from './wechat/account/message-crypto.ts';
import type { ClientCertificate } from './wechat/http-client.ts';
import { readMerchantCertificate } from './wechat/pay/v2/merchant-certificate.ts';

interface Setting<T> {
  schema: z.ZodType<T, string>;
  default?: string;
  optional?: true;
  /** Needed only where WECHAT_PAY_API says so. */
  onlyFor?: 'v2' | 'v3';
  /** Its file is no text: what it holds is read as base64. */
  binary?: true;
  meaning: { en: string; zh: string };
  /** What to do when it is missing or malformed, and in which console the value stands. */
  remedy: string;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

const PAY_CONSOLE = 'pay.weixin.qq.com → 账户中心 → API安全';
const MESSAGE_CONSOLE = 'mp.weixin.qq.com → 设置与开发 → 基本配置 → 服务器配置';
const ACCOUNT_CONSOLE = 'mp.weixin.qq.com → 设置与开发 → 开发接口管理';

export const SETTINGS = {
  HOST: setting({
    schema: z.string().regex(/^[\w.:-]+$/, 'is not the name or address of a machine'),
    default: '127.0.0.1',
    meaning: { en: 'address on which the proxy listens', zh: '代理监听的地址' },
    remedy: 'Give an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all.',
  }),
  PORT: setting({
    schema: integer(0, 65535),
    default: '8787',
    meaning: { en: 'port on which the proxy listens', zh: '代理监听的端口' },
    remedy: 'Give a whole number from 0 (any free port) to 65535.',
  }),
  PUBLIC_URL: setting({
    schema: z.string().transform((text, context) => publicUrl(text, context)),
    meaning: {
      en: 'the https address at which browsers and WeChat reach the proxy (http on loopback only)',
      zh: '浏览器和微信访问代理的 https 地址（仅本机回环地址可用 http）',
    },
    remedy: 'Give the address as https://pay.example.com, without query or fragment.',
  }),
  ALLOWED_ORIGINS: setting({
    schema: list((text, context) => origin(text, context)),
    meaning: {
      en: 'origins of the pages that may embed the widgets, comma-separated, exact',
      zh: '允许嵌入组件的页面来源，逗号分隔，精确匹配',
    },
    remedy: 'List origins as https://shop.example.com, without path or trailing slash; `*` is not accepted.',
  }),
  API_KEYS: setting({
    schema: list((text, context) => apiKey(text, context)),
    meaning: {
      en: 'keys of the merchant’s server, comma-separated (several, for rotation), each at least 32 characters',
      zh: '商户服务器的密钥，逗号分隔（可多个，便于轮换），每个至少 32 个字符',
    },
    remedy: 'Make one with: openssl rand -hex 32',
  }),
  SESSION_SECRET: setting({
    schema: list((text, context) => atLeast(text, 32, 'bytes', context)),
    meaning: {
      en: 'signs payers’ sessions, at least 32 bytes; several, comma-separated, for rotation: the first signs, all verify',
      zh: '付款人会话的签名密钥，至少 32 字节；轮换时可逗号分隔多个：第一个用于签名，全部用于验证',
    },
    remedy: 'Make one with: openssl rand -hex 32',
  }),
  DATABASE_URL: setting({
    schema: z.string().refine(isDatabaseUrl, 'is neither file:… nor postgres://…'),
    default: 'file:data/proxy.db',
    meaning: {
      en: 'an SQLite file, or `postgres://…` where several proxies share the work',
      zh: 'SQLite 文件；多个代理共同工作时用 `postgres://…`',
    },
    remedy: 'Give file:<path>, or postgres://user:password@host/database.',
  }),
  IMAGE_STORE: setting({
    schema: z.string().transform((text, context) => imageStore(text, context)),
    default: 'file:data/images',
    meaning: {
      en: 'where images are kept: a folder, or `s3://bucket/prefix?endpoint=…&region=…` for a bucket of any S3-compatible storage; several proxies need the same one',
      zh: '图片存放处：文件夹，或兼容 S3 的存储桶 `s3://bucket/prefix?endpoint=…&region=…`；多个代理须共用',
    },
    remedy: 'Give file:<path>, or s3://bucket/prefix?endpoint=https://…&region=….',
  }),
  AWS_ACCESS_KEY_ID: setting({
    schema: z.string().regex(/^[\x21-\x7e]+$/, 'is malformed'),
    optional: true,
    meaning: { en: 'key of the bucket', zh: '存储桶的访问密钥 ID' },
    remedy: 'Find it in the console of the storage.',
  }),
  AWS_SECRET_ACCESS_KEY: setting({
    schema: z.string().regex(/^[\x21-\x7e]+$/, 'is malformed'),
    optional: true,
    meaning: { en: 'its secret', zh: '存储桶的访问密钥' },
    remedy: 'Find it in the console of the storage.',
  }),
  UPLOAD_MAX_BYTES: setting({
    schema: integer(1_024, 100 * 1_048_576),
    default: '10485760',
    meaning: { en: 'how large an uploaded image may be, in bytes', zh: '上传图片的最大字节数' },
    remedy: 'Give bytes, from 1024 to 104857600.',
  }),
  UPLOAD_QUOTA: setting({
    schema: integer(1, 1_000_000),
    default: '500',
    meaning: { en: 'how many images one payer may upload in 24 hours', zh: '每个付款人 24 小时内可上传的图片数' },
    remedy: 'Give a whole number from 1.',
  }),
  IMAGE_ORPHAN_TTL: setting({
    schema: integer(60, 10 * 366 * 86_400),
    optional: true,
    meaning: {
      en: 'after how many seconds an image is deleted that the merchant’s server has not kept (`POST /v1/images/:id/keep`); without it, never',
      zh: '商户服务器未确认保留（`POST /v1/images/:id/keep`）的图片在多少秒后删除；不设置则永不删除',
    },
    remedy: 'Give seconds from 60, such as 604800 for a week.',
  }),
  WEBHOOK_URL: setting({
    schema: z.string().transform((text, context) => httpUrl(text, context)),
    optional: true,
    meaning: { en: 'the merchant’s endpoint for events', zh: '商户接收事件的地址' },
    remedy: 'Give the http(s) address at which the merchant’s server takes events, together with WEBHOOK_SECRET.',
  }),
  WEBHOOK_SECRET: setting({
    schema: z.string().refine(isWebhookSecret, 'is not whsec_ and the base64 of 24 to 64 bytes'),
    optional: true,
    meaning: {
      en: 'signs the events, in the form of Standard Webhooks (`whsec_…`)',
      zh: '事件的签名密钥，Standard Webhooks 格式（`whsec_…`）',
    },
    remedy: 'Make one with: echo "whsec_$(openssl rand -base64 32)"',
  }),
  WEBHOOK_ROUTES: setting({
    schema: list((text, context) => webhookRoute(text, context)),
    optional: true,
    meaning: {
      en: 'other endpoints for some types of events, as `type=address`, comma-separated; a type may end in `*` (`message.*`), the first that fits counts, the rest goes to `WEBHOOK_URL`',
      zh: '部分事件的其他接收地址，格式 `类型=地址`，逗号分隔；类型可以 `*` 结尾（`message.*`），以第一个匹配的为准，其余发往 `WEBHOOK_URL`',
    },
    remedy: 'Give message.*=https://chat.example.com/events, together with WEBHOOK_SECRET.',
  }),
  WECHAT_APP_ID: setting({
    schema: z.string().regex(/^wx[0-9A-Za-z]{4,30}$/, 'is not wx and some 16 letters and digits'),
    meaning: { en: 'AppID of the official account', zh: '公众号 AppID' },
    remedy: `Copy it from ${ACCOUNT_CONSOLE}.`,
  }),
  WECHAT_APP_SECRET: setting({
    schema: z.string().regex(/^\S{8,128}$/, 'is too short, or has spaces in it'),
    meaning: { en: 'AppSecret of the official account', zh: '公众号 AppSecret' },
    remedy: `Copy or reset it at ${ACCOUNT_CONSOLE}; put this machine’s address on the list (IP白名单) there too.`,
  }),
  WECHAT_TOKEN_API: setting({
    schema: z.enum(['stable', 'classic']),
    default: 'stable',
    meaning: {
      en: '`stable` (`/cgi-bin/stable_token`) or `classic` (`/cgi-bin/token`)',
      zh: '`stable`（`/cgi-bin/stable_token`）或 `classic`（`/cgi-bin/token`）',
    },
    remedy: 'Give stable or classic.',
  }),
  WECHAT_MESSAGE_TOKEN: setting({
    schema: z.string().regex(/^[0-9A-Za-z]{3,32}$/, 'is not 3 to 32 letters and digits'),
    optional: true,
    meaning: {
      en: 'token of the message push (`PUBLIC_URL/wechat/messages`): with it, messages and events of users are received',
      zh: '消息推送的令牌（Token），服务器地址为 `PUBLIC_URL/wechat/messages`：设置后接收用户的消息与事件',
    },
    remedy: `Make one up, and give the same at ${MESSAGE_CONSOLE}.`,
  }),
  WECHAT_MESSAGE_AES_KEY: setting({
    schema: z.string().transform((text, context) => aesKey(text, context)),
    optional: true,
    meaning: {
      en: 'its EncodingAESKey, 43 characters: with it, only encrypted messages are believed (safe mode, or compatible)',
      zh: '消息加解密密钥（EncodingAESKey），43 个字符：设置后只接受加密的消息（安全模式或兼容模式）',
    },
    remedy: `Copy it from ${MESSAGE_CONSOLE}, and choose 安全模式 there.`,
  }),
  TEMPLATE_ORDER_PAID: setting({
    schema: z.string().regex(/^[0-9A-Za-z_-]{1,128}$/, 'is not the id of a template'),
    optional: true,
    meaning: {
      en: 'id of a template (购买成功通知: `first`, `product`, `price`, `time`, `remark`): with it, every paid order whose payer is known gets this message',
      zh: '模板 ID（购买成功通知：`first`、`product`、`price`、`time`、`remark`）：设置后，每笔已支付且付款人已知的订单都会发送该消息',
    },
    remedy: 'Copy it from mp.weixin.qq.com → 广告与服务 → 模板消息.',
  }),
  WECHAT_PAY_API: setting({
    schema: z.enum(['v3', 'v2']),
    default: 'v3',
    meaning: {
      en: 'version of the WeChat Pay API: `v3` (JSON, RSA) or `v2` (XML, MD5 or HMAC-SHA256)',
      zh: '微信支付 API 版本：`v3`（JSON、RSA）或 `v2`（XML、MD5 或 HMAC-SHA256）',
    },
    remedy: 'Give v3 or v2.',
  }),
  WECHAT_PAY_MCH_ID: setting({
    schema: z.string().regex(/^\d{6,32}$/, 'is not a merchant number'),
    meaning: { en: 'merchant number', zh: '商户号' },
    remedy: 'Copy the number (商户号) from pay.weixin.qq.com → 账户中心 → 商户信息.',
  }),
  WECHAT_PAY_V3_KEY: setting({
    schema: z.string().refine((text) => Buffer.byteLength(text) === 32, 'is not exactly 32 bytes'),
    onlyFor: 'v3',
    meaning: { en: 'APIv3 key, exactly 32 bytes', zh: 'APIv3 密钥，正好 32 字节' },
    remedy: `Set it at ${PAY_CONSOLE} → APIv3密钥, and give the same here.`,
  }),
  WECHAT_PAY_PRIVATE_KEY: setting({
    schema: z.string().transform((text, context) => rsaKey(text, createPrivateKey, context)),
    onlyFor: 'v3',
    meaning: { en: 'key of the merchant API certificate (PEM)', zh: '商户 API 证书私钥（PEM）' },
    remedy: `Give the content of apiclient_key.pem (${PAY_CONSOLE} → 商户API证书), or its path in WECHAT_PAY_PRIVATE_KEY_FILE.`,
  }),
  WECHAT_PAY_SERIAL_NO: setting({
    schema: z.string().regex(/^[0-9A-Za-z_-]{4,64}$/, 'is not a serial number'),
    onlyFor: 'v3',
    meaning: { en: 'serial number of the merchant API certificate', zh: '商户 API 证书序列号' },
    remedy: `Copy it from ${PAY_CONSOLE} → 商户API证书 → 管理证书.`,
  }),
  WECHAT_PAY_PUBLIC_KEY: setting({
    schema: z.string().transform((text, context) => rsaPublicKey(text, context)),
    optional: true,
    meaning: {
      en: 'WeChat Pay public key (PEM); without it, platform certificates are downloaded and rotated',
      zh: '微信支付公钥（PEM）；不设置则下载并轮换平台证书',
    },
    remedy: `Give the content of pub_key.pem (${PAY_CONSOLE} → 微信支付公钥), together with WECHAT_PAY_PUBLIC_KEY_ID.`,
  }),
  WECHAT_PAY_PUBLIC_KEY_ID: setting({
    schema: z.string().regex(/^PUB_KEY_ID_\w+$/, 'does not start with PUB_KEY_ID_'),
    optional: true,
    meaning: { en: 'its id (`PUB_KEY_ID_…`)', zh: '微信支付公钥 ID（`PUB_KEY_ID_…`）' },
    remedy: `Copy it from ${PAY_CONSOLE} → 微信支付公钥.`,
  }),
  WECHAT_PAY_V2_KEY: setting({
    schema: z.string().regex(/^[\x21-\x7e]{32}$/, 'is not 32 characters'),
    onlyFor: 'v2',
    meaning: {
      en: 'API key of version 2, 32 characters; with `v3` optional, for notifications that still come in version 2',
      zh: 'v2 的 API 密钥，32 个字符；使用 `v3` 时可选，用于仍以 v2 格式到达的通知',
    },
    remedy: `Set it at ${PAY_CONSOLE} → APIv2密钥, and give the same here.`,
  }),
  WECHAT_PAY_V2_SIGN_TYPE: setting({
    schema: z.enum(['HMAC-SHA256', 'MD5']),
    default: 'HMAC-SHA256',
    meaning: {
      en: 'how requests of version 2 are signed: `HMAC-SHA256` or `MD5`',
      zh: 'v2 请求的签名方式：`HMAC-SHA256` 或 `MD5`',
    },
    remedy: 'Give HMAC-SHA256 or MD5.',
  }),
  WECHAT_PAY_V2_CERT: setting({
    schema: z.string().transform((text, context) => pkcs12(text, context)),
    optional: true,
    binary: true,
    meaning: {
      en: 'merchant certificate (PKCS#12), which refunds of version 2 need: its base64, or its path in `WECHAT_PAY_V2_CERT_FILE`',
      zh: '商户证书（PKCS#12），v2 退款需要：填 base64，或用 `WECHAT_PAY_V2_CERT_FILE` 指定文件路径',
    },
    remedy: `Give the path of apiclient_cert.p12 (${PAY_CONSOLE} → 商户API证书) in WECHAT_PAY_V2_CERT_FILE.`,
  }),
  WECHAT_PAY_V2_CERT_PASSWORD: setting({
    schema: z.string().regex(/^[\x21-\x7e]{1,128}$/, 'has other characters than ASCII letters, digits and signs'),
    optional: true,
    meaning: { en: 'its password; without it, the merchant number', zh: '证书密码；不设置则为商户号' },
    remedy: 'Leave it unset where WeChat’s own file is used.',
  }),
  RECONCILE_AT: setting({
    schema: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is not a time as 10:30'),
    optional: true,
    meaning: {
      en: 'when yesterday’s trade bill is compared with the orders each day, China time (`10:30`; bills come after 10:00); without it, never by itself',
      zh: '每天何时将前一天的交易账单与订单对账，北京时间（如 `10:30`；账单在 10:00 后生成）；不设置则不自动对账',
    },
    remedy: 'Give hours and minutes of China’s time, such as 10:30.',
  }),
  WECHAT_API_URL: setting({
    schema: z.string().transform((text, context) => httpUrl(text, context)),
    default: 'https://api.weixin.qq.com',
    meaning: { en: 'WeChat’s API', zh: '微信 API 地址' },
    remedy: 'Leave it unset, or give an http(s) address.',
  }),
  WECHAT_OPEN_URL: setting({
    schema: z.string().transform((text, context) => httpUrl(text, context)),
    default: 'https://open.weixin.qq.com',
    meaning: { en: 'WeChat’s consent page', zh: '微信网页授权地址' },
    remedy: 'Leave it unset, or give an http(s) address.',
  }),
  WECHAT_MP_URL: setting({
    schema: z.string().transform((text, context) => httpUrl(text, context)),
    default: 'https://mp.weixin.qq.com',
    meaning: { en: 'where WeChat shows the pictures of codes', zh: '微信二维码图片地址' },
    remedy: 'Leave it unset, or give an http(s) address.',
  }),
  WECHAT_PAY_URL: setting({
    schema: list((text, context) => httpUrl(text, context)),
    default: 'https://api.mch.weixin.qq.com,https://api2.mch.weixin.qq.com',
    meaning: {
      en: 'WeChat Pay’s API; the ones after the first, comma-separated, are used where it cannot be reached',
      zh: '微信支付 API 地址；逗号分隔，首个不可达时使用后面的',
    },
    remedy: 'Leave it unset, or give http(s) addresses.',
  }),
  SESSION_TTL: setting({
    schema: integer(1, 30 * 86_400),
    default: '7200',
    meaning: { en: 'life of a payer’s session, in seconds', zh: '付款人会话的有效期（秒）' },
    remedy: 'Give seconds, from 1 to 2592000.',
  }),
  RATE_LIMIT: setting({
    schema: integer(1, 1_000_000),
    default: '300',
    meaning: { en: 'public requests a minute and address', zh: '每个地址每分钟的公开请求数' },
    remedy: 'Give a whole number from 1.',
  }),
  TRUST_PROXY: setting({
    schema: integer(0, 10),
    default: '0',
    meaning: { en: 'how many reverse proxies stand in front', zh: '前面有几层反向代理' },
    remedy: 'Count the reverse proxies that add to X-Forwarded-For; 0 where there is none.',
  }),
  DOMAIN_VERIFICATION: setting({
    schema: list((text, context) => verificationFile(text, context)),
    optional: true,
    meaning: {
      en: '`MP_verify_….txt` files, as `name=content`, comma-separated',
      zh: '`MP_verify_….txt` 文件，格式 `文件名=内容`，逗号分隔',
    },
    remedy: 'Give MP_verify_abc.txt=abc, as the file from mp.weixin.qq.com → 公众号设置 → 功能设置 has it.',
  }),
  LOG_LEVEL: setting({
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    meaning: { en: 'pino level', zh: 'pino 日志级别' },
    remedy: 'Give fatal, error, warn, info, debug, trace or silent.',
  }),
} satisfies Record<string, Setting<unknown>>;

type Settings = typeof SETTINGS;
type Value<S> = S extends { schema: z.ZodType<infer T, string> } & ({ optional: true } | { onlyFor: string })
  ? T | undefined
  : S extends { schema: z.ZodType<infer T, string> }
    ? T
    : never;

/** The checked settings, under the names that they have in the environment. */
export type Config = { readonly [Name in keyof Settings]: Value<Settings[Name]> };

/** All that is wrong with the environment, at once. It names variables; it never shows a value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((text) => `  - ${text}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** What is of no use alone: each needs one of those that stand with it. */
const NEEDS = [
  ['WEBHOOK_URL', ['WEBHOOK_SECRET']],
  ['WEBHOOK_ROUTES', ['WEBHOOK_SECRET']],
  ['WEBHOOK_SECRET', ['WEBHOOK_URL', 'WEBHOOK_ROUTES']],
  ['WECHAT_PAY_PUBLIC_KEY', ['WECHAT_PAY_PUBLIC_KEY_ID']],
  ['WECHAT_PAY_PUBLIC_KEY_ID', ['WECHAT_PAY_PUBLIC_KEY']],
  ['WECHAT_MESSAGE_AES_KEY', ['WECHAT_MESSAGE_TOKEN']],
] as const;

/**
 * Reads and checks the environment.
 * @throws {ConfigError} naming every variable that is missing or malformed, with what to do.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    try {
      const text = readText(name, environment, setting.binary) ?? setting.default;
      if (text !== undefined) {
        config[name] = parse(setting, text);
      } else if (!setting.optional && (setting.onlyFor ?? config.WECHAT_PAY_API) === config.WECHAT_PAY_API) {
        throw new Error('is missing');
      }
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}. ${setting.remedy}`);
    }
  }
  for (const [given, needed] of NEEDS) {
    const [missing] = needed;
    if (!isGiven(given, environment) || needed.some((name) => isGiven(name, environment))) continue;
    problems.push(`${missing} is missing, though ${given} is set. ${SETTINGS[missing].remedy}`);
  }
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const) {
    const { IMAGE_STORE: store } = config as Config;
    if (!store || 'folder' in store || isGiven(name, environment)) continue;
    problems.push(`${name} is missing, though IMAGE_STORE is a bucket. ${SETTINGS[name].remedy}`);
  }
  problems.push(...certificateProblems(config as Config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config as Config;
}

function isGiven(name: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  return Boolean(environment[name]?.trim() || environment[`${name}_FILE`]?.trim());
}

/** Whether the merchant certificate opens with its password. */
function certificateProblems(config: Config): string[] {
  try {
    merchantCertificate(config);
    return [];
  } catch (error) {
    return [`WECHAT_PAY_V2_CERT is of no use: ${(error as Error).message} ${SETTINGS.WECHAT_PAY_V2_CERT.remedy}`];
  }
}

/** With which version 2 of the API lets money go back. */
export function merchantCertificate(config: Config): ClientCertificate | undefined {
  const { WECHAT_PAY_V2_CERT: pkcs12, WECHAT_PAY_V2_CERT_PASSWORD: password = config.WECHAT_PAY_MCH_ID } = config;
  return pkcs12 && password ? readMerchantCertificate(pkcs12, password) : undefined;
}

function readText(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  binary = false,
): string | undefined {
  const text = environment[name]?.trim() || undefined;
  const path = environment[`${name}_FILE`]?.trim() || undefined;
  if (path === undefined) return text;
  if (text !== undefined) throw new Error(`is given twice: as ${name} and as ${name}_FILE`);
  try {
    const content = readFileSync(path);
    return binary && !isText(content) ? content.toString('base64') : content.toString('utf8').trim();
  } catch (error) {
    throw new Error(`cannot be read from the file that ${name}_FILE names (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A file that holds the base64 of a binary one will do as well. */
function isText(content: Buffer): boolean {
  return /^[\x20-\x7e\s]*$/.test(content.toString('latin1'));
}

function parse(setting: Setting<unknown>, text: string): unknown {
  const result = setting.schema.safeParse(text);
  if (result.success) return result.data;
  const messages = result.error.issues.map(({ message }) =>
    message.replace(/^Invalid (input|option).*$/, 'is malformed'),
  );
  throw new Error([...new Set(messages)].join(', '));
}

/** Keeps the exact type of each setting, `optional` included. */
function setting<const S extends Setting<unknown>>(definition: S): S {
  return definition;
}

function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'is not a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `is not between ${min} and ${max}`);
}

function list<T>(item: (text: string, context: z.RefinementCtx) => T) {
  return z
    .string()
    .transform((text, context) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => item(part, context)),
    )
    .refine((items) => items.length > 0, 'lists nothing');
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

function atLeast(text: string, length: number, unit: 'characters' | 'bytes', context: z.RefinementCtx): string {
  const actual = unit === 'bytes' ? Buffer.byteLength(text) : text.length;
  return actual >= length ? text : refuse(context, `has one of fewer than ${length} ${unit}`);
}

/** It is sent as `Bearer <key>`, which takes neither spaces nor anything beyond ASCII. */
function apiKey(text: string, context: z.RefinementCtx): string {
  return /^[\x21-\x7e]*$/.test(text)
    ? atLeast(text, 32, 'characters', context)
    : refuse(context, 'has one with other characters than ASCII letters, digits and signs');
}

/** Undefined where it is refused. */
function parseUrl(text: string, context: z.RefinementCtx): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  refuse(context, url ? 'is not an http(s) address' : 'is not an absolute address');
  return undefined;
}

/** An address without the slash at its end, ready for a path to be appended. */
function httpUrl(text: string, context: z.RefinementCtx): string {
  return parseUrl(text, context)?.href.replace(/\/$/, '') ?? z.NEVER;
}

function publicUrl(text: string, context: z.RefinementCtx): string {
  const url = parseUrl(text, context);
  if (!url) return z.NEVER;
  if (url.search || url.hash || url.username) return refuse(context, 'has a query, a fragment or credentials');
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname)) return refuse(context, 'is not https');
  return url.href.replace(/\/$/, '');
}

function origin(text: string, context: z.RefinementCtx): string {
  const url = parseUrl(text, context);
  if (!url) return z.NEVER;
  const exact = url.origin === text && !text.includes('*');
  return exact ? text : refuse(context, 'has an entry that is not exactly an origin');
}

function isDatabaseUrl(text: string): boolean {
  return /^file:.+$/.test(text) || (/^postgres(ql)?:\/\/.+$/.test(text) && URL.canParse(text));
}

function imageStore(text: string, context: z.RefinementCtx): ImageStoreAddress {
  try {
    return parseImageStore(text);
  } catch (error) {
    return refuse(context, (error as Error).message);
  }
}

/** What is matched against the type of an event, and where it then goes. */
export interface WebhookRoute {
  type: string;
  url: string;
}

function webhookRoute(text: string, context: z.RefinementCtx): WebhookRoute {
  const [, type, address] = /^([a-z]+\.[a-z]+|[a-z]+\.\*|\*)=(.+)$/.exec(text) ?? [];
  if (!type || !address) return refuse(context, 'has an entry that is not type=address');
  const fits = EventType.options.some((known) => isOfType(type, known));
  if (!fits) return refuse(context, 'names a type of events that there is not');
  return { type, url: httpUrl(address, context) };
}

/** @param pattern a type, or the beginning of several and `*` */
export function isOfType(pattern: string, type: EventType): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

function aesKey(text: string, context: z.RefinementCtx): Buffer {
  return /^[0-9A-Za-z+/]{43}$/.test(text) ? decodeAesKey(text) : refuse(context, 'is not 43 letters and digits');
}

function isWebhookSecret(text: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const bytes = base64 === undefined ? 0 : Buffer.from(base64, 'base64').length;
  return bytes >= 24 && bytes <= 64;
}

function pkcs12(text: string, context: z.RefinementCtx): Buffer {
  const compact = text.replaceAll(/\s/g, '');
  // What PKCS#12 begins with.
  const isPkcs12 = /^MI[0-9A-Za-z+/]+={0,2}$/.test(compact);
  return isPkcs12 ? Buffer.from(compact, 'base64') : refuse(context, 'is not the base64 of a PKCS#12 file');
}

/** PEM, as it is or with `\n` for line ends, as some dashboards store it. */
function rsaKey(text: string, create: (pem: string) => KeyObject, context: z.RefinementCtx): KeyObject {
  try {
    const key = create(text.replaceAll('\\n', '\n'));
    return key.asymmetricKeyType === 'rsa' ? key : refuse(context, 'is not an RSA key');
  } catch {
    return refuse(context, 'is not a key in PEM form');
  }
}

/** The public key of a private one can be had, but would be the wrong one. */
function rsaPublicKey(text: string, context: z.RefinementCtx): KeyObject {
  return text.includes('PRIVATE KEY') ? refuse(context, 'is a private key') : rsaKey(text, createPublicKey, context);
}

function verificationFile(text: string, context: z.RefinementCtx): { name: string; content: string } {
  const match = /^(MP_verify_[0-9A-Za-z]+\.txt)=([\x21-\x7e]+)$/.exec(text);
  return match ? { name: match[1]!, content: match[2]! } : refuse(context, 'has an entry that is not name=content');
}
