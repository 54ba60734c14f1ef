import type { DatabaseFacts } from "@kysely-resilient/http"
import { concernsOf, factsOf } from "@kysely-resilient/http/src/page/app/server-facts.ts"
import { describe, expect, it } from "vitest"

const facts: DatabaseFacts = {
  version: "18.4",
  primary: true,
  up_s: 55,
  recovered_s: 28,
  database: "app",
  size_bytes: 11 * 1_024 ** 2,
  max_connections: 100,
  reserved_connections: 3,
  sessions: { idle: 1, "idle in transaction": 8 },
  longest_transaction_s: 0.4,
  blocked: [{ pid: 24_381, by: [24_378], for_s: 0.2 }],
  dead_rows: 119,
  live_rows: 29,
  tables_to_vacuum: 0,
  cache_hit_ratio: 0.98,
  xid_used_ratio: 0,
  xid_age_ratio: 0,
  replication_lag_s: null,
}

const fact = (name: string, change: Partial<DatabaseFacts> = {}, agoS = 0) =>
  factsOf({ ...facts, ...change }, agoS).find((one) => one.name === name)

describe("what the server said of itself", () => {
  it("grows older with the seconds that passed since", () => {
    expect(fact("Primary", {}, 11.8)).toMatchObject({
      value: "started 1 min 7 s ago",
      below: ["all its sessions restarted after a crash 40 s ago", "PostgreSQL 18.4", "database 11 MB"],
    })
    expect(fact("Standby", { primary: false, recovered_s: null, size_bytes: null })).toMatchObject({
      value: "started 55 s ago",
      below: ["PostgreSQL 18.4"],
    })
  })

  it("draws no bar of dead rows that are too few to matter", () => {
    expect(fact("Dead rows")).toMatchObject({ value: "80.4 %", pale: true })
    expect(fact("Dead rows")).not.toHaveProperty("share")
    const many = fact("Dead rows", { tables_to_vacuum: 1 })
    expect(many).toMatchObject({ below: ["119 of 148; 1 table to vacuum"], share: 119 / 148 })
    expect(many).not.toHaveProperty("pale")
  })

  it("says in words who waits for whom", () => {
    expect(fact("Waiting for a lock")?.below).toEqual(["process 24381 waits for process 24378, 200 ms"])
    const blocked = [
      { pid: 1, by: [2, 3], for_s: 1 },
      { pid: 4, by: [], for_s: 1 },
    ]
    expect(fact("Waiting for a lock", { blocked })?.below).toEqual([
      "process 1 waits for processes 2, 3, 1 s",
      "process 4 waits for another, 1 s",
    ])
  })

  it("is worth a look for a crash only while not all is well again", () => {
    expect([...concernsOf(["locks", "crash"], false)]).toEqual(["locks", "crash"])
    expect([...concernsOf(["locks", "crash"], true)]).toEqual(["locks"])
  })
})
