import {
  createEngine,
  MARKER_MIGRATION,
  type DriverEvent,
  type Engine,
  type LeaseHandle,
} from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import {
  afterServerHasCommit,
  beforeAnswer,
  beforeCommitReachesServer,
  beforeStatement,
  cut,
  startFaultProxy,
  type FaultProxy,
} from "@kysely-resilient/testing"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { expectCalm } from "../../support/aftermath.ts"
import { coldKysely } from "../../support/cold-kysely.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    for (const statement of MARKER_MIGRATION.up) await client.query(statement)
  },
})

interface Books {
  notes: { note: string }
  ruled: { note: string }
}

const cold = coldKysely<Books>()
let proxy: FaultProxy
let engine: Engine
let events: DriverEvent[]

beforeAll(async () => {
  const { hostname, port } = new URL(database.url)
  proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
})

afterAll(async () => {
  await proxy.close()
})

function engineWith(resolution: "xid" | "marker"): Engine {
  events = []
  return createEngine({
    connection: proxy.url(database.url),
    pool: { min: 0, max: 3 },
    timeouts: { connectMs: 500, cancelMs: 400 },
    retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 3_000 },
    resolution,
    observer: (event) => events.push(event),
  })
}

afterEach(async () => {
  proxy.clearRules()
  proxy.resumeAll()
  await expectCalm(engine, database)
  await engine.close()
})

const notes = async (): Promise<unknown[]> =>
  (await database.ask("select note from notes order by note")).map((row) => row["note"])
const told = (name: DriverEvent["name"]): DriverEvent[] => events.filter((event) => event.name === name)
const add = (note: string) => text(`insert into notes values ('${note}') returning note`)

async function transfer(): Promise<Awaited<ReturnType<LeaseHandle["commit"]>>> {
  const lease = engine.lease()
  lease.begin({})
  expect(await lease.run(add("a"))).toMatchObject({ ok: true })
  const committed = await lease.commit()
  await lease.release()
  return committed
}

/** One per way to write; each answers with a number only. */
const counted = [
  ["an INSERT", cold.insertInto("notes").values([{ note: "b" }, { note: "c" }]), "INSERT", ["a", "b", "c"], 2n],
  ["an UPDATE", cold.updateTable("notes").set({ note: "z" }).where("note", "=", "a"), "UPDATE", ["z"], 1n],
  ["an UPDATE of nothing", cold.updateTable("notes").set({ note: "z" }).where("note", "=", "q"), "UPDATE", ["a"], 0n],
  ["a DELETE", cold.deleteFrom("notes").where("note", "=", "a"), "DELETE", [], 1n],
] as const

describe.each(["xid", "marker"] as const)("with resolution %s, a built write that counts its rows:", (resolution) => {
  beforeEach(async () => {
    engine = engineWith(resolution)
    await database.ask("truncate notes")
    await database.ask("insert into notes values ('a')")
  })

  it.each(counted)("%s", async (_, query, command, inDatabase, affected) => {
    expect(await engine.run(query.compile())).toEqual({
      ok: true,
      value: { rows: [], command, affected },
      attempts: 1,
      access: "write",
    })
    expect(await notes()).toEqual(inDatabase)
  })

  it.each(counted)("%s, whose answer is cut after it was committed, tells the number all the same", async (...row) => {
    const [, query, command, inDatabase, affected] = row
    // Of the one flight, and of COMMIT's: each commits before it says that it is ready.
    const committed = {
      from: "server",
      message: "ReadyForQuery",
      status: "I",
      sql: /^(commit|with kysely_resilient)/,
    } as const
    const rule = proxy.rule({ when: committed, do: cut() })
    expect(await engine.run(query.compile())).toEqual({
      ok: true,
      value: { rows: [], command, affected },
      attempts: 1,
      access: "write",
    })
    expect(rule.hits).toBe(1)
    expect(await notes()).toEqual(inDatabase)
  })

  it.each(counted)(
    "%s that is cut before it is done is done again",
    async (_, query, command, inDatabase, affected) => {
      const rule = proxy.rule({ when: beforeStatement(/"notes"/), do: cut() })
      expect(await engine.run(query.compile())).toEqual({
        ok: true,
        value: { rows: [], command, affected },
        attempts: 2,
        access: "write",
      })
      expect(rule.hits).toBe(1)
      expect(await notes()).toEqual(inDatabase)
    },
  )

  it("into a table with rules, which cannot be counted in the same statement, is done once", async () => {
    await database.ask("create table ruled (note text)")
    await database.ask("create rule twice as on insert to ruled do also insert into notes values (new.note)")
    const write = cold.insertInto("ruled").values({ note: "r" }).compile()
    for (const inDatabase of [
      ["a", "r"],
      ["a", "r", "r"],
    ]) {
      expect(await engine.run(write)).toMatchObject({ ok: true, value: { command: "INSERT", affected: 1n } })
      expect(await notes()).toEqual(inDatabase)
    }
    await database.ask("drop table ruled")
  })
})

