import { setTimeout as pause } from "node:timers/promises"

import { createDatabase, type Database, type DatabaseOptions } from "@kysely-resilient/core"
import { MARKER_MIGRATION, type DriverEvent } from "@kysely-resilient/driver"
import {
  afterServerHasCommit,
  beforeCommitReachesServer,
  cut,
  startFaultProxy,
  type FaultProxy,
  type Matcher,
} from "@kysely-resilient/testing"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { errorOf, valueOf } from "../../support/results.ts"

interface Books {
  notes: { note: string }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    for (const statement of MARKER_MIGRATION.up) await client.query(statement)
  },
})

let proxy: FaultProxy
let events: DriverEvent[]
let opened: Database<Books>[]

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(async () => {
  events = []
  opened = []
  await database.ask("truncate notes")
})

afterEach(async () => {
  proxy.clearRules()
  proxy.refuse(false)
  proxy.resumeAll()
  for (const db of opened) valueOf(await db.close())
})

function open(options: DatabaseOptions): Database<Books> {
  const db = createDatabase<Books>({ pool: { min: 0 }, timeouts: { connectMs: 300, cancelMs: 300 }, ...options })
  opened.push(db)
  return db
}

/** A transaction that loses its connection at COMMIT, while nobody can reach the server for longer than the caller waits. */
async function lostFor(db: Database<Books>, when: Matcher): Promise<string> {
  valueOf(await db.query("select 1"))
  const lost = proxy.rule({ when, do: cut({ side: "client" }) })
  proxy.refuse(true)
  const result = await db.transaction(async (tx) => tx.exec(tx.insertInto("notes").values({ note: "a" })), {
    timeoutMs: 600,
  })
  expect(lost.hits).toBe(1)
  const error = errorOf(result)
  expect(error).toMatchObject({ effect: "unknown", category: "availability" })
  expect(error.toJSON()).toHaveProperty("token")
  return error.token ?? ""
}

const told = (name: DriverEvent["name"]): DriverEvent[] => events.filter((event) => event.name === name)

describe.each(["xid", "marker"] as const)(
  "a COMMIT whose answer is lost while nobody can be asked, by %s,",
  (resolution) => {
    const options = (): DatabaseOptions => ({
      connection: proxy.url(database.url),
      resolution,
      retry: { outageWaitMs: 400 },
      observer: (event) => events.push(event),
    })

    it.each([
      ["applied", afterServerHasCommit],
      ["not_applied", beforeCommitReachesServer],
    ] as const)("is unknown with a token, which tells somebody else later that it is %s", async (effect, when) => {
      const token = await lostFor(open(options()), when)
      // Another process, with settings of its own: the token is all that it has.
      const other = open({ connection: database.url, resolution: "off" })
      expect(valueOf(await other.resolve(token))).toBe(effect)
      expect(valueOf(await other.resolve(token)), "and says the same again").toBe(effect)
      expect(await database.ask("select note from notes")).toHaveLength(effect === "applied" ? 1 : 0)
    })

    it("is looked for in the background, and told of when it is found", async () => {
      const db = open(options())
      await lostFor(db, afterServerHasCommit)
      expect(told("effect.unresolved")).toMatchObject([{ by: resolution }])
      expect(db.snapshot()).toMatchObject({ resolution: { pending: 1 }, metrics: { resolutions: { unresolved: 1 } } })
      proxy.refuse(false)
      while (db.snapshot().resolution.pending > 0) await pause(10)
      expect(told("effect.resolved")).toMatchObject([{ by: resolution, effect: "applied", late: true }])
      expect(db.snapshot().metrics.resolutions).toMatchObject({ unresolved: 1, late: 1 })
    })
  },
)

describe("db.resolve", () => {
  it.each(["", "kr1.", "no token", "kr1.e30"])("refuses what is no token: %j", async (token) => {
    const db = open({ connection: database.url })
    expect(errorOf(await db.resolve(token))).toMatchObject({ kind: "refused", effect: "not_applied" })
  })

  it("answers that it is unknown when nobody can be asked in time", async () => {
    const token = await lostFor(
      open({ connection: proxy.url(database.url), retry: { outageWaitMs: 400 } }),
      afterServerHasCommit,
    )
    const away = open({ connection: proxy.url(database.url), retry: { outageWaitMs: 200 } })
    expect(valueOf(await away.resolve(token, { timeoutMs: 500 }))).toBe("unknown")
  })

  it("answers that a marker's token of yesterday is unknown, for its row may have been deleted", async () => {
    const token = await lostFor(
      open({ connection: proxy.url(database.url), resolution: "marker", retry: { outageWaitMs: 400 } }),
      afterServerHasCommit,
    )
    const content: unknown = JSON.parse(Buffer.from(token.slice(4), "base64url").toString())
    const aged = `kr1.${Buffer.from(JSON.stringify({ ...Object(content), issuedAt: Date.now() - 86_400_000 })).toString("base64url")}`
    expect(valueOf(await open({ connection: database.url }).resolve(aged))).toBe("unknown")
  })
})
