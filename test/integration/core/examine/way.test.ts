/** What lies between a client and its server: distance, clocks, a pooler; and a server that is not the primary. */
import { createDatabase, examine, type Advice, type DatabaseOptions, type ExamineOptions } from "@kysely-resilient/core"
import { examineEngine } from "@kysely-resilient/core/src/examine.ts"
import { createEngine, MARKER_MIGRATION, systemClock, type Clock } from "@kysely-resilient/driver"
import {
  beforeReady,
  delay,
  findInstalledPostgres,
  startEmbeddedPostgres,
  startFaultProxy,
  startLocalPostgres,
} from "@kysely-resilient/testing"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import pg from "pg"
import { describe, expect, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { PgBouncer } from "../../../support/pgbouncer/pgbouncer.ts"
import { describeWithPgBouncer, pgBouncer as program } from "../../../support/pgbouncer/suite.ts"
import { valueOf } from "../../../support/results.ts"
import { makeStandby } from "../../../support/standby.ts"

const database = testDatabase(import.meta.url)

async function adviceFrom(options: DatabaseOptions, how: ExamineOptions = {}): Promise<readonly Advice[]> {
  const db = createDatabase<object>({ pool: { min: 0, max: 2 }, ...options })
  try {
    return valueOf(await examine(db, how)).advice
  } finally {
    valueOf(await db.close())
  }
}

const named = (advice: readonly Advice[], code: string): Advice | undefined => advice.find((one) => one.code === code)

describe("a long way", () => {
  it("is measured, told from a short one, and costs no more than its time", async () => {
    await using proxy = await startFaultProxy({ target: database.url })
    const connection = proxy.url(database.url)
    expect(named(await adviceFrom({ connection }), "FAR_AWAY")).toBeUndefined()
    proxy.rule({ when: beforeReady(/pg_backend_pid/), do: delay(25), times: 1_000 })
    const startedAt = performance.now()
    expect(named(await adviceFrom({ connection }), "FAR_AWAY")).toMatchObject({
      severity: "info",
      evidence: { p50_ms: expect.any(Number) },
    })
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe("clocks", () => {
  it.each([
    [0, undefined],
    [-1_500, "The server's clock is 1.5 s ahead of this machine's"],
    [4_000, "The server's clock is 4.0 s behind this machine's"],
  ])("that differ by %d ms are noticed", async (offMs, message) => {
    const engine = createEngine({ connection: database.url, pool: { min: 0, max: 1 } })
    const clock: Clock = { ...systemClock, wallTime: () => systemClock.wallTime() + offMs }
    const { advice } = valueOf(await examineEngine(engine, {}, clock))
    await engine.close()
    expect(named(advice, "CLOCK_SKEW")?.message).toBe(message)
  })
})

describeWithPgBouncer("a pooler in between", () => {
  it("is told, and in transaction mode as what it is", async () => {
    await using pooler = await PgBouncer.start({ program, target: database.url, settings: { default_pool_size: 5 } })
    const connection = pooler.url(database.url)
    const quiet = await adviceFrom({ connection })
    expect(named(quiet, "POOLER_BETWEEN")).toMatchObject({ severity: "info", evidence: { pooled: true, processes: 1 } })
    // Its connections to the server are not ours to count, nor is their name.
    expect(named(quiet, "APPLICATION_NAME_EMPTY")).toBeUndefined()
    // Others come and go, so that it is not always the same server process that is free.
    let over = false
    const crowd = Array.from({ length: 4 }, async () => {
      const client = new pg.Client(connection)
      await client.connect()
      while (!over) await client.query("select pg_sleep(0.001)")
      await client.end()
    })
    const busy = await adviceFrom({ connection })
    const ready = await adviceFrom({ connection, resolution: "marker" })
    over = true
    await Promise.all(crowd)
    expect(named(busy, "POOLER_BETWEEN")).toMatchObject({
      severity: "warning",
      message: expect.stringMatching(/^A pooler in transaction mode is in between: \d server processes/),
    })
    expect(named(ready, "POOLER_BETWEEN")).toMatchObject({ severity: "info" })
  })

  it("is not seen where there is none", async () => {
    expect(named(await adviceFrom({ connection: database.url }), "POOLER_BETWEEN")).toBeUndefined()
  })
})

const installed = findInstalledPostgres()

describe("a server that nobody has updated", () => {
  it("is behind after months, and in the end without care", async () => {
    const engine = createEngine({ connection: database.url, pool: { min: 0, max: 1 } })
    const on = async (day: string): Promise<readonly Advice[]> => {
      const clock: Clock = { ...systemClock, wallTime: () => Date.parse(day) }
      return valueOf(await examineEngine(engine, {}, clock)).advice
    }
    const [soon, years] = [await on("2025-10-01"), await on("2040-01-01")]
    await engine.close()
    for (const code of ["VERSION_BEHIND", "VERSION_END_OF_LIFE"]) {
      expect(named(soon, code), code).toBeUndefined()
      expect(named(years, code), code).toMatchObject({ severity: "warning" })
    }
  })
})

describe("another version of PostgreSQL", () => {
  it.skipIf(installed === undefined)("answers all questions too", async () => {
    const server = await startLocalPostgres({
      durable: false,
      settings: { password_encryption: "md5" },
      ...(installed !== undefined && { binDir: installed }),
    })
    const db = createDatabase<object>({ connection: server.url, pool: { min: 0, max: 1 } })
    try {
      await withClient(server.url, async (client) => {
        for (const statement of MARKER_MIGRATION.up) await client.query(statement)
        await client.query("create table parents (id int primary key)")
        await client.query("create table children (parent int references parents)")
        await client.query("insert into parents select n from generate_series(1, 2000) n")
        await client.query("insert into children select n from generate_series(1, 2000) n")
        await client.query("analyze children")
        await client.query("select pg_create_physical_replication_slot('reader', true)")
      })
      const { advice, facts } = valueOf(await examine(db))
      expect(facts.unseen).toEqual([])
      expect(facts.server.markerTable).toBe(true)
      for (const code of [
        "FSYNC_OFF",
        "FOREIGN_KEYS_UNINDEXED",
        "SLOT_INACTIVE",
        "STATEMENTS_NOT_TRACKED",
        "PASSWORD_MD5",
        "CHECKSUMS_OFF",
      ]) {
        // From PostgreSQL 17 on a slot is given a minute, and from 18 on a cluster has checksums.
        const since = { SLOT_INACTIVE: 170_000, CHECKSUMS_OFF: 180_000 }[code] ?? Number.POSITIVE_INFINITY
        if (facts.server.versionNumber < since) expect(named(advice, code), code).toBeDefined()
      }
    } finally {
      valueOf(await db.close())
      await server.stop()
    }
  })
})

describe("a standby", () => {
  it("takes no writes, and says that it hears nothing", async () => {
    const primary = await startEmbeddedPostgres({ durable: false })
    const standby = await startEmbeddedPostgres({ durable: false })
    try {
      await makeStandby(standby, primary, "cut off")
      const url = new URL(standby.url)
      url.password = primary.password
      const advice = await adviceFrom({ connection: url.href })
      expect(named(advice, "SERVER_READ_ONLY")).toMatchObject({ severity: "critical", evidence: { in_recovery: true } })
      expect(named(advice, "REPLICA_LAG")).toMatchObject({ severity: "warning", evidence: { receiving: false } })
      const reads = await adviceFrom({ connection: url.href }, { readOnly: true })
      expect(named(reads, "SERVER_READ_ONLY")).toBeUndefined()
      // The same server, when it has been promoted.
      await withClient(url.href, (client) => client.query("select pg_promote()"))
      const promoted = await adviceFrom({ connection: url.href })
      expect(named(promoted, "SERVER_READ_ONLY") ?? named(promoted, "REPLICA_LAG")).toBeUndefined()
    } finally {
      await standby.stop()
      await primary.stop()
    }
  })
})
