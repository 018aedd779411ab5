/** A day's bill, read back as whoever has written it meant it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type BillRow, readTradeBill } from '../../proxy/wechat/pay/trade-bill.ts';

interface Row {
  tradeNo: string;
  transactionId: string;
  /** In fen. */
  amount: number;
  state: 'SUCCESS' | 'REFUND' | 'REVOKED';
  outRefundNo: string;
  refundStatus: string;
  description: string;
  attach: string;
}

type Column = [name: string, value: (row: Row) => string];

const yuan = (fen: number) => (fen / 100).toFixed(2);
const ofRefund = (value: (row: Row) => string, otherwise: string) => (row: Row) =>
  row.state === 'REFUND' ? value(row) : otherwise;
const ofPayment = (value: (row: Row) => string, otherwise: string) => (row: Row) =>
  row.state === 'REFUND' ? otherwise : value(row);

const COMMON: Column[] = [
  ['交易时间', () => '2026-11-21 12:34:56'],
  ['公众账号ID', () => 'wx2421b1c4370ec43b'],
  ['商户号', () => '10000100'],
  ['特约商户号', () => '0'],
  ['设备号', () => ''],
  ['微信订单号', ({ transactionId }) => transactionId],
  ['商户订单号', ({ tradeNo }) => tradeNo],
  ['用户标识', () => 'oUpF8uMEb4qRXf22hE3X68TekukE'],
  ['交易类型', () => 'JSAPI'],
  ['交易状态', ({ state }) => state],
  ['付款银行', () => 'OTHERS'],
  ['货币种类', () => 'CNY'],
];
const NAMES: Column[] = [
  ['商品名称', ({ description }) => description],
  ['商户数据包', ({ attach }) => attach],
  ['手续费', () => '0.24000'],
  ['费率', () => '0.60%'],
];

const FORMS: Record<string, Column[]> = {
  // https://pay.weixin.qq.com/doc/v3/merchant/4013071233
  'as it is now': [
    ...COMMON,
    ['应结订单金额', ofPayment(({ amount }) => yuan(amount - 1), '0.00')],
    ['代金券金额', () => '0.01'],
    ['微信退款单号', ofRefund(() => '50000000382019052709732678859', '0')],
    ['商户退款单号', ofRefund(({ outRefundNo }) => outRefundNo, '0')],
    ['退款金额', ofRefund(({ amount }) => yuan(amount - 1), '0.00')],
    ['充值券退款金额', () => '0.01'],
    ['退款类型', ofRefund(() => 'ORIGINAL', '')],
    ['退款状态', ofRefund(({ refundStatus }) => refundStatus, '')],
    ...NAMES,
    ['订单金额', ofPayment(({ amount }) => yuan(amount), '0.00')],
    ['申请退款金额', ofRefund(({ amount }) => yuan(amount), '0.00')],
    ['费率备注', () => ''],
  ],
  // https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_6
  'as it was': [
    ...COMMON,
    ['总金额', ofPayment(({ amount }) => yuan(amount), '0.00')],
    ['代金券或立减优惠金额', () => '0.00'],
    ['微信退款单号', ofRefund(() => '2008450740201411110000174436', '0')],
    ['商户退款单号', ofRefund(({ outRefundNo }) => outRefundNo, '0')],
    ['退款金额', ofRefund(({ amount }) => yuan(amount), '0.00')],
    ['代金券或立减优惠退款金额', () => '0.00'],
    ['退款类型', ofRefund(() => 'ORIGINAL', '')],
    ['退款状态', ofRefund(({ refundStatus }) => refundStatus, '')],
    ...NAMES,
  ],
};

/** Nothing is escaped: a grave accent before each value is all that there is. */
const line = (values: string[]) => values.map((value) => `\`${value}`).join(',');

function write(rows: Row[], columns: Column[], { end = '\r\n', mark = '\ufeff' } = {}): string {
  const lines = [
    columns.map(([name]) => name).join(','),
    ...rows.map((row) => line(columns.map(([, value]) => value(row)))),
    '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额',
    line([String(rows.length), '39.80', '0.00', '0.00', '0.24000', '39.80', '0.00']),
  ];
  return `${mark}${lines.join(end)}${end}`;
}

function meant({ tradeNo, transactionId, amount, state, outRefundNo, refundStatus }: Row): BillRow[] {
  if (state === 'REVOKED') return [];
  const common = { tradeNo, transactionId, currency: 'CNY', amount };
  return [state === 'REFUND' ? { ...common, refund: { outRefundNo, status: refundStatus } } : common];
}

const payment: Row = {
  tradeNo: 'order-2026-0001',
  transactionId: '4200001234202611221234567890',
  amount: 3980,
  state: 'SUCCESS',
  outRefundNo: '',
  refundStatus: '',
  description: '茶, 一壶',
  attach: '',
};
const refund: Row = { ...payment, amount: 1000, state: 'REFUND', outRefundNo: 'refund-1', refundStatus: 'SUCCESS' };
const NOW = FORMS['as it is now']!;

