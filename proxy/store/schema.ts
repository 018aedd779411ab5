/** The tables, as Kysely sees them. Times are milliseconds since 1970; money is in fen; `…Json` columns hold JSON. */
import type { Selectable } from 'kysely';
import type { Channel, EventType, ImageType, OrderStatus, RefundStatus } from '../api.ts';

export interface Tables {
  orders: OrdersTable;
  trades: TradesTable;
  payments: PaymentsTable;
  refunds: RefundsTable;
  products: ProductsTable;
  reconciliations: ReconciliationsTable;
  events: EventsTable;
  outbox: OutboxTable;
  received_messages: ReceivedMessagesTable;
  sent_messages: SentMessagesTable;
  message_results: MessageResultsTable;
  images: ImagesTable;
  image_files: ImageFilesTable;
  image_variants: ImageVariantsTable;
  stray_files: StrayFilesTable;
  uploads: UploadsTable;
  credentials: CredentialsTable;
  leases: LeasesTable;
  sign_ins: SignInsTable;
}

export interface OrdersTable {
  id: string;
  outTradeNo: string;
  /** Its number at WeChat now: `outTradeNo`, until WeChat wants another one (see `trades`). */
  tradeNo: string;
  /** SHA-256 of what the order was created from: tells "the same again" from "another with the same number". */
  requestHash: string;
  description: string;
  itemsJson: string;
  total: number;
  currency: 'CNY';
  status: OrderStatus;
  openid: string | null;
  attach: string | null;
  returnUrl: string | null;
  createdAt: number;
  expiresAt: number;
  paidAt: number | null;
  closedAt: number | null;
  channel: Channel | null;
  transactionId: string | null;
  /** The printed code that was scanned. */
  productId: string | null;
  refunded: number;
  /** When the order is next looked at without being asked for: to query WeChat, or to expire. Null: never again. */
  dueAt: number | null;
  /** How often WeChat has been asked about it, and when last. */
  queries: number;
  queriedAt: number | null;
}

/**
 * Numbers that an order had at WeChat before its present one. WeChat takes a number through one channel only, so that
 * another channel needs another number.
 */
export interface TradesTable {
  tradeNo: string;
  orderId: string;
  /** When WeChat promised to take no money for it. Null: it may still be paid. */
  closedAt: number | null;
  /** When its end is next seen to without being asked for. Null: with the order. */
  dueAt: number | null;
  /** What WeChat took by this number though the order was paid by another one: to be given back. */
  transactionId: string | null;
}

/** What WeChat holds ready for a payer: one row for each order, channel and payer. */
export interface PaymentsTable {
  orderId: string;
  channel: Channel;
  /** `jsapi`: the openid; `h5`: the IP address; `native`: empty, whoever scans the code. */
  payer: string;
  /** The order's number at WeChat that it stands for. */
  tradeNo: string;
  /** The prepay id, the code or the address. */
  prepaid: string;
  expiresAt: number;
}

export interface RefundsTable {
  outRefundNo: string;
  orderId: string;
  /** By which WeChat had taken the money. */
  tradeNo: string;
  /** In fen. */
  amount: number;
  reason: string | null;
  status: RefundStatus;
  refundId: string | null;
  createdAt: number;
  succeededAt: number | null;
  failureCode: string | null;
  failureMessage: string | null;
  /** When WeChat is next asked about it. Null: its end is known. */
  dueAt: number | null;
  queries: number;
  queriedAt: number | null;
}

/** What printed codes sell (Native mode 1). */
export interface ProductsTable {
  productId: string;
  description: string;
  /** In fen. */
  total: number;
  codeUrl: string;
}

/** Which days' bills have been compared without being asked for. */
export interface ReconciliationsTable {
  /** `2026-11-21`, in China's time. */
  date: string;
  /** When it is next tried. */
  dueAt: number;
  doneAt: number | null;
}

/** Pictures that payers have uploaded, as they are spoken of: each payer's own, though the bytes may be the same. */
export interface ImagesTable {
  id: string;
  /** Who has uploaded it. */
  openid: string;
  /** Of its file. */
  sha256: string;
  createdAt: number;
  /** When it was last uploaded. */
  uploadedAt: number;
  /** Since when the merchant's server has been using it. Null: it may be nobody's. */
  keptAt: number | null;
}

