import { beijingTime } from './beijing-time.ts';
import type { Clock } from './clock.ts';
import { isPaid, type PayOrder, type PayOrders } from './pay-orders.ts';
import type { PayRefund, Refunds } from './refunds.ts';
import { spacedTime } from './v2-views.ts';

const BOM = '\ufeff';
const RATE = 0.006;
const DAY = 86_400_000;
/** A bill lies ready at ten the next morning. */
const READY_AFTER = 34 * 3600_000;
const KEPT_MONTHS = 3;

export const BILL_TYPES = ['ALL', 'SUCCESS', 'REFUND'] as const;
export type BillType = (typeof BILL_TYPES)[number];

/** What a merchant who asks for a bill is told. */
export type BillState = 'ready' | 'creating' | 'none' | 'future' | 'too-old';

interface Row {
  at: number;
  order: PayOrder;
  /** Of a row that tells of a refund. */
  refund?: PayRefund;
}

type Column = [name: string, value: (row: Row) => string];

const nothing = () => '';
const zero = () => '0.00';

const BEFORE: Column[] = [
  ['交易时间', ({ at }) => spacedTime(at)],
  ['公众账号ID', ({ order }) => order.appid],
  ['商户号', ({ order }) => order.mchid],
  ['特约商户号', () => '0'],
  ['设备号', ({ order }) => order.deviceInfo ?? ''],
  ['微信订单号', ({ order }) => order.transactionId!],
  ['商户订单号', ({ order }) => order.outTradeNo],
  ['用户标识', ({ order }) => order.openid!],
  ['交易类型', ({ order }) => order.tradeType],
  ['交易状态', ({ refund }) => (refund ? 'REFUND' : 'SUCCESS')],
  ['付款银行', () => 'OTHERS'],
  ['货币种类', ({ order }) => order.currency],
  ['应结订单金额', ({ order, refund }) => yuan(refund ? 0 : order.total)],
  ['代金券金额', zero],
];
const REFUND_TIMES: Column[] = [
  ['退款申请时间', ({ refund }) => spacedTime(refund!.createdAt)],
  ['退款成功时间', ({ refund }) => (refund!.succeededAt === undefined ? '' : spacedTime(refund!.succeededAt))],
];
const REFUND: Column[] = [
  ['微信退款单号', ({ refund }) => refund?.refundId ?? '0'],
  ['商户退款单号', ({ refund }) => refund?.outRefundNo ?? '0'],
  ['退款金额', ({ refund }) => yuan(refund?.amount ?? 0)],
  ['充值券退款金额', zero],
  ['退款类型', ({ refund }) => (refund ? 'ORIGINAL' : '')],
  ['退款状态', ({ refund }) => (refund ? REFUND_STATES[refund.state] : '')],
];
const GOODS: Column[] = [
  ['商品名称', ({ order }) => order.description],
  ['商户数据包', ({ order }) => order.attach ?? ''],
  ['手续费', (row) => fee(row).toFixed(5)],
  ['费率', () => '0.60%'],
  ['订单金额', ({ order, refund }) => yuan(refund ? 0 : order.total)],
];
const ASKED: Column[] = [['申请退款金额', ({ refund }) => yuan(refund?.amount ?? 0)]];
const AFTER: Column[] = [['费率备注', nothing]];

const REFUND_STATES = { PROCESSING: 'PROCESSING', SUCCESS: 'SUCCESS', CLOSED: 'FAIL', ABNORMAL: 'CHANGE' };

/** @see https://pay.weixin.qq.com/doc/v3/merchant/4013071233 */
const COLUMNS: Record<BillType, Column[]> = {
  ALL: [...BEFORE, ...REFUND, ...GOODS, ...ASKED, ...AFTER],
  SUCCESS: [...BEFORE, ...GOODS, ...AFTER],
  REFUND: [...BEFORE, ...REFUND_TIMES, ...REFUND, ...GOODS, ...ASKED, ...AFTER],
};

