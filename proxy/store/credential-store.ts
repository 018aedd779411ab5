import type { CredentialStore, StoredCredential } from '../wechat/account/credential.ts';
import type { Store } from './store.ts';

/** WeChat's tokens and tickets in the database, so that all proxies on it fetch each of them once. */
export function createCredentialStore(store: Store, now: () => number): CredentialStore {
  const { db } = store;
  return {
    async read(name: string): Promise<StoredCredential | undefined> {
      return db
        .selectFrom('credentials')
        .select(['value', 'refreshAt', 'expiresAt'])
        .where('name', '=', name)
        .executeTakeFirst();
    },

    async write(name: string, credential: StoredCredential): Promise<void> {
      await db
        .insertInto('credentials')
        .values({ name, ...credential })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(credential))
        .execute();
    },

    async acquire(name: string, milliseconds: number): Promise<boolean> {
      const lease = { holder: store.processId, expiresAt: now() + milliseconds };
      const result = await db
        .insertInto('leases')
        .values({ name, ...lease })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(lease).where('leases.expiresAt', '<=', now()))
        .executeTakeFirst();
      return result.numInsertedOrUpdatedRows === 1n;
    },

    async extend(name: string, milliseconds: number): Promise<void> {
      await db
        .updateTable('leases')
        .set({ expiresAt: now() + milliseconds })
        .where('name', '=', name)
        .where('holder', '=', store.processId)
        .execute();
    },

    async release(name: string): Promise<void> {
      await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', store.processId).execute();
    },
  };
}
