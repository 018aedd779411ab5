/**
 * The shapes that go over HTTP, once: requests are checked by these schemas, the widgets import their types,
 * and `openapi.json` is made from them.
 */
import { z } from 'zod';

const MAX_FEN = 10_000_000_00;

/** NUL, which PostgreSQL cannot hold, and halves of surrogate pairs, which nobody can send. */
const isStorable = (text: string) => !/[\0\p{Surrogate}]/u.test(text);

/** Text that is kept, or looked for, as it came. */
export const Text = z.string().refine(isStorable, 'text without NUL and lone surrogates');

const WebAddress = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine(isStorable, 'an address without NUL and lone surrogates');

export const Amount = z
  .strictObject({
    total: z.int().min(1).max(MAX_FEN).describe('Money in fen (1/100 yuan).'),
    currency: z.literal('CNY').default('CNY'),
  })
  .meta({ id: 'Amount' });

export const Refunded = z.object({ total: z.int().min(0), currency: z.literal('CNY') }).meta({ id: 'Refunded' });

export const Item = z
  .strictObject({
    name: Text.trim().min(1).max(128),
    quantity: z.int().min(1).max(1_000_000),
    unitPrice: z.int().min(0).max(MAX_FEN).describe('Price of one, in fen.'),
    imageUrl: WebAddress.optional(),
  })
  .meta({ id: 'Item' });

export const OrderStatus = z
  .enum(['created', 'paying', 'paid', 'partially_refunded', 'refunded', 'closed', 'expired'])
  .meta({ id: 'OrderStatus' });

export const Channel = z.enum(['jsapi', 'native', 'h5']).meta({ id: 'Channel' });

/** WeChat's rule for `out_trade_no`: 6 to 32 characters of this alphabet, unique per merchant number. */
export const OutTradeNo = z.string().regex(/^[0-9A-Za-z_\-|*]{6,32}$/, '6 to 32 of 0-9 A-Z a-z _ - | *');

export const OpenId = z.string().regex(/^[0-9A-Za-z_-]{1,128}$/, 'an openid');

const Time = z.iso.datetime({ offset: true }).describe('RFC 3339.');

export const OrderRequest = z
  .strictObject({
    outTradeNo: OutTradeNo,
    description: Text.trim().min(1).max(127).describe('What the payer sees on the pay sheet.'),
    amount: Amount,
    items: z.array(Item).max(100).optional(),
    openid: OpenId.optional().describe('The only payer who may pay it.'),
    expiresAt: Time.optional().describe('Default: two hours from now. At most seven days ahead.'),
    attach: Text.max(128).optional().describe('Comes back in the order and its events.'),
    returnUrl: WebAddress.optional().describe('Where the payer goes after paying.'),
  })
  .meta({ id: 'OrderRequest' });

export const PageOrder = z
  .object({
    id: z.string(),
    description: z.string(),
    items: z.array(Item),
    amount: Amount,
    status: OrderStatus,
    createdAt: Time,
    expiresAt: Time,
    paidAt: Time.optional(),
    closedAt: Time.optional(),
    returnUrl: z.string().optional(),
    serverTime: Time.describe('The proxy’s clock, so that a countdown needs no right clock.'),
  })
  .meta({ id: 'PageOrder' });

export const Order = PageOrder.omit({ serverTime: true })
  .extend({
    outTradeNo: z.string(),
    tradeNo: z
      .string()
      .optional()
      .describe('The number at WeChat, where another one than `outTradeNo` was needed for a second channel.'),
    openid: z.string().optional(),
    attach: z.string().optional(),
    channel: Channel.optional(),
    transactionId: z.string().optional(),
    productId: z.string().optional().describe('The printed code that was scanned.'),
    refunded: Refunded,
  })
  .meta({ id: 'Order' });

export const OrderList = z
  .object({ data: z.array(Order), nextCursor: z.string().nullable() })
  .meta({ id: 'OrderList' });

export const PaymentRequest = z.strictObject({ channel: Channel }).meta({ id: 'PaymentRequest' });

/** What `getBrandWCPayRequest` wants, to the letter. */
export const JsapiParams = z
  .object({
    appId: z.string(),
    timeStamp: z.string(),
    nonceStr: z.string(),
    package: z.string(),
    signType: z.string(),
    paySign: z.string(),
  })
  .meta({ id: 'JsapiParams' });

