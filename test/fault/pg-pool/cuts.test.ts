/** Connections that are lost at named instants: what callers of `pg.Pool` are told, and what callers of ours. */
import { MARKER_MIGRATION } from "@kysely-resilient/driver"
import type { ResilientPool } from "@kysely-resilient/driver/pg-pool"
import {
  afterServerHasCommit,
  beforeAnswer,
  beforeBeginReachesServer,
  beforeCommitReachesServer,
  beforeExecute,
  call,
  cut,
  startFaultProxy,
  type FaultProxy,
} from "@kysely-resilient/testing"
import pg from "pg"
import Cursor from "pg-cursor"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { byHand, expectCalmPool, plainPool, resilientPool, told } from "./poolside.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    for (const statement of MARKER_MIGRATION.up) await client.query(statement)
  },
})

let proxy: FaultProxy
let pool: ResilientPool
let plain: pg.Pool

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(async () => {
  await database.ask("truncate notes")
  pool = resilientPool(proxy.url(database.url))
  plain = plainPool(proxy.url(database.url))
})

afterEach(async () => {
  proxy.clearRules()
  proxy.refuse(false)
  proxy.resumeAll()
  await expectCalmPool(pool, database)
  await pool.end()
  await plain.end()
})

const notes = async (): Promise<unknown[]> =>
  (await database.ask("select note from notes order by note")).map((row) => row["note"])

const READ = "select count(*)::int as count from notes"
const WRITE = "insert into notes values ('a')"

/** One write each. */
const WRITINGS: readonly (readonly [string, readonly string[]])[] = [
  ["statements with and without values", [WRITE]],
  ["several statements in one text", ["insert into notes values ('a'); select 1"]],
  ["a statement that only locks before it", ["lock table notes", WRITE]],
]

describe("a read of the pool's whose answer is lost", () => {
  it("fails with pg.Pool", async () => {
    const rule = proxy.rule({ when: beforeAnswer(/count/), do: cut() })
    expect(await told(plain.query(READ))).toMatchObject({ ok: false })
    expect(rule.hits).toBe(1)
  })

  it("is read again here", async () => {
    const rule = proxy.rule({ when: beforeAnswer(/count/), do: cut() })
    expect((await pool.query(READ)).rows).toEqual([{ count: 0 }])
    expect(rule.hits).toBe(1)
  })
})

describe("a write of the pool's whose answer is lost", () => {
  it("fails with pg.Pool, though it is there", async () => {
    proxy.rule({ when: beforeAnswer(/insert/), do: cut() })
    expect(await told(plain.query(WRITE))).toMatchObject({ ok: false })
    expect(await notes()).toEqual(["a"])
  })

  it.each([
    ["before it is committed", beforeAnswer(/insert/)],
    ["when the server has its COMMIT", afterServerHasCommit],
  ] as const)("is answered here, and is there once: %s", async (_, when) => {
    const rule = proxy.rule({ when, do: cut() })
    expect(await pool.query(WRITE)).toMatchObject({ command: "INSERT", rowCount: 1 })
    expect(rule.hits).toBe(1)
    expect(await notes()).toEqual(["a"])
  })

  it("is answered in all of its form where the answer comes from a marker", async () => {
    const marking = resilientPool(proxy.url(database.url), { resilience: { resolution: "marker" } })
    proxy.rule({ when: afterServerHasCommit, do: cut() })
    const result = await marking.query({ text: "insert into notes values ($1) returning note", values: ["a"] })
    expect(result).toMatchObject({ command: "INSERT", rowCount: 1, rows: [{ note: "a" }], fields: [{ name: "note" }] })
    await marking.end()
  })
})

describe("a named statement whose connection is lost", () => {
  it("is prepared again on another", async () => {
    const count = (): Promise<pg.QueryResult> => pool.query({ name: "count", text: READ })
    await count()
    const rule = proxy.rule({ when: beforeAnswer(/count/), do: cut() })
    expect((await count()).rows).toEqual([{ count: 0 }])
    expect(rule.hits).toBe(1)
  })
})

