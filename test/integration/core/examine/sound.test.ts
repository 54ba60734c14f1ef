import {
  createDatabase,
  examine,
  type Database,
  type DatabaseOptions,
  type ExamineOptions,
} from "@kysely-resilient/core"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import type { ExaminedServer } from "../../../support/examined/examined-server.ts"
import { startSoundServer } from "../../../support/examined/sound-server.ts"
import { errorOf, valueOf } from "../../../support/results.ts"

const POOL = { pool: { min: 1, max: 10 } }
let server: ExaminedServer
const opened: Database<object>[] = []

function open(user: string, options: DatabaseOptions = {}): Database<object> {
  const connection = new URL(server.url)
  connection.username = connection.password = user
  connection.searchParams.set("application_name", "sound")
  const database = createDatabase<object>({ connection: connection.href, ...POOL, ...options })
  opened.push(database)
  return database
}

beforeAll(async () => {
  server = await startSoundServer()
})

afterAll(async () => {
  for (const database of opened) valueOf(await database.close())
  await server[Symbol.asyncDispose]()
})

const codes = async (database: Database<object>, options?: ExamineOptions): Promise<string[]> =>
  valueOf(await examine(database, { replicas: 4, environment: "production", ...options })).advice.map(
    ({ code }) => code,
  )

describe("a sound server", () => {
  it("gets no advice at all, when the role may see everything, in the hardest environment", async () => {
    const examined = valueOf(await examine(open("app"), { replicas: 4, environment: "production" }))
    expect(examined.advice).toEqual([])
    expect(examined.facts.unseen).toEqual([])
    expect(examined.facts.activity?.states).toMatchObject({ "idle in transaction": 2 })
    expect(examined.facts.statements?.statements.length).toBeGreaterThan(0)
    expect(examined.checked).toHaveLength(50)
    expect(examined.pings).toMatchObject({ count: 20, processes: 1 })
    expect(examined.tookMs).toBeLessThan(4 * 500)
  })

  it("says of what a role may not see that it is hidden, and nothing else", async () => {
    await server.run("revoke pg_monitor from app")
    const examined = valueOf(await examine(open("app"), { environment: "production" }))
    expect(examined.advice).toMatchObject([
      { code: "LIMITED_VIEW", severity: "info", sql: "grant pg_monitor to app", evidence: { unseen: {} } },
    ])
    expect(examined.facts.activity?.hidden).toBeGreaterThan(0)
  })

  it("does not take a role without any right of its own for trouble", async () => {
    await server.run("revoke all on schema public from public")
    const found = await codes(open("other"))
    // It has no limits, which is true, and it is told nothing that it cannot see.
    expect(found).toEqual(["NO_IDLE_IN_TRANSACTION_TIMEOUT", "NO_STATEMENT_TIMEOUT", "NO_LOCK_TIMEOUT", "LIMITED_VIEW"])
  })

  it("is not written to, and nothing stays behind on the connection", async () => {
    const database = open("app", { pool: { min: 0, max: 1 } })
    const before = await asked("select pg_current_xact_id()::text::bigint as xid, pg_current_wal_lsn()::text as lsn")
    await codes(database)
    const after = await asked("select pg_current_xact_id()::text::bigint as xid")
    expect(Number(after.xid) - Number(before.xid)).toBe(1)
    const { rows } = valueOf(
      await database.query(
        "select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock, " +
          "current_setting('default_transaction_read_only') as readonly",
      ),
    )
    expect(rows).toEqual([{ statement: "1min", lock: "10s", readonly: "off" }])
    expect(database.snapshot().pool).toMatchObject({ idle: 1, leased: 0 })
    expect(database.advise()).toEqual([])
  })
})

describe("an examination", () => {
  it("does not wait for a table that somebody has locked", async () => {
    const holder = await server.connect()
    await holder.query("begin; lock table orders in access exclusive mode; alter sequence orders_id_seq restart with 5")
    const startedAt = performance.now()
    const options = { environment: "production", ignore: ["LIMITED_VIEW"], limits: { lockWaitMs: 60_000 } } as const
    const { advice, facts } = valueOf(await examine(open("app"), options))
    expect(performance.now() - startedAt).toBeLessThan(4 * 1_000)
    expect(advice).toEqual([])
    expect(facts.unseen).toMatchObject([
      { what: "storage", why: "lock_timeout" },
      { what: "sequences", why: "lock_timeout" },
      // The test before took it from everybody.
      { what: "statements", why: "insufficient_privilege" },
    ])
    await holder.end()
  })

  it("answers within its time, or says that it had none", async () => {
    const late = errorOf(await examine(open("app", { retry: false }), { timeoutMs: 1 }))
    expect(late.kind).toBe("deadline_exceeded")
    const aborted = errorOf(await examine(open("app"), { signal: AbortSignal.abort() }))
    expect(aborted.kind).toBe("aborted")
  })

  it("is refused what makes no sense", async () => {
    const database = open("app")
    for (const options of [{ replicas: 0 }, { timeoutMs: 0 }, { environment: "moon" as "production" }]) {
      expect(errorOf(await examine(database, options)).kind).toBe("refused")
    }
    expect(errorOf(await examine({})).kind).toBe("refused")
  })

  it("is an Err where no server is, within the time that an outage is waited for", async () => {
    const database = createDatabase<object>({
      connection: "postgres://nobody@127.0.0.1:1/none",
      retry: { outageWaitMs: 50 },
    })
    opened.push(database)
    expect(errorOf(await examine(database)).category).toBe("availability")
  })
})

async function asked(text: string): Promise<Record<string, unknown>> {
  return withClient(server.url, async (client) => (await client.query(text)).rows[0] ?? {})
}