export const Payment = z
  .discriminatedUnion('channel', [
    z.object({ channel: z.literal('jsapi'), params: JsapiParams }),
    z.object({
      channel: z.literal('native'),
      codeUrl: z.string().describe('What the QR code says. Show it on another screen than the phone that pays.'),
      expiresAt: Time.describe('After that, ask for another one.'),
    }),
    z.object({
      channel: z.literal('h5'),
      url: z
        .string()
        .describe('Where the browser goes to pay, with a Referer; `&redirect_url=` says where it comes back to.'),
    }),
  ])
  .meta({ id: 'Payment' });

/** WeChat's rule for `out_refund_no`: up to 64 characters of this alphabet, unique per merchant number. */
export const OutRefundNo = z.string().regex(/^[0-9A-Za-z_\-|*@]{1,64}$/, '1 to 64 of 0-9 A-Z a-z _ - | * @');

export const RefundRequest = z
  .strictObject({
    outRefundNo: OutRefundNo,
    amount: Amount,
    reason: Text.trim().min(1).max(80).optional().describe('The payer sees it.'),
    transactionId: Text.min(1)
      .max(32)
      .optional()
      .describe(
        'Which payment, where `payment.late` has told of a second one. Default: the one that the order was paid by.',
      ),
  })
  .meta({ id: 'RefundRequest' });

export const RefundStatus = z
  .enum(['processing', 'succeeded', 'closed', 'abnormal', 'refused'])
  .describe(
    '`closed`: WeChat gave it up, use a new number. `abnormal`: the payer’s account takes no money, go on in the merchant console. `refused`: ask again with the same number.',
  )
  .meta({ id: 'RefundStatus' });

export const Refund = z
  .object({
    outRefundNo: z.string(),
    orderId: z.string(),
    outTradeNo: z.string(),
    amount: Amount,
    reason: z.string().optional(),
    status: RefundStatus,
    refundId: z.string().optional().describe('WeChat’s number.'),
    createdAt: Time,
    succeededAt: Time.optional(),
    failure: z.object({ code: z.string(), message: z.string() }).optional().describe('Why WeChat refused it.'),
  })
  .meta({ id: 'Refund' });

export const RefundList = z.object({ data: z.array(Refund) }).meta({ id: 'RefundList' });

export const ProductRequest = z
  .strictObject({
    productId: z.string().regex(/^[0-9A-Za-z_-]{1,32}$/, '1 to 32 of 0-9 A-Z a-z _ -'),
    description: Text.trim().min(1).max(127).describe('What the payer sees on the pay sheet.'),
    amount: Amount.describe('The price of the orders that are made from now on.'),
  })
  .meta({ id: 'ProductRequest' });

export const Product = z
  .object({
    productId: z.string(),
    description: z.string(),
    amount: Amount,
    codeUrl: z.string().describe('What the printed code says. It stays the same.'),
  })
  .meta({ id: 'Product' });

/** The widths in which an image can be had, beside its own. */
export const IMAGE_WIDTHS = [160, 320, 640, 960, 1280, 1920] as const;

export const ImageType = z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']).meta({ id: 'ImageType' });

/** What WeChat calls an uploaded file: `serverId` of `wx.uploadImage`. */
export const MediaRequest = z
  .strictObject({ mediaId: z.string().regex(/^[0-9A-Za-z_-]{1,512}$/, 'a media id of WeChat') })
  .meta({ id: 'MediaRequest' });

export const Image = z
  .object({
    id: z.string(),
    url: z.string().describe('Where it is shown. `?width=` gives a smaller one.'),
    type: ImageType,
    size: z.int().describe('Bytes, as it is kept: upright, without metadata.'),
    width: z.int(),
    height: z.int(),
  })
  .meta({ id: 'Image' });

export const KeptImage = Image.extend({
  openid: z.string().describe('Who has uploaded it.'),
  createdAt: Time,
  keptAt: Time,
}).meta({ id: 'KeptImage' });

export const AccessToken = z.object({ token: z.string(), expiresAt: Time }).meta({ id: 'AccessToken' });

/** WeChat's limits: the numbers of permanent codes end at 100000, those of others are 32-bit and not zero. */
const MAX_PERMANENT_SCENE = 100_000;
const MAX_SCENE = 2 ** 32 - 1;
const SCENE = `an integer from 1 to ${MAX_SCENE} (from 1 to ${MAX_PERMANENT_SCENE} where the code is permanent), or text of 1 to 64 characters without NUL`;
const SceneNumber = z.int().min(1).max(MAX_SCENE);
const SceneText = Text.min(1).max(64);
const MAX_QR_CODE_LIFE = 30 * 86_400;
const QR_CODE_LIFE = `is a number of whole seconds from 1 to ${MAX_QR_CODE_LIFE} (30 days): leave it out for a permanent code`;

