import { networkInterfaces } from "node:os"

import {
  createDatabase,
  examine,
  type Advice,
  type DatabaseOptions,
  type Database,
  type ExamineOptions,
} from "@kysely-resilient/core"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"

import type { ExaminedServer } from "../../../support/examined/examined-server.ts"
import { startPlantedServer } from "../../../support/examined/planted-server.ts"
import { PLANTS } from "../../../support/examined/plants.ts"
import { errorOf, valueOf } from "../../../support/results.ts"

/** Time-bound ones are old at once. */
const LIMITS = { idleInTransactionMs: 20, transactionMs: 20, lockWaitMs: 20, preparedMs: 0, slotInactiveMs: 0 }

/** For what the server does in its own time. */
const PATIENCE = { timeout: 10_000, interval: 50 }

let server: ExaminedServer
let url: string
const opened: Database<object>[] = []

function open(options: DatabaseOptions): Database<object> {
  const database = createDatabase<object>(options)
  opened.push(database)
  return database
}

const find = async (database: Database<object>, options: ExamineOptions = {}): Promise<readonly Advice[]> =>
  valueOf(await examine(database, { environment: "production", limits: LIMITS, ...options })).advice

const codesOf = (advice: readonly Advice[]): string[] => advice.map(({ code }) => code)

beforeAll(async () => {
  server = await startPlantedServer()
  url = server.url
})

afterAll(async () => {
  for (const database of opened) valueOf(await database.close())
  await server[Symbol.asyncDispose]()
})

/** And on this side. */
const MISCONFIGURED = {
  CONNECTION_BUDGET: {
    severity: "warning",
    message: "2 × pool.max 20 = 40 connections, and the server has 30 for them",
  },
  KEEPALIVE_OFF: { severity: "warning" },
  CONNECT_TIMEOUT_LONG: { severity: "warning" },
  POOL_LIFETIME_LONG: { severity: "info" },
  MARKER_TABLE_MISSING: { severity: "warning" },
  APPLICATION_NAME_EMPTY: { severity: "info" },
} as const

const EXPECTED = [...PLANTS.map(({ code, said }) => [code, said] as const), ...Object.entries(MISCONFIGURED)]

describe("a server and a client with all that is planted in them", () => {
  let advice: readonly Advice[]

  beforeAll(async () => {
    const database = open({
      connection: { connectionString: url, keepAlive: false },
      pool: { min: 0, max: 20, maxLifetimeMs: 172_800_000 },
      timeouts: { connectMs: 60_000 },
      resolution: "marker",
    })
    advice = await find(database, { replicas: 2 })
  })

  it.each(EXPECTED)("has %s", (code, said) => {
    expect(advice.find((one) => one.code === code)).toMatchObject(said)
  })

  it("has nothing else, and the worst comes first", () => {
    expect(codesOf(advice).toSorted()).toEqual(EXPECTED.map(([code]) => code).toSorted())
    const severities = advice.map(({ severity }) => severity)
    expect(severities).toEqual(severities.toSorted((one, other) => RANK.indexOf(one) - RANK.indexOf(other)))
  })
})

const RANK = ["critical", "warning", "info"]

describe("a role with limits of its own", () => {
  beforeAll(() =>
    server.run(`
      create role app login password 'app' connection limit 5;
      alter role app set idle_session_timeout = '20s';
      alter role app set default_transaction_read_only = on;
      grant pg_monitor to app`),
  )

  it("is told of those that the pool does not fit", async () => {
    const connection = new URL(url)
    connection.username = connection.password = "app"
    const advice = await find(open({ connection: connection.href, pool: { min: 1, max: 6 } }))
    expect(advice).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          code: "CONNECTION_LIMIT",
          message: "6 connections are wanted, and the role app may have 5",
          sql: "alter role app connection limit 6",
        }),
        expect.objectContaining({ code: "IDLE_SESSION_TIMEOUT", sql: "alter role app set idle_session_timeout = '0'" }),
        expect.objectContaining({
          code: "SERVER_READ_ONLY",
          severity: "warning",
          sql: "alter role app set default_transaction_read_only = 'off'",
        }),
      ]),
    )
    expect(codesOf(advice)).not.toContain("SUPERUSER_ROLE")
    const reads = await find(open({ connection: connection.href, pool: { min: 1, max: 5 } }), { readOnly: true })
    expect(codesOf(reads)).not.toContain("SERVER_READ_ONLY")
    expect(codesOf(reads)).not.toContain("CONNECTION_LIMIT")
  })
})

