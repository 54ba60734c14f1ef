import { concernsIn } from "@kysely-resilient/http/src/live/concerns.ts"
import type { DatabaseFacts } from "@kysely-resilient/http"
import { expect, it } from "vitest"

const sound: DatabaseFacts = {
  version: "18.4",
  primary: true,
  up_s: 9_000,
  recovered_s: null,
  database: "app",
  size_bytes: 1,
  max_connections: 100,
  reserved_connections: 5,
  sessions: { idle: 70, active: 5 },
  longest_transaction_s: 60,
  blocked: [{ pid: 1, by: [2], for_s: 1 }],
  dead_rows: 900,
  live_rows: 100,
  tables_to_vacuum: 0,
  cache_hit_ratio: 0.2,
  xid_used_ratio: 0.15,
  xid_age_ratio: 1.5,
  replication_lag_s: 30,
}

it.each<[string, Partial<DatabaseFacts>, readonly string[]]>([
  ["nothing at the thresholds of the advice, and no share of dead rows by itself", {}, []],
  ["80 % of the connections that anybody may have", { sessions: { idle: 70, active: 6 } }, ["sessions"]],
  ["a transaction of more than a minute", { longest_transaction_s: 60.1 }, ["transaction"]],
  ["somebody who waits for a lock for more than a second", { blocked: [{ pid: 1, by: [], for_s: 1.1 }] }, ["locks"]],
  ["a table that wants a vacuum", { tables_to_vacuum: 1 }, ["dead_rows"]],
  ["transaction ids that autovacuum should have seen to", { xid_age_ratio: 1.51 }, ["transaction_ids"]],
  ["a standby that is far behind", { replication_lag_s: 30.1 }, ["replication"]],
  ["a crash of a minute ago", { recovered_s: 60 }, ["crash"]],
  ["and no crash of yesterday", { recovered_s: 86_400 }, []],
])("worth a look is %s", (_, change, concerns) => {
  expect(concernsIn({ ...sound, ...change })).toEqual(concerns)
})
