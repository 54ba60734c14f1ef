import { createDatabase, type Database, type DatabaseOptions } from "@kysely-resilient/core"
import type { Generated } from "kysely"

import { testDatabase, type TestDatabase } from "./databases.ts"

/** A small shop: accounts whose balance never falls below nothing, and what was moved between them. */
export interface ShopDB {
  accounts: { id: number; owner: string; balance: Generated<number> }
  transfers: { id: Generated<number>; source: number; target: number; amount: number }
}

export interface Shop {
  readonly database: TestDatabase
  /** A database over the shop; closed by whoever opens it. */
  open(options?: DatabaseOptions): Database<ShopDB>
}

export function testShop(fileUrl: string): Shop {
  const database = testDatabase(fileUrl, {
    setup: async (client) => {
      await client.query(`
        create table accounts (
          id int primary key,
          owner text not null constraint accounts_owner_key unique,
          balance int not null default 0 constraint accounts_balance_check check (balance >= 0)
        );
        create table transfers (
          id int primary key generated always as identity,
          source int not null constraint transfers_source_fk references accounts deferrable initially deferred,
          target int not null,
          amount int not null
        )`)
    },
  })
  return {
    database,
    open: (options = {}) => createDatabase<ShopDB>({ connection: database.url, pool: { min: 0, max: 4 }, ...options }),
  }
}