/** What stands in a line of its own, and what might be taken for the border between two values. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }).map((value) => value.replaceAll(/[\r\n]/g, ' ')),
  fc.constantFrom('', ',', '`', ',`', '`,`', 'a,`b', '",`"', '茶,`一壶', ' `', '39.80', ',`0.00,`0.00'),
);
const row: fc.Arbitrary<Row> = fc.record({
  tradeNo: fc.stringMatching(/^[0-9A-Za-z_\-|*]{6,32}$/),
  transactionId: fc.stringMatching(/^42\d{26}$/),
  amount: fc.integer({ min: 1, max: 1_000_000_000 }),
  state: fc.constantFrom('SUCCESS', 'REFUND', 'REVOKED'),
  outRefundNo: fc.stringMatching(/^[0-9A-Za-z_\-|*@]{1,64}$/),
  refundStatus: fc.constantFrom('SUCCESS', 'PROCESSING', 'CHANGE', 'FAIL'),
  description: text,
  attach: text,
});

for (const [form, columns] of Object.entries(FORMS)) {
  describe(`a bill, ${form}`, () => {
    it('is read as it was meant, whatever the payers were shown', () => {
      const ending = fc.record({ end: fc.constantFrom('\r\n', '\n'), mark: fc.constantFrom('\ufeff', '') });
      fc.assert(
        fc.property(fc.array(row, { maxLength: 8 }), ending, (rows, ending) => {
          assert.deepEqual(readTradeBill(write(rows, columns, ending)), rows.flatMap(meant));
        }),
      );
    });

    it('may have its columns in another order, and more of them', () => {
      const turned: Column[] = [['新的', () => '?'], ...columns.toReversed()];
      const rows = [payment, refund].map((each) => ({ ...each, description: '茶' }));
      assert.deepEqual(readTradeBill(write(rows, turned)), rows.flatMap(meant));
    });
  });
}

describe('an amount', () => {
  for (const [yuan, fen] of [
    ['0', 0],
    ['0.01', 1],
    ['0.1', 10],
    ['1', 100],
    ['39.80', 3980],
    ['1.1', 110],
    ['8.2', 820],
    ['19.99', 1999],
    ['1.005', undefined],
    ['10000000.00', 1_000_000_000],
    ['-1.00', undefined],
    ['', undefined],
    ['1e3', undefined],
    ['1,000.00', undefined],
    ['¥1.00', undefined],
    ['NaN', undefined],
    ['39.8O', undefined],
  ] as const) {
    it(`of ${JSON.stringify(yuan)} yuan is ${fen ?? 'none'}`, () => {
      const bill = write([payment], NOW).replace('`0.60%,`39.80', `\`0.60%,\`${yuan}`);
      if (fen === undefined) assert.throws(() => readTradeBill(bill), { code: 'bill_corrupt' });
      else assert.deepEqual(readTradeBill(bill), [{ ...meant(payment)[0]!, amount: fen }]);
    });
  }
});

describe('a bill that is damaged', () => {
  const bill = write([payment, refund], NOW);
  const lines = bill.split('\r\n');
  const without = (index: number) => lines.filter((_, position) => position !== index).join('\r\n');
  const cells = lines[1]!.split(',`');

  const DAMAGES: Record<string, string> = {
    'is empty': '',
    'is nothing but a mark': '\ufeff',
    'is another text': 'hello\nworld\n',
    'is a page': '<html><body>busy</body></html>',
    'has no header': without(0),
    'has a row less than its sums say': without(2),
    'has a row more than its sums say': [...lines.slice(0, 2), ...lines.slice(1)].join('\r\n'),
    'has no sums': lines.slice(0, 3).join('\r\n'),
    'has the names of its sums only': lines.slice(0, 4).join('\r\n'),
    'has sums that are none': bill.replace(/`2,`39\.80,`0\.00.*/, '`x,`39.80'),
    'has a row without its end': bill.replace(lines[1]!, cells.slice(0, 5).join(',`')),
    'has a row without its beginning': bill.replace(lines[1]!, `\`${cells.slice(8).join(',`')}`),
    'has a row without grave accents': bill.replace(lines[1]!, lines[1]!.replaceAll('`', '')),
    'has a state that nobody knows': bill.replace(',`SUCCESS,`OTHERS', ',`SOLD,`OTHERS'),
    'has a payment without a number': bill.replace(`\`${payment.tradeNo}`, '`'),
    'has a payment without WeChat’s number': bill.replace(`\`${payment.transactionId}`, '`'),
    ...Object.fromEntries(
      ['微信订单号', '商户订单号', '交易状态', '货币种类', '商户退款单号', '退款状态'].map((name) => [
        `has no column ${name}`,
        bill.replace(name, '别的'),
      ]),
    ),
    'has no amounts': bill.replaceAll('订单金额', '别的'),
    'has no refunded amounts': bill.replaceAll('退款金额', '别的'),
  };
  for (const [name, damaged] of Object.entries(DAMAGES)) {
    it(`${name}: is refused`, () => {
      assert.deepEqual(readTradeBill(bill), [payment, refund].flatMap(meant));
      assert.throws(() => readTradeBill(damaged), { code: 'bill_corrupt' });
    });
  }

  it('is refused wherever it breaks off', () => {
    fc.assert(
      fc.property(fc.nat({ max: bill.lastIndexOf('\r\n`') + 2 }), (length) => {
        assert.throws(() => readTradeBill(bill.slice(0, length)), { code: 'bill_corrupt' });
      }),
    );
  });
});

it('a bill of nothing has no rows', () => {
  assert.deepEqual(readTradeBill(write([], NOW)), []);
});