describe.each(["xid", "marker"] as const)("with resolution %s", (resolution) => {
  beforeEach(async () => {
    engine = engineWith(resolution)
    await database.ask("truncate notes")
  })

  it.each(["fin", "rst"] as const)("a COMMIT whose answer is cut (%s) is known to be applied", async (how) => {
    const rule = proxy.rule({ when: afterServerHasCommit, do: cut({ how }) })
    expect(await transfer()).toMatchObject({ ok: true })
    expect(rule.hits).toBe(1)
    expect(await notes()).toEqual(["a"])
    expect(told("effect.resolved")).toMatchObject([{ by: resolution, effect: "applied", late: false }])
  })

  it.each(["fin", "rst"] as const)(
    "a COMMIT that is cut before it arrives (%s) is known not to be applied",
    async (how) => {
      const rule = proxy.rule({ when: beforeCommitReachesServer, do: cut({ how }) })
      expect(await transfer()).toMatchObject({ ok: false, failure: { effect: "not_applied", retry: "transaction" } })
      expect(rule.hits).toBe(1)
      expect(await notes()).toEqual([])
    },
  )

  it("a COMMIT that is cut on the client's side only, before it arrives, is ended on the server and not applied", async () => {
    proxy.rule({ when: beforeCommitReachesServer, do: cut({ side: "client" }) })
    expect(await transfer()).toMatchObject({ ok: false, failure: { effect: "not_applied", retry: "transaction" } })
    expect(await notes()).toEqual([])
  })

  it("a write of its own whose COMMIT's answer is cut gives what it returned", async () => {
    const rule = proxy.rule({ when: afterServerHasCommit, do: cut() })
    expect(await engine.run(add("a"))).toMatchObject({ ok: true, value: { rows: [{ note: "a" }] }, attempts: 1 })
    expect(rule.hits).toBe(1)
    expect(await notes()).toEqual(["a"])
  })

  it("a write of its own that is cut before its COMMIT arrives is done again", async () => {
    const rule = proxy.rule({ when: beforeCommitReachesServer, do: cut() })
    expect(await engine.run(add("a"))).toMatchObject({
      ok: true,
      value: { rows: [{ note: "a" }] },
      attempts: 2,
      access: "write",
    })
    expect(rule.hits).toBe(1)
    expect(await notes()).toEqual(["a"])
  })

  it("a write of its own whose answer is cut is done again, for it was not committed", async () => {
    const rule = proxy.rule({ when: beforeAnswer(/insert into notes/), do: cut() })
    expect(await engine.run(add("a"))).toMatchObject({
      ok: true,
      value: { rows: [{ note: "a" }] },
      attempts: 2,
      access: "write",
    })
    expect(rule.hits).toBe(1)
    expect(await notes()).toEqual(["a"])
  })
})