describe("a transaction by hand", () => {
  it("begins on another connection if BEGIN is lost; with pg.Pool it fails", async () => {
    const rule = proxy.rule({ when: beforeBeginReachesServer, do: cut() })
    expect(await told(byHand(plain, WRITE))).toMatchObject({ ok: false })
    expect(rule.hits).toBe(1)
    const again = proxy.rule({ when: beforeBeginReachesServer, do: cut() })
    expect(await told(byHand(pool, WRITE))).toEqual({ ok: true })
    expect(again.hits).toBe(1)
    expect(await notes()).toEqual(["a"])
  })

  it.each([
    ["a write", WRITE, /insert into notes values \('a'\)/],
    ["a read", READ, /count/],
  ])("is never begun again in the middle: %s of it that is lost is told, and not applied", async (_, sql, pattern) => {
    const sent = proxy.rule({ when: beforeExecute(pattern), do: call(() => {}), times: 9 })
    const rule = proxy.rule({ when: beforeAnswer(pattern), do: cut() })
    const said = await told(byHand(pool, "insert into notes values ('first')", sql))
    expect(said).toMatchObject({ ok: false, effect: "not_applied" })
    // Not why ROLLBACK failed, which pg would say here.
    expect(said.message).not.toContain("not queryable")
    expect(rule.hits).toBe(1)
    expect(sent.hits).toBe(1)
    expect(await notes()).toEqual([])
  })

  it("hides the reason behind its ROLLBACK with pg.Pool", async () => {
    proxy.rule({ when: beforeAnswer(/insert/), do: cut() })
    const said = await told(byHand(plain, WRITE))
    expect(said.message).toBe("Client has encountered a connection error and is not queryable")
  })

  it("fails with pg.Pool if COMMIT is not answered, though it is there", async () => {
    proxy.rule({ when: afterServerHasCommit, do: cut() })
    expect(await told(byHand(plain, WRITE))).toMatchObject({ ok: false })
    expect(await notes()).toEqual(["a"])
  })

  describe.each(["xid", "marker"] as const)("by %s", (resolution) => {
    let own: ResilientPool

    beforeEach(() => {
      own = resilientPool(proxy.url(database.url), { resilience: { resolution } })
    })

    afterEach(async () => {
      proxy.clearRules()
      proxy.refuse(false)
      await expectCalmPool(own, database)
      await own.end()
    })

    it.each(WRITINGS)("is there if the server has its COMMIT, after %s", async (_, statements) => {
      const rule = proxy.rule({ when: afterServerHasCommit, do: cut() })
      expect(await told(byHand(own, ...statements))).toEqual({ ok: true })
      expect(rule.hits).toBe(1)
      expect(await notes()).toEqual(["a"])
    })

    it("answers COMMIT as if nothing had been", async () => {
      proxy.rule({ when: afterServerHasCommit, do: cut() })
      const client = await own.connect()
      await client.query("BEGIN")
      await client.query("insert into notes values ($1)", ["a"])
      expect(await client.query("COMMIT")).toMatchObject({ command: "COMMIT", rowCount: null, rows: [] })
      client.release()
    })

    it.each(WRITINGS)(
      "is not applied if COMMIT did not reach the server, and says so, after %s",
      async (_, statements) => {
        const rule = proxy.rule({ when: beforeCommitReachesServer, do: cut() })
        expect(await told(byHand(own, ...statements))).toMatchObject({ ok: false, effect: "not_applied" })
        expect(rule.hits).toBe(1)
        expect(await notes()).toEqual([])
      },
    )

    it.each<[string, (client: pg.PoolClient) => Promise<unknown>]>([
      ["began with several statements in one text", (client) => client.query(`begin; ${WRITE}`)],
      [
        "was written to by a Query of pg's",
        async (client) => {
          await client.query("begin")
          await new Promise((resolve) => client.query(new pg.Query(WRITE, resolve)))
        },
      ],
      [
        "goes on after COMMIT AND CHAIN",
        async (client) => {
          await client.query("begin")
          await client.query("commit and chain")
          await client.query(WRITE)
        },
      ],
      [
        "reads after it was written to",
        async (client) => {
          await client.query("begin")
          await client.query(WRITE)
          await client.query(READ)
          await client.query("savepoint s")
        },
      ],
    ])("knows what became of one that %s", async (_, write) => {
      for (const [when, expected, found] of [
        [beforeCommitReachesServer, { ok: false, effect: "not_applied" }, []],
        [afterServerHasCommit, { ok: true }, ["a"]],
      ] as const) {
        const client = await own.connect()
        await write(client)
        const rule = proxy.rule({ when, do: cut() })
        expect(await told(client.query("commit"))).toMatchObject(expected)
        expect(rule.hits).toBe(1)
        client.release()
        expect(await notes()).toEqual(found)
      }
    })

    it.each([
      ["applied", afterServerHasCommit, ["a"]],
      ["not_applied", beforeCommitReachesServer, []],
    ] as const)(
      "is unknown while nobody can be asked, and %s when the token is asked later",
      async (effect, when, found) => {
        const away = resilientPool(proxy.url(database.url), {
          resilience: { resolution, retry: { outageWaitMs: 300 } },
        })
        await away.query("select 1")
        proxy.rule({ when, do: [call(() => proxy.refuse(true)), cut({ side: "client" })] })
        const said = await told(byHand(away, WRITE))
        expect(said).toMatchObject({ ok: false, effect: "unknown", token: expect.any(String) })
        proxy.refuse(false)
        expect(await away.resolve(said.token ?? "")).toBe(effect)
        expect(await notes()).toEqual(found)
        await away.end()
      },
    )
  })

  it("is unknown where nothing is to be found out", async () => {
    const own = resilientPool(proxy.url(database.url), { resilience: { resolution: "off" } })
    proxy.rule({ when: afterServerHasCommit, do: cut() })
    const said = await told(byHand(own, WRITE))
    expect(said).toMatchObject({ ok: false, effect: "unknown" })
    expect(said).not.toHaveProperty("token")
    await own.end()
  })
})

