/** A day's trade bill: https://pay.weixin.qq.com/doc/v3/merchant/4013071209 ; version 2 writes the same. */
import { ProxyError } from '../../errors.ts';

export interface BillRow {
  /** WeChat's `out_trade_no`. */
  tradeNo: string;
  transactionId: string;
  /** In fen. Of a refund, what is given back. */
  amount: number;
  currency: string;
  /** Absent where it is a payment. */
  refund?: { outRefundNo: string; status: string };
}

const BYTE_ORDER_MARK = '\ufeff';
/** Where each value comes from: the first of these columns that the bill has. */
const COLUMNS = {
  transactionId: ['微信订单号'],
  tradeNo: ['商户订单号'],
  state: ['交易状态'],
  currency: ['货币种类'],
  total: ['订单金额', '应结订单金额', '总金额'],
  outRefundNo: ['商户退款单号'],
  refunded: ['申请退款金额', '退款金额'],
  refundStatus: ['退款状态'],
} as const;
type Values = Record<keyof typeof COLUMNS, string>;
/** The merchant's own texts stand side by side. Nothing in them is escaped: they may hold what looks like a border. */
const FREE_TEXTS = ['商品名称', '商户数据包'];
/** `REVOKED`: a cashier has taken it back. */
const STATES = new Set(['SUCCESS', 'REFUND', 'REVOKED']);

/** Where the values stand in a row. */
interface Layout {
  positions: Record<keyof Values, number>;
  width: number;
  /** From here on, a row that has more borders than the header is counted from its end. */
  afterTexts: number;
}

/**
 * The payments and refunds of a bill. What a cashier has revoked is neither.
 * @param csv a header, rows whose values begin with a backtick, and two lines of sums, which are checked
 * @throws {ProxyError} `bill_corrupt`
 */
export function readTradeBill(csv: string): BillRow[] {
  const lines = csv
    .replace(BYTE_ORDER_MARK, '')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const layout = readHeader(lines[0] ?? '');
  const end = lines.findIndex((line, index) => index > 0 && !line.startsWith('`'));
  const rows = lines.slice(1, end).map((line) => readRow(line, layout));
  const [announced] = values(lines[end + 1] ?? '');
  if (end < 0 || Number(announced) !== rows.length) throw corrupt('Its sums are not of its rows.');
  return rows.filter(({ state }) => state !== 'REVOKED').map(asBillRow);
}

function readHeader(header: string): Layout {
  const names = header.split(',').map((name) => name.trim());
  const positions = Object.entries(COLUMNS).map(([value, candidates]) => {
    const name = candidates.find((candidate) => names.includes(candidate));
    if (!name) throw corrupt(`It has no column ${candidates[0]}.`);
    return [value, names.indexOf(name)];
  });
  return {
    positions: Object.fromEntries(positions) as Layout['positions'],
    width: names.length,
    afterTexts: Math.max(...FREE_TEXTS.map((name) => names.indexOf(name))) + 1,
  };
}

function readRow(line: string, { positions, width, afterTexts }: Layout): Values {
  const cells = values(line);
  const more = Math.max(cells.length - width, 0);
  const row = Object.fromEntries(
    Object.entries(positions).map(([value, position]) => [
      value,
      cells[position < afterTexts ? position : position + more] ?? '',
    ]),
  ) as Values;
  if (!STATES.has(row.state)) throw corrupt('A row is of no known state.');
  return row;
}

/** A comma within a value has no backtick behind it, but for those of `FREE_TEXTS`. */
function values(line: string): string[] {
  return line
    .replace(/^`/, '')
    .split(',`')
    .map((value) => value.trim());
}

function asBillRow({ state, tradeNo, transactionId, currency, total, ...refund }: Values): BillRow {
  if (!tradeNo || !transactionId) throw corrupt('A row has no number.');
  const common = { tradeNo, transactionId, currency };
  if (state === 'SUCCESS') return { ...common, amount: fen(total) };
  const { outRefundNo, refundStatus, refunded } = refund;
  return { ...common, amount: fen(refunded), refund: { outRefundNo, status: refundStatus } };
}

/** `39.80` */
function fen(yuan: string): number {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(yuan) ?? [];
  if (whole === undefined) throw corrupt('An amount is none.');
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
}

function corrupt(reason: string): ProxyError {
  return new ProxyError('bill_corrupt', reason);
}