/** No union: it would tell of each of its sides what is wrong with it. */
const Scene = z
  .unknown()
  .refine(
    (scene): scene is number | string => SceneNumber.safeParse(scene).success || SceneText.safeParse(scene).success,
    `is ${SCENE}`,
  )
  .describe(`What comes back when the code is scanned: ${SCENE}.`)
  .meta({
    anyOf: [
      { type: 'integer', minimum: 1, maximum: MAX_SCENE },
      { type: 'string', minLength: 1, maxLength: 64 },
    ],
  });

export const QrCodeRequest = z
  .strictObject({
    scene: Scene,
    expiresIn: z
      .int(QR_CODE_LIFE)
      .min(1, QR_CODE_LIFE)
      .max(MAX_QR_CODE_LIFE, QR_CODE_LIFE)
      .optional()
      .describe('Seconds that the code works. Without it, for ever: WeChat grants an account 100,000 of these.'),
  })
  .refine(
    ({ scene, expiresIn }) => typeof scene === 'string' || expiresIn !== undefined || scene <= MAX_PERMANENT_SCENE,
    {
      path: ['scene'],
      error: `is an integer from 1 to ${MAX_PERMANENT_SCENE} where the code is permanent: give text, or expiresIn`,
    },
  )
  .meta({ id: 'QrCodeRequest' });

export const QrCode = z
  .object({
    ticket: z.string().describe('For `GET /v1/qrcodes/image?ticket=`, url-encoded.'),
    url: z.string().describe('What the code says, to draw it by oneself.'),
    imageUrl: z.string().describe('Its picture, at WeChat.'),
    expiresAt: Time.optional().describe('Absent where it is permanent.'),
  })
  .meta({ id: 'QrCode' });

/** An id of a template, as WeChat's console shows it. */
const TemplateId = z.string().regex(/^[0-9A-Za-z_-]{1,128}$/, 'a template id of WeChat');

/** No union: it would tell of each of its sides what is wrong with it. */
const TemplateText = z.preprocess(
  (value) => (typeof value === 'string' ? { value } : value),
  z.strictObject(
    {
      value: Text.min(1).max(2000),
      color: z
        .string()
        .regex(/^#[0-9A-Fa-f]{6}$/, 'as #173177')
        .optional(),
    },
    'is neither text nor {value, color}',
  ),
);

const TemplateData = z
  .record(z.string().regex(/^[A-Za-z][0-9A-Za-z_]{0,63}$/, 'is no key of a template'), TemplateText)
  .refine((data) => Object.keys(data).length > 0, 'has no key')
  .refine((data) => Object.keys(data).length <= 32, 'has more than 32 keys')
  .describe('What the template’s keys stand for: text, or `{value, color}`.')
  .meta({
    minProperties: 1,
    maxProperties: 32,
    additionalProperties: {
      anyOf: [
        { type: 'string', minLength: 1, maxLength: 2000 },
        {
          type: 'object',
          properties: {
            value: { type: 'string', minLength: 1, maxLength: 2000 },
            color: { type: 'string', pattern: '^#[0-9A-Fa-f]{6}$' },
          },
          required: ['value'],
        },
      ],
    },
  });

const MiniProgram = z.strictObject({
  appId: z.string().regex(/^wx[0-9A-Za-z]{4,30}$/, 'an AppID'),
  pagePath: Text.min(1).max(1024).optional(),
});

const OutgoingMessage = z.strictObject({
  openid: OpenId,
  templateId: TemplateId,
  data: TemplateData,
  miniProgram: MiniProgram.optional().describe('Where a tap leads to, rather than to the address.'),
});

export const TemplateMessageRequest = OutgoingMessage.extend({
  url: WebAddress.optional().describe('Where a tap leads to.'),
}).meta({ id: 'TemplateMessageRequest' });

export const SubscriptionMessageRequest = OutgoingMessage.extend({
  page: WebAddress.optional().describe('Where a tap leads to.'),
}).meta({ id: 'SubscriptionMessageRequest' });

export const AcceptedMessage = z
  .object({ id: z.string().describe('Comes back in `template.delivered` and `template.failed`.') })
  .meta({ id: 'AcceptedMessage' });

/** How many bytes of text WeChat lets an account answer with. */
const MAX_REPLY_BYTES = 2048;
const ReplyText = Text.refine((text) => text.trim() !== '', 'is empty').refine(
  (text) => new TextEncoder().encode(text).length <= MAX_REPLY_BYTES,
  `more than ${MAX_REPLY_BYTES} bytes`,
);

/** What the receiver of `message.received` or `code.scanned` may answer, for the user to see. */
export const MessageReply = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), content: ReplyText }),
  z.object({ type: z.literal('image'), mediaId: z.string().regex(/^[0-9A-Za-z_-]{1,512}$/) }),
  z.object({
    type: z.literal('news'),
    articles: z
      .array(
        z.object({
          title: Text.trim().min(1).max(128),
          description: Text.max(512).optional(),
          picUrl: WebAddress.optional(),
          url: WebAddress,
        }),
      )
      .min(1)
      .max(8),
  }),
  z.object({
    type: z.literal('transfer_customer_service'),
    kfAccount: Text.min(1).max(64).optional().describe('Of customer service, `name@account`.'),
  }),
]);

