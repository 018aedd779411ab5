/** The tables' history. A migration that has been released is never changed: add another. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const start: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('orders')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('outTradeNo', 'text', (column) => column.notNull().unique())
      .addColumn('requestHash', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('itemsJson', 'text', (column) => column.notNull())
      .addColumn('total', 'bigint', (column) => column.notNull())
      .addColumn('currency', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('openid', 'text')
      .addColumn('attach', 'text')
      .addColumn('returnUrl', 'text')
      .addColumn('createdAt', 'bigint', (column) => column.notNull())
      .addColumn('expiresAt', 'bigint', (column) => column.notNull())
      .addColumn('paidAt', 'bigint')
      .addColumn('closedAt', 'bigint')
      .addColumn('channel', 'text')
      .addColumn('transactionId', 'text')
      .addColumn('refunded', 'bigint', (column) => column.notNull())
      .addColumn('dueAt', 'bigint')
      .addColumn('queries', 'integer', (column) => column.notNull())
      .addColumn('queriedAt', 'bigint')
      .execute();
    await db.schema.createIndex('ordersByDueAt').on('orders').column('dueAt').execute();
    await db.schema.createIndex('ordersByTime').on('orders').columns(['createdAt', 'id']).execute();

    await db.schema
      .createTable('payments')
      .addColumn('orderId', 'text', (column) => column.notNull().references('orders.id'))
      .addColumn('channel', 'text', (column) => column.notNull())
      .addColumn('openid', 'text', (column) => column.notNull())
      .addColumn('prepayId', 'text', (column) => column.notNull())
      .addColumn('expiresAt', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('paymentsKey', ['orderId', 'channel', 'openid'])
      .execute();

    await db.schema
      .createTable('events')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('createdAt', 'bigint', (column) => column.notNull())
      .addColumn('dataJson', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('eventsByTime').on('events').columns(['createdAt', 'id']).execute();

    await db.schema
      .createTable('outbox')
      .addColumn('eventId', 'text', (column) => column.primaryKey().references('events.id'))
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('dueAt', 'bigint', (column) => column.notNull())
      .addColumn('leasedUntil', 'bigint', (column) => column.notNull())
      .addColumn('deliveredAt', 'bigint')
      .addColumn('lastStatus', 'integer')
      .addColumn('lastError', 'text')
      .execute();
    await db.schema.createIndex('outboxByDueAt').on('outbox').columns(['status', 'dueAt']).execute();

    await db.schema
      .createTable('credentials')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .addColumn('refreshAt', 'bigint', (column) => column.notNull())
      .addColumn('expiresAt', 'bigint', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('leases')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('holder', 'text', (column) => column.notNull())
      .addColumn('expiresAt', 'bigint', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('sign_ins')
      .addColumn('state', 'text', (column) => column.primaryKey())
      .addColumn('returnTo', 'text', (column) => column.notNull())
      .addColumn('challenge', 'text', (column) => column.notNull())
      .addColumn('expiresAt', 'bigint', (column) => column.notNull())
      .addColumn('claimedAt', 'bigint')
      .addColumn('code', 'text', (column) => column.unique())
      .addColumn('codeExpiresAt', 'bigint')
      .addColumn('codeUsedAt', 'bigint')
      .addColumn('openid', 'text')
      .addColumn('error', 'text')
      .execute();
    await db.schema.createIndex('signInsByExpiry').on('sign_ins').column('expiresAt').execute();
  },
};

const wechatPay: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('orders').addColumn('tradeNo', 'text').execute();
    await sql`update ${sql.table('orders')} set ${sql.ref('tradeNo')} = ${sql.ref('outTradeNo')}`.execute(db);
    await db.schema.createIndex('ordersByTradeNo').unique().on('orders').column('tradeNo').execute();
    await db.schema.alterTable('orders').addColumn('productId', 'text').execute();
    await db.schema.createIndex('ordersByPayment').on('orders').column('paidAt').execute();

    await db.schema
      .createTable('trades')
      .addColumn('tradeNo', 'text', (column) => column.primaryKey())
      .addColumn('orderId', 'text', (column) => column.notNull().references('orders.id'))
      .addColumn('closedAt', 'bigint')
      .addColumn('dueAt', 'bigint')
      .addColumn('transactionId', 'text')
      .execute();
    await db.schema.createIndex('tradesByOrder').on('trades').column('orderId').execute();
    await db.schema.createIndex('tradesByDueAt').on('trades').column('dueAt').execute();

    await db.schema.alterTable('payments').renameColumn('openid', 'payer').execute();
    await db.schema.alterTable('payments').renameColumn('prepayId', 'prepaid').execute();
    await db.schema.alterTable('payments').addColumn('tradeNo', 'text').execute();
    await sql`update ${sql.table('payments')} set ${sql.ref('tradeNo')} =
      (select ${sql.ref('outTradeNo')} from ${sql.table('orders')} where ${sql.ref('id')} = ${sql.ref('orderId')})`.execute(
      db,
    );

    await db.schema
      .createTable('refunds')
      .addColumn('outRefundNo', 'text', (column) => column.primaryKey())
      .addColumn('orderId', 'text', (column) => column.notNull().references('orders.id'))
      .addColumn('tradeNo', 'text', (column) => column.notNull())
      .addColumn('amount', 'bigint', (column) => column.notNull())
      .addColumn('reason', 'text')
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('refundId', 'text')
      .addColumn('createdAt', 'bigint', (column) => column.notNull())
      .addColumn('succeededAt', 'bigint')
      .addColumn('failureCode', 'text')
      .addColumn('failureMessage', 'text')
      .addColumn('dueAt', 'bigint')
      .addColumn('queries', 'integer', (column) => column.notNull())
      .addColumn('queriedAt', 'bigint')
      .execute();
    await db.schema.createIndex('refundsByOrder').on('refunds').column('orderId').execute();
    await db.schema.createIndex('refundsByDueAt').on('refunds').column('dueAt').execute();
    await db.schema.createIndex('refundsBySuccess').on('refunds').column('succeededAt').execute();

    await db.schema
      .createTable('products')
      .addColumn('productId', 'text', (column) => column.primaryKey())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('total', 'bigint', (column) => column.notNull())
      .addColumn('codeUrl', 'text', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('reconciliations')
      .addColumn('date', 'text', (column) => column.primaryKey())
      .addColumn('dueAt', 'bigint', (column) => column.notNull())
      .addColumn('doneAt', 'bigint')
      .execute();
  },
};

const images: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('image_files')
      .addColumn('sha256', 'text', (column) => column.primaryKey())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('size', 'integer', (column) => column.notNull())
      .addColumn('width', 'integer', (column) => column.notNull())
      .addColumn('height', 'integer', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('images')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('openid', 'text', (column) => column.notNull())
      .addColumn('sha256', 'text', (column) => column.notNull().references('image_files.sha256'))
      .addColumn('createdAt', 'bigint', (column) => column.notNull())
      .addColumn('uploadedAt', 'bigint', (column) => column.notNull())
      .addColumn('keptAt', 'bigint')
      .execute();
    await db.schema.createIndex('imagesByFile').unique().on('images').columns(['sha256', 'openid']).execute();
    await db.schema.createIndex('imagesByUpload').on('images').column('uploadedAt').execute();

    await db.schema
      .createTable('image_variants')
      .addColumn('sha256', 'text', (column) => column.notNull().references('image_files.sha256'))
      .addColumn('width', 'integer', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('size', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('imageVariantsKey', ['sha256', 'width'])
      .execute();

    await db.schema
      .createTable('stray_files')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('dueAt', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('strayFilesByDueAt').on('stray_files').column('dueAt').execute();

    await db.schema
      .createTable('uploads')
      .addColumn('openid', 'text', (column) => column.primaryKey())
      .addColumn('since', 'bigint', (column) => column.notNull())
      .addColumn('images', 'integer', (column) => column.notNull())
      .execute();
  },
};

const messages: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('received_messages')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('replyJson', 'text')
      .addColumn('forgetAt', 'bigint')
      .execute();
    await db.schema.createIndex('receivedMessagesByForgetAt').on('received_messages').column('forgetAt').execute();

    await db.schema
      .createTable('sent_messages')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('openid', 'text', (column) => column.notNull())
      .addColumn('templateId', 'text', (column) => column.notNull())
      .addColumn('requestJson', 'text', (column) => column.notNull())
      .addColumn('orderId', 'text', (column) => column.unique().references('orders.id'))
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('dueAt', 'bigint', (column) => column.notNull())
      .addColumn('leasedUntil', 'bigint', (column) => column.notNull())
      .addColumn('createdAt', 'bigint', (column) => column.notNull())
      .addColumn('triedAt', 'bigint')
      .addColumn('messageId', 'text', (column) => column.unique())
      .addColumn('failureCode', 'text')
      .addColumn('failureMessage', 'text')
      .execute();
    await db.schema.createIndex('sentMessagesByDueAt').on('sent_messages').columns(['status', 'dueAt']).execute();
    await db.schema.createIndex('sentMessagesByPayer').on('sent_messages').column('openid').execute();

    await db.schema
      .createTable('message_results')
      .addColumn('messageId', 'text', (column) => column.primaryKey())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('openid', 'text', (column) => column.notNull())
      .addColumn('templateId', 'text')
      .addColumn('failureCode', 'text')
      .addColumn('failureMessage', 'text')
      .addColumn('createdAt', 'bigint', (column) => column.notNull())
      .addColumn('dueAt', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('messageResultsByDueAt').on('message_results').column('dueAt').execute();
  },
};

/** Applied by the order of their names. */
export const MIGRATIONS: Record<string, Migration> = {
  '2026-11-22 start': start,
  '2026-11-22 wechat pay': wechatPay,
  '2026-11-22 wechat pay, then images': images,
  '2026-11-22 wechat pay, then images, then messages': messages,
};
