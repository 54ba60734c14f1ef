/** PgBouncer in transaction mode: each statement, or transaction, may meet another session. */
import type pg from "pg"
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { PgBouncer } from "../../support/pgbouncer/pgbouncer.ts"
import { describeWithPgBouncer, pgBouncer as program } from "../../support/pgbouncer/suite.ts"
import { byHand, expectCalmPool, resilientPool, told } from "./poolside.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

beforeEach(async () => {
  await database.ask("truncate notes")
})

describeWithPgBouncer("behind PgBouncer in transaction mode", () => {
  let pooler: PgBouncer

  beforeAll(async () => {
    pooler = await PgBouncer.start({
      program,
      target: database.url,
      // Fewer sessions than clients, so that they really change hands.
      settings: { default_pool_size: 2, server_login_retry: 0.2 },
    })
  })

  afterAll(async () => {
    await pooler.stop()
  })

  it("statements, transactions by hand and named statements, many at once", async () => {
    const pool = resilientPool(pooler.url(database.url), { max: 6 })
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, nth) => {
        if (nth % 3 === 0) return told(pool.query("select $1::int as nth", [nth]))
        if (nth % 3 === 1) return told(pool.query("insert into notes values ($1)", [`lone ${nth}`]))
        return told(byHand(pool, `insert into notes values ('by hand ${nth}')`, "select count(*) from notes"))
      }),
    )
    expect(all.filter(({ ok }) => !ok)).toEqual([])
    expect(await database.ask("select count(*)::int as count, count(distinct note)::int as notes from notes")).toEqual([
      { count: 40, notes: 40 },
    ])
    await expectCalmPool(pool, database)
    await pool.end()
  })

  it("named statements, though sessions change hands that do not know them", async () => {
    const pool = resilientPool(pooler.url(database.url), { max: 4 })
    const named = (n: number): Promise<pg.QueryResult> =>
      pool.query({ name: "n", text: "select $1::int as n", values: [n] })
    for (let round = 0; round < 5; round += 1) {
      const all = await Promise.all([1, 2, 3, 4].map((n) => named(n)))
      expect(all.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3, 4])
    }
    await pool.end()
  })

  it("a session that the server ends under a transaction is told, and nothing of it is there", async () => {
    const pool = resilientPool(pooler.url(database.url))
    const client = await pool.connect()
    await client.query("begin")
    await client.query("insert into notes values ('a')")
    const { rows } = await client.query("select pg_backend_pid() as pid")
    await database.ask("select pg_terminate_backend($1, 1000)", [rows[0].pid])
    expect(await told(client.query("commit"))).toMatchObject({ ok: false, effect: "not_applied" })
    client.release()
    expect(await database.ask("select * from notes")).toEqual([])
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    await pool.end()
  })
})