/** Trade bills: what was paid, and asked to be given back, on a day of China's time. */
export class Bills {
  readonly #orders: PayOrders;
  readonly #refunds: Refunds;
  readonly #clock: Clock;
  readonly #set = new Map<string, string>();

  constructor(orders: PayOrders, refunds: Refunds, clock: Clock) {
    this.#orders = orders;
    this.#refunds = refunds;
    this.#clock = clock;
  }

  /** Lets this lie there, whatever happened on that day. */
  set(date: string, csv: string): void {
    this.#set.set(date, csv);
  }

  /** @param date `2026-11-21` */
  stateOf(date: string, type: BillType): BillState {
    const now = this.#clock.now();
    const start = startOf(date);
    if (start > now) return 'future';
    if (new Date(now).setUTCMonth(new Date(now).getUTCMonth() - KEPT_MONTHS) > start + DAY) return 'too-old';
    if (now < start + READY_AFTER) return 'creating';
    return this.#set.has(date) || this.#rows(date, type).length > 0 ? 'ready' : 'none';
  }

  /** The bill, with a byte order mark before it, whether it is ready or not. */
  bill(date: string, type: BillType): string {
    const set = this.#set.get(date);
    if (set !== undefined) return set;
    const rows = this.#rows(date, type);
    const columns = COLUMNS[type];
    const lines = [
      columns.map(([name]) => name).join(','),
      ...rows.map((row) => columns.map(([, value]) => quoted(value(row))).join(',')),
      ...summary(rows, type),
    ];
    return `${BOM}${lines.join('\r\n')}\r\n`;
  }

  #rows(date: string, type: BillType): Row[] {
    const paid = this.#orders.all().filter(isPaid);
    const payments: Row[] = paid.map((order) => ({ at: order.paidAt!, order }));
    const refunds: Row[] = paid.flatMap((order) =>
      this.#refunds.of(order).map((refund) => ({ at: refund.createdAt, order, refund })),
    );
    return [...(type === 'REFUND' ? [] : payments), ...(type === 'SUCCESS' ? [] : refunds)]
      .filter(({ at }) => beijingTime(at).startsWith(date))
      .sort((one, other) => one.at - other.at);
  }
}

/** `2026-11-21`, a day that there is. */
export function isDate(date: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(date) && Number.isFinite(startOf(date)) && beijingTime(startOf(date)).startsWith(date)
  );
}

function startOf(date: string): number {
  return Date.parse(`${date}T00:00:00+08:00`);
}

function summary(rows: Row[], type: BillType): string[] {
  const payments = rows.filter(({ refund }) => !refund);
  const refunds = rows.filter(({ refund }) => refund);
  const paid = payments.reduce((sum, { order }) => sum + order.total, 0);
  const refunded = refunds.reduce((sum, { refund }) => sum + refund!.amount, 0);
  const fees = rows.reduce((sum, row) => sum + fee(row), 0).toFixed(5);
  const sums: [name: string, value: string][] =
    type === 'SUCCESS'
      ? [
          ['总交易单数', String(rows.length)],
          ['应结订单总金额', yuan(paid)],
          ['手续费总金额', fees],
          ['订单总金额', yuan(paid)],
        ]
      : [
          ['总交易单数', String(rows.length)],
          ['应结订单总金额', yuan(paid)],
          ['退款总金额', yuan(refunded)],
          ['充值券退款总金额', zero()],
          ['手续费总金额', fees],
          ['订单总金额', yuan(paid)],
          ['申请退款总金额', yuan(refunded)],
        ];
  return [sums.map(([name]) => name).join(','), sums.map(([, value]) => quoted(value)).join(',')];
}

/** In yuan, to the nearest fen; a refund gives it back. */
function fee({ order, refund }: Row): number {
  const fen = Math.round((refund?.amount ?? order.total) * RATE) / 100;
  return refund ? 0 - fen : fen;
}

function yuan(fen: number): string {
  return (fen / 100).toFixed(2);
}

/** A grave accent keeps spreadsheets from making numbers of it; nothing keeps commas apart. */
function quoted(value: string): string {
  return `\`${value.replace(/[\r\n]+/g, ' ')}`;
}
