import { avatar } from './avatar.js';
import { chatTime } from './chat-time.js';
import { h, icon } from './element.js';
import { t } from './messages.js';
import { receiptTexts } from './receipt-texts.js';

/**
 * The chat of WeChat Pay, where receipts arrive.
 *
 * @returns {import('./chats.js').Conversation & {receive: (receipt: object) => boolean, isEmpty: () => boolean}}
 */
export function createPayChat() {
  const receipts = [];
  let unread = 0;
  const element = h('div', { class: 'conversation' });

  function row() {
    const last = receipts.at(-1);
    return {
      avatar: avatar('pay'),
      name: t('payName'),
      preview: last ? receiptTexts(last).summary : t('payPreview'),
      time: last ? new Date(last.time) : null,
      unread,
    };
  }

  function draw() {
    element.replaceChildren(
      receipts.length
        ? h('div', { class: 'chat-log' }, ...receipts.flatMap(drawReceipt))
        : h('div', { class: 'empty' }, icon('wallet'), h('h2', {}, t('noReceipts')), h('p', {}, t('noReceiptsText'))),
    );
  }

  function drawReceipt(receipt) {
    const { title, amount, rows } = receiptTexts(receipt);
    return [
      h('p', { class: 'chat-date' }, chatTime(new Date(receipt.time))),
      h(
        'article',
        { class: 'card receipt', 'aria-label': title },
        h('strong', {}, title),
        h('p', { class: 'amount-label' }, t(`${receipt.kind}Amount`)),
        h('p', { class: 'amount' }, amount),
        h('dl', {}, ...rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
        h('span', { class: 'card-foot quiet-foot' }, t('receiptFoot')),
      ),
    ];
  }

  return {
    id: 'pay',
    element,
    title: () => [t('payName')],
    row,
    draw,
    opened() {
      unread = 0;
    },
    isEmpty: () => receipts.length === 0,
    /** A receipt came, as receipt-texts.js has it, with an `id` and a `time`. One that is known already is left out. */
    receive(receipt) {
      if (receipts.some(({ id }) => id === receipt.id)) return false;
      receipts.push(receipt);
      unread += 1;
      return true;
    },
  };
}
