import { MARKER_MIGRATION } from "@kysely-resilient/driver"
import { startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import type { Client } from "pg"
import { afterAll, beforeAll } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const TABLES = `
  create table stock (n int);
  insert into stock select generate_series(1, 5);
  create table ledger_first (entry text);
  create table ledger (entry text);
  create table ledger_last (entry text);
  create function at_commit() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(1); return null; end $$;
  create constraint trigger at_commit after insert on ledger deferrable initially deferred
    for each row execute function at_commit();
`

export const SETUP: readonly string[] = [TABLES, ...MARKER_MIGRATION.up]

/** Where cells run, one after the other. */
export interface Ground {
  readonly database: { readonly url: string }
  readonly proxy: FaultProxy
  /** Past everything under test. */
  readonly side: Client
  /** Another, which holds the locks that something waits for. */
  readonly holder: Client
}

/** Once per test file, at the top level; to be used in hooks and tests. No unique constraint keeps the ledger right. */
export function ground(fileUrl: string): () => Ground {
  const database = testDatabase(fileUrl, {
    setup: async (client) => {
      for (const statement of SETUP) await client.query(statement)
    },
  })
  let made: Ground | undefined
  beforeAll(async () => {
    const proxy = await startFaultProxy({ target: database.url })
    made = { database, proxy, side: await database.connect(), holder: await database.connect() }
  })
  afterAll(async () => {
    await made?.proxy.close()
  })
  return () => {
    if (made === undefined) throw new Error("the ground is made in beforeAll")
    return made
  }
}