/** An address of this machine that a server elsewhere would see; there may be none. */
const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address

describe("a server on another machine", () => {
  it.skipIf(address === undefined)("is to be spoken to in cipher, and counts as production", async () => {
    const connection = new URL(url)
    connection.hostname = address ?? ""
    const advice = valueOf(await examine(open({ connection: connection.href }))).advice
    expect(advice.find(({ code }) => code === "TLS_OFF")).toMatchObject({
      severity: "warning",
      evidence: { tls: "off", encrypted: false, server_ssl: "on" },
    })
    connection.searchParams.set("sslmode", "prefer")
    const perhaps = valueOf(await examine(open({ connection: connection.href }))).advice
    expect(perhaps.find(({ code }) => code === "TLS_OFF")).toMatchObject({
      evidence: { tls: "optional", encrypted: true },
    })
    connection.searchParams.set("sslmode", "require")
    const unproved = codesOf(valueOf(await examine(open({ connection: connection.href }))).advice)
    expect(unproved).toContain("TLS_UNVERIFIED")
    expect(unproved).not.toContain("TLS_OFF")
    expect(advice.find(({ code }) => code === "FSYNC_OFF")).toMatchObject({ severity: "critical" })
    const here = valueOf(await examine(open({ connection: url }))).advice
    expect(here.find(({ code }) => code === "TLS_OFF")).toBeUndefined()
    expect(here.find(({ code }) => code === "FSYNC_OFF")).toMatchObject({ severity: "info" })
  })
})

describe("the SQL that comes with advice", () => {
  it("mends what it is about, where no restart is needed", async () => {
    const database = open({ connection: url, pool: { min: 0, max: 1, validateAfterIdleMs: 0 } })
    const mended = PLANTS.filter((plant) => plant.mended === "at once").map(({ code }) => code)
    await server.run("delete from doubled")
    const before = await find(database)
    expect(codesOf(before)).toEqual(expect.arrayContaining(mended))
    // As they are told: who holds locks is ended before something needs them.
    for (const { sql, code } of before.filter((one) => mended.includes(one.code))) {
      expect(sql, code).toBeDefined()
      // One by one: what works concurrently may not be in one text with others.
      for (const text of (sql ?? "").split(";\n")) {
        await server.run(text)
      }
    }
    await database.close()
    const left = codesOf(await find(open({ connection: url, pool: { min: 0, max: 1 } })))
    expect(left.filter((code) => mended.includes(code))).toEqual([])
  })
})

describe("a server with hardly a connection left", () => {
  it("says so before the last one is taken", async () => {
    const database = open({ connection: url, pool: { min: 0, max: 1 } })
    expect(codesOf(await find(database))).not.toContain("CONNECTIONS_NEARLY_EXHAUSTED")
    const { rows } = await withClient(url, (client) =>
      client.query("select sum(numbackends)::int as taken from pg_stat_database"),
    )
    for (let taken = Number(rows[0]?.taken); taken < 23; taken += 1) await server.connect()
    expect((await find(database)).find(({ code }) => code === "CONNECTIONS_NEARLY_EXHAUSTED")).toMatchObject({
      severity: "warning",
      evidence: { available: 27, max_connections: 30 },
    })
  })
})

describe("commits that wait for a standby which is not there", () => {
  it("are told of at once, and when one was made on this server only", async () => {
    const database = open({ connection: url, pool: { min: 0, max: 1 }, timeouts: { cancelMs: 300 } })
    await server.run("create table kept (id int)")
    await server.run("alter system set synchronous_standby_names = 'mirror'")
    await server.run("select pg_reload_conf()")
    await vi.waitFor(
      async () => expect(codesOf(await find(database))).toContain("SYNCHRONOUS_STANDBY_MISSING"),
      PATIENCE,
    )
    expect(database.advise()).toEqual([])
    const keeping = database.transaction(async (tx) => tx.query("insert into kept values (1)"))
    await vi.waitFor(async () => {
      const { rows } = await withClient(url, (client) =>
        client.query("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"),
      )
      expect(rows).not.toEqual([])
    }, PATIENCE)
    expect(errorOf(await keeping).effect).toBe("applied_locally")
    expect(database.advise().map(({ code }) => code)).toContain("UNCONFIRMED_COMMITS")
  })
})