/** The receiver's whole answer. */
export const ReplyAnswer = z.object({ reply: MessageReply.nullish() });

export const JssdkConfig = z
  .object({ appId: z.string(), timestamp: z.int(), nonceStr: z.string(), signature: z.string() })
  .meta({ id: 'JssdkConfig' });

export const SessionRequest = z
  .union([
    z.strictObject({
      code: Text.min(1).max(128).describe('`wx_code` of the fragment that the sign-in came back with.'),
      verifier: z.string().min(1).max(256).describe('Its base64url SHA-256 was the `challenge`.'),
    }),
    z.strictObject({ openid: OpenId }),
  ])
  .meta({ id: 'SessionRequest' });

export const Session = z.object({ token: z.string(), expiresAt: Time }).meta({ id: 'Session' });

export const EventType = z
  .enum([
    'order.paid',
    'order.closed',
    'order.expired',
    'payment.late',
    'refund.succeeded',
    'refund.failed',
    'template.delivered',
    'template.failed',
    'message.received',
    'code.scanned',
  ])
  .meta({ id: 'EventType' });

export const Event = z
  .object({
    id: z.string(),
    type: EventType,
    timestamp: Time,
    data: z.looseObject({}),
    delivery: z
      .object({
        status: z.enum(['pending', 'delivered', 'stopped', 'failed']),
        attempts: z.int(),
        nextAttemptAt: Time.optional(),
        deliveredAt: Time.optional(),
        lastStatus: z.int().optional().describe('HTTP status of the last answer.'),
        lastError: z.string().optional(),
      })
      .optional()
      .describe('Absent where no receiver was configured.'),
  })
  .meta({ id: 'Event' });

export const EventList = z
  .object({ data: z.array(Event), nextCursor: z.string().nullable() })
  .meta({ id: 'EventList' });

/** RFC 9457, as `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    remedy: z.string(),
    zh: z.object({ title: z.string(), remedy: z.string() }).describe('`title` and `remedy` in Chinese.'),
    requestId: z.string(),
    upstream: z.object({ code: z.string(), message: z.string() }).optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

export type Amount = z.infer<typeof Amount>;
export type Item = z.infer<typeof Item>;
export type OrderStatus = z.infer<typeof OrderStatus>;
export type Channel = z.infer<typeof Channel>;
export type OrderRequest = z.infer<typeof OrderRequest>;
export type PageOrder = z.infer<typeof PageOrder>;
export type Order = z.infer<typeof Order>;
export type OrderList = z.infer<typeof OrderList>;
export type Payment = z.infer<typeof Payment>;
export type RefundRequest = z.infer<typeof RefundRequest>;
export type RefundStatus = z.infer<typeof RefundStatus>;
export type Refund = z.infer<typeof Refund>;
export type ProductRequest = z.infer<typeof ProductRequest>;
export type Product = z.infer<typeof Product>;
export type JsapiParams = z.infer<typeof JsapiParams>;
export type ImageType = z.infer<typeof ImageType>;
export type Image = z.infer<typeof Image>;
export type KeptImage = z.infer<typeof KeptImage>;
export type TemplateMessageRequest = z.infer<typeof TemplateMessageRequest>;
export type SubscriptionMessageRequest = z.infer<typeof SubscriptionMessageRequest>;
export type MessageReply = z.infer<typeof MessageReply>;
export type JssdkConfig = z.infer<typeof JssdkConfig>;
export type Session = z.infer<typeof Session>;
export type EventType = z.infer<typeof EventType>;
export type Event = z.infer<typeof Event>;
export type EventList = z.infer<typeof EventList>;
export type Problem = z.infer<typeof Problem>;
