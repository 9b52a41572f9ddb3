// SPDX-License-Identifier: Apache-2.0
//
// Prisma without its native engine, over the driver of node. Where that differs from the engine, in
// what reaches Postgres, it is brought back to what the engine does.
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import { defineConfig } from 'prisma/config';

// Without its native engine Prisma leaves the alarms running that it sets for the wait for its lock
// and for the whole, and node would not end before them.
const { setTimeout } = globalThis;
globalThis.setTimeout = (deed, time, ...rest) => {
  const timer = setTimeout(deed, time, ...rest);
  return time >= 10000 ? timer.unref() : timer;
};

// Types of the catalog that the adapter does not know. It takes both for text, and then the first is
// called what the engine calls it.
const CHAR = 18;
const NAME = 19;
const TEXT = 25;

class Adapter extends PrismaPg {
  async connect() {
    const adapter = await super.connect();
    const performIO = adapter.performIO.bind(adapter);
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.performIO = async (query) => {
      const result = await performIO(query);
      query.types = result.fields.map((field) => field.dataTypeID);
      for (const field of result.fields) {
        if (field.dataTypeID === CHAR || field.dataTypeID === NAME) field.dataTypeID = TEXT;
      }
      return result;
    };
    adapter.queryRaw = async (query) => {
      const { columnNames, columnTypes, rows } = await queryRaw(query);
      query.types.forEach((type, i) => {
        if (type === CHAR) columnTypes[i] = ColumnTypeEnum.Character;
      });
      return { columnNames, columnTypes, rows };
    };
    // A migration travels whole; the adapter would cut the bodies of functions at their semicolons.
    adapter.executeScript = async (script) => {
      await adapter.underlyingDriver().query(script).catch((error) => adapter.onError(error));
    };
    return adapter;
  }
}

export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  engine: 'js',
  experimental: { adapter: true },
  adapter: async () =>
    new Adapter({
      connectionString: process.env.DATABASE_URL,
      // One session, or the lock that a migration is under would be held by another one; and it
      // ends with the work, or the next migrator would wait for the lock in vain.
      max: 1,
      allowExitOnIdle: true,
    }),
});
