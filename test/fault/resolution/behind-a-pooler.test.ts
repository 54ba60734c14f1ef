/** PgBouncer in transaction mode: each transaction may meet another session, and nobody can tell whose backend it is by the key. */
import { createEngine, MARKER_MIGRATION, type Engine } from "@kysely-resilient/driver"
import {
  afterServerHasCommit,
  beforeCommitReachesServer,
  cut,
  startFaultProxy,
  type FaultProxy,
  type Matcher,
} from "@kysely-resilient/testing"
import { CompiledQuery } from "kysely"
import { afterEach, beforeEach, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { PgBouncer } from "../../support/pgbouncer/pgbouncer.ts"
import { describeWithPgBouncer, pgBouncer as program } from "../../support/pgbouncer/suite.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    for (const statement of MARKER_MIGRATION.up) await client.query(statement)
  },
})

const add = CompiledQuery.raw("insert into notes values ('a') returning note")
const notes = async (): Promise<number> => (await database.ask("select from notes")).length

/** Where the connection is lost: between us and the pooler, or between the pooler and the server. */
const PLACES = ["before", "behind"] as const
/** What becomes of it, and how often the write stands in the table in the end. */
const INSTANTS = [
  ["after the server has it", afterServerHasCommit, "applied"],
  ["before it reaches the server", beforeCommitReachesServer, "not_applied"],
] as const satisfies readonly (readonly [string, Matcher, string])[]

const CASES = (["xid", "marker"] as const).flatMap((resolution) =>
  PLACES.flatMap((place) => INSTANTS.map(([when, matcher, effect]) => ({ resolution, place, when, matcher, effect }))),
)

describeWithPgBouncer("a COMMIT", () => {
  let pooler: PgBouncer
  let proxy: FaultProxy
  let engine: Engine

  async function start(resolution: "xid" | "marker", place: "before" | "behind"): Promise<void> {
    const settings = { server_login_retry: 0.2, default_pool_size: 3 }
    if (place === "behind") {
      proxy = await startFaultProxy({ target: database.url })
      pooler = await PgBouncer.start({ program, target: proxy.url(database.url), settings })
    } else {
      pooler = await PgBouncer.start({ program, target: database.url, settings })
      proxy = await startFaultProxy({ target: pooler.url(database.url) })
    }
    const url = pooler.url(database.url)
    engine = createEngine({
      connection: place === "behind" ? url : proxy.url(url),
      pool: { min: 0, max: 3 },
      timeouts: { connectMs: 3_000, cancelMs: 800 },
      resolution,
    })
  }

  beforeEach(async () => {
    await database.ask("truncate notes")
  })

  afterEach(async () => {
    await engine.close()
    await pooler.stop()
    await proxy.close()
  })

  it.each(CASES)("cut $place the pooler $when is found out to be $effect, by $resolution", async (row) => {
    await start(row.resolution, row.place)
    const lease = engine.lease()
    lease.begin({})
    expect(await lease.run(add)).toMatchObject({ ok: true })
    const rule = proxy.rule({ when: row.matcher, do: cut() })
    const committed = await lease.commit()
    await lease.release()
    expect(rule.hits).toBe(1)
    if (row.effect === "applied") expect(committed).toMatchObject({ ok: true })
    else expect(committed).toMatchObject({ ok: false, failure: { effect: "not_applied", retry: "transaction" } })
    expect(await notes()).toBe(row.effect === "applied" ? 1 : 0)
  })

  it.each(CASES)(
    "of a lone write, cut $place the pooler $when, by $resolution: the write is there once",
    async (row) => {
      await start(row.resolution, row.place)
      expect(await engine.run(CompiledQuery.raw("select 1"))).toMatchObject({ ok: true })
      proxy.rule({ when: { from: "client", message: "Parse", sql: /^begin$/ }, do: [] }).hit.then(
        () => proxy.rule({ when: row.matcher, do: cut() }),
        () => {},
      )
      expect(await engine.run(add)).toMatchObject({ ok: true, value: { rows: [{ note: "a" }] } })
      expect(await notes()).toBe(1)
    },
  )
})
