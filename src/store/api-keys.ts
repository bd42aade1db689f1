import type { ApiKeyStore } from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import type { Database } from './database/types.ts';
import { findApiKey, hasAnyApiKey, replaceApiKey } from './sql/api-key.ts';

/** API keys by the SHA-256 of the key, in lower-case hex. */
export function makeApiKeyStore(database: Database, deadlineMs: number): ApiKeyStore {
  return {
    find: async (hashHex) => {
      const name = (await database.query(findApiKey(hashHex), { deadlineMs })) as string | null;
      return name === null ? undefined : { name };
    },
    replace: async (name, hashHex, actor) => {
      await database.dbTransaction(
        async (tx) => {
          await tx.query(replaceApiKey(name, hashHex));
          await audited(tx, actor, 'apiKey.replaced', { name });
        },
        { deadlineMs },
      );
    },
    hasAny: async () => (await database.query(hasAnyApiKey(), { deadlineMs })) === true,
  };
}
