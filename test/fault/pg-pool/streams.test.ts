/** pg-query-stream and pg-copy-streams, which speak the protocol themselves: on the pool's clients they are what they are on pg's. */
import { once } from "node:events"
import { Readable, Writable } from "node:stream"
import { pipeline } from "node:stream/promises"

import type { ResilientPool } from "@kysely-resilient/driver/pg-pool"
import type pg from "pg"
import { from as copyFrom, to as copyTo } from "pg-copy-streams"
import QueryStream from "pg-query-stream"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { expectCalmPool, plainPool, resilientPool, told } from "./poolside.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => void (await client.query("create table notes (id int, note text)")),
})

const MANY = 100_000

const count = async (): Promise<unknown> => (await database.ask("select count(*)::int as n from notes"))[0]?.["n"]

describe.each([
  ["pg.Pool", () => plainPool(database.url)],
  ["ResilientPool", () => resilientPool(database.url)],
] as const)("on a client of %s", (_, make) => {
  let pool: pg.Pool
  let client: pg.PoolClient

  beforeAll(() => (pool = make()))
  afterAll(() => pool.end())
  beforeEach(async () => {
    await database.ask("truncate notes")
    client = await pool.connect()
  })
  afterEach(() => client.release())

  it("a query stream gives its rows no faster than they are taken", async () => {
    const stream = client.query(
      new QueryStream("select n from generate_series(1, $1::int) n", [MANY], { batchSize: 500 }),
    )
    let [rows, most] = [0, 0]
    for await (const row of stream) {
      rows += 1
      most = Math.max(most, stream.readableLength)
      if (rows === MANY) expect(row).toEqual({ n: MANY })
    }
    expect(rows).toBe(MANY)
    expect(most).toBeLessThanOrEqual(1_000)
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })

  it("one that is left early, or fails in the middle, leaves its client usable", async () => {
    const left = client.query(new QueryStream("select n from generate_series(1, 100000) n"))
    for await (const row of left) if (Reflect.get(row, "n") === 10) break
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    const failing = client.query(new QueryStream("select 1 / (500 - n) from generate_series(1, 1000) n"))
    expect(await told(pipeline(failing, sink()))).toMatchObject({ ok: false, code: "22012" })
    expect((await client.query("select 2 as two")).rows).toEqual([{ two: 2 }])
  })

  it("rows are copied in and out", async () => {
    const lines = function* () {
      for (let id = 1; id <= MANY; id += 1) yield `${id}\tnote ${id}\n`
    }
    const incoming = client.query(copyFrom("copy notes from stdin"))
    await pipeline(Readable.from(lines()), incoming)
    expect(incoming.rowCount).toBe(MANY)
    expect(await count()).toBe(MANY)
    const out = collector()
    await pipeline(client.query(copyTo("copy (select * from notes order by id) to stdout")), out.stream)
    expect(out.text().split("\n").slice(-2)).toEqual([`${MANY}\tnote ${MANY}`, ""])
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })

  it("a copy that PostgreSQL refuses, or that its source breaks off, has copied nothing", async () => {
    const refused = pipeline(Readable.from(["1\tone\n", "two\ttwo\n"]), client.query(copyFrom("copy notes from stdin")))
    expect(await told(refused)).toMatchObject({ ok: false, code: "22P02" })
    const breaking = async function* () {
      yield "1\tone\n"
      throw new Error("the source broke")
    }
    const broken = pipeline(Readable.from(breaking()), client.query(copyFrom("copy notes from stdin")))
    expect(await told(broken)).toMatchObject({ ok: false })
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    expect(await count()).toBe(0)
  })
})

describe("a ResilientPool whose client loses its connection", () => {
  let pool: ResilientPool

  beforeEach(async () => {
    await database.ask("truncate notes")
    pool = resilientPool(database.url)
  })
  afterEach(async () => {
    await expectCalmPool(pool, database)
    await pool.end()
  })

  const pidOf = async (client: pg.PoolClient): Promise<unknown> =>
    (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid
  const terminate = (pid: unknown) => database.ask("select pg_terminate_backend($1)", [pid])

  it("in a query stream says so, once, and others are served", async () => {
    const client = await pool.connect()
    const pid = await pidOf(client)
    const stream = client.query(new QueryStream("select n, repeat('x', 1000) from generate_series(1, 1000000) n"))
    await once(stream, "readable")
    await terminate(pid)
    expect(await told(pipeline(stream, sink()))).toMatchObject({
      ok: false,
      code: expect.stringMatching(/57P01|ECONNRESET/),
    })
    client.release()
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })

  it("in a copy says so, once, and nothing was copied", async () => {
    const client = await pool.connect()
    const pid = await pidOf(client)
    const incoming = client.query(copyFrom("copy notes from stdin"))
    const lines = async function* () {
      for (let id = 1; ; id += 1) {
        if (id === 5_000) await terminate(pid)
        yield `${id}\tnote\n`
      }
    }
    expect(await told(pipeline(Readable.from(lines()), incoming))).toMatchObject({ ok: false })
    client.release()
    expect(await count()).toBe(0)
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })
})

function sink(): Writable {
  return new Writable({ objectMode: true, write: (_, __, done) => done() })
}

function collector(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}