describe("a client that has lost its connection", () => {
  it("refuses what was meant for it, answers ROLLBACK, and is released like any other", async () => {
    const client = await pool.connect()
    await client.query("begin")
    proxy.rule({ when: beforeAnswer(/count/), do: cut() })
    expect(await told(client.query(READ))).toMatchObject({ ok: false, effect: "not_applied" })
    expect(await told(client.query(WRITE))).toMatchObject({
      message: "Client has encountered a connection error and is not queryable",
      effect: "not_applied",
      code: "ECONNRESET",
    })
    expect((await client.query("rollback")).command).toBe("ROLLBACK")
    client.release()
    expect(await notes()).toEqual([])
  })

  it("reads elsewhere where nothing was done on it yet", async () => {
    const client = await pool.connect()
    const rule = proxy.rule({ when: beforeAnswer(/count/), do: cut() })
    expect((await client.query(READ)).rows).toEqual([{ count: 0 }])
    expect(rule.hits).toBe(1)
    client.release()
  })

  it("does not read elsewhere once its process was asked for", async () => {
    const client = await pool.connect()
    expect(Reflect.get(client, "processID")).toBeGreaterThan(0)
    proxy.rule({ when: beforeAnswer(/count/), do: cut() })
    expect(await told(client.query(READ))).toMatchObject({ ok: false, effect: "not_applied" })
    client.release()
  })

  it("tells a cursor in the middle of its rows, once", async () => {
    const client = await pool.connect()
    const cursor = client.query(new Cursor("select generate_series(1, 100) as n"))
    expect(await cursor.read(2)).toEqual([{ n: 1 }, { n: 2 }])
    const rest = told(cursor.read(50))
    proxy.cutAll()
    expect(await rest).toMatchObject({ ok: false })
    client.release()
  })

  it("tells an asynchronous Query of the pool's", async () => {
    proxy.rule({ when: beforeAnswer(/count/), do: cut() })
    const error = await new Promise((resolve) => {
      void Promise.resolve(pool.query(new pg.Query(READ, resolve))).catch(() => {})
    })
    expect(error).toBeInstanceOf(Error)
  })
})