/** The bytes of images, once each. */
export interface ImageFilesTable {
  /** Of the bytes, in hex. */
  sha256: string;
  /** In the storage. Another one each time that the same bytes come back after they were removed. */
  key: string;
  type: ImageType;
  /** Bytes. */
  size: number;
  width: number;
  height: number;
}

/** Smaller copies that have been asked for. */
export interface ImageVariantsTable {
  /** Of the file that it is a copy of. */
  sha256: string;
  width: number;
  key: string;
  size: number;
}

/**
 * Files in the storage that are about to be written, or to be removed. Whatever becomes of the process, each one there is
 * an image's, or a copy's, or stands here.
 */
export interface StrayFilesTable {
  key: string;
  /** When it is removed, unless an image has taken it. */
  dueAt: number;
}

/** How much each payer has uploaded of late. */
export interface UploadsTable {
  openid: string;
  /** When counting began. */
  since: number;
  images: number;
}

/** Facts that the merchant's server must learn. Never changed. */
export interface EventsTable {
  id: string;
  type: EventType;
  createdAt: number;
  dataJson: string;
}

/** What is to be delivered, written in the transaction that writes the fact. */
export interface OutboxTable {
  eventId: string;
  status: 'pending' | 'delivered' | 'stopped' | 'failed';
  attempts: number;
  dueAt: number;
  /** While this lies ahead, some process is delivering it. */
  leasedUntil: number;
  deliveredAt: number | null;
  lastStatus: number | null;
  lastError: string | null;
}

/** What WeChat has pushed, so that a repetition has no further effect and gets the same answer. */
export interface ReceivedMessagesTable {
  /** SHA-256 of what tells it from others. */
  key: string;
  /** What the user was answered, if that is known yet. */
  replyJson: string | null;
  /** When that is forgotten: WeChat repeats a message for some seconds only, and it is the user's. */
  forgetAt: number | null;
}

/** Template and subscription messages, written in the transaction that writes what they tell of. */
export interface SentMessagesTable {
  id: string;
  kind: 'template' | 'subscription';
  openid: string;
  templateId: string;
  /** What WeChat is asked for, but for the above. */
  requestJson: string;
  /** The order that it tells of. One message each. */
  orderId: string | null;
  status: 'pending' | 'sent' | 'delivered' | 'failed';
  attempts: number;
  dueAt: number;
  /** While this lies ahead, some process is sending it. */
  leasedUntil: number;
  createdAt: number;
  /** Since when WeChat may have got it. Null: it surely has not. */
  triedAt: number | null;
  /** WeChat's number. */
  messageId: string | null;
  failureCode: string | null;
  failureMessage: string | null;
}

/** What became of messages that are not known by their numbers, or not yet: such news may come before the number. */
export interface MessageResultsTable {
  messageId: string;
  kind: SentMessagesTable['kind'];
  openid: string;
  /** WeChat tells it of subscription messages only. */
  templateId: string | null;
  failureCode: string | null;
  failureMessage: string | null;
  createdAt: number;
  /** When it is told without a message of ours. */
  dueAt: number;
}

/** Tokens, tickets and certificates that WeChat gave us, shared by all proxies on this store. */
export interface CredentialsTable {
  name: string;
  value: string;
  refreshAt: number;
  expiresAt: number;
}

/** Who of several processes may do a thing just now. */
export interface LeasesTable {
  name: string;
  holder: string;
  expiresAt: number;
}

/** A payer's way through OAuth: from the page, to WeChat, back, to a session. */
export interface SignInsTable {
  state: string;
  returnTo: string;
  challenge: string;
  expiresAt: number;
  claimedAt: number | null;
  code: string | null;
  codeExpiresAt: number | null;
  codeUsedAt: number | null;
  openid: string | null;
  error: string | null;
}

export type OrderRow = Selectable<OrdersTable>;
export type RefundRow = Selectable<RefundsTable>;
export type ProductRow = Selectable<ProductsTable>;
export type ImageRow = Selectable<ImagesTable & ImageFilesTable>;
export type EventRow = Selectable<EventsTable>;
export type SentMessageRow = Selectable<SentMessagesTable>;
export type MessageResultRow = Selectable<MessageResultsTable>;
export type OutboxRow = Selectable<OutboxTable>;
