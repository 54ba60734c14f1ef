import { setTimeout as pause } from "node:timers/promises"

import { createEngine, type Engine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import pg from "pg"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

/** A server whose synchronous standby never answers: every COMMIT of a write waits in SyncRepWaitForLSN. */
let server: OwnServer
let side: pg.Client
let engine: Engine

beforeAll(async () => {
  server = await startEmbeddedPostgres({ settings: { synchronous_standby_names: "nobody" } })
  side = new pg.Client(server.url)
  await side.connect()
  await side.query("set synchronous_commit = local; create table notes (note text)")
  engine = createEngine({ connection: server.url, pool: { min: 0, max: 3 } })
})

afterAll(async () => {
  await engine.close()
  await side.end()
  await server.stop()
})

beforeEach(async () => {
  await side.query("truncate notes")
})

async function whoWaits(): Promise<number> {
  for (;;) {
    const { rows } = await side.query<{ pid: number }>("select pid from pg_stat_activity where wait_event = 'SyncRep'")
    if (rows[0] !== undefined) return rows[0].pid
    await pause(5)
  }
}

const notes = async (): Promise<number> => (await side.query("select * from notes")).rows.length

describe("a COMMIT that waits for the synchronous standby", () => {
  it.each(["pg_cancel_backend", "pg_terminate_backend"])(
    "and is ended by %s is known to be applied, here only",
    async (end) => {
      const lease = engine.lease()
      lease.begin({})
      expect(await lease.run(text("insert into notes values ('a')"))).toMatchObject({ ok: true })
      const committing = lease.commit()
      await side.query(`select ${end}($1)`, [await whoWaits()])
      expect(await committing).toMatchObject({ ok: false, failure: { effect: "applied_locally", retry: "never" } })
      await lease.release()
      expect(await notes()).toBe(1)
    },
  )
})

describe("an autocommit write that waits for it", () => {
  it("and is cancelled says so, with what it answered", async () => {
    const writing = engine.run(text("insert into notes values ('b') returning note"))
    await side.query("select pg_cancel_backend($1)", [await whoWaits()])
    expect(await writing).toMatchObject({
      ok: false,
      failure: { effect: "applied_locally", retry: "never" },
      value: { rows: [{ note: "b" }] },
      attempts: 1,
    })
    expect(await notes()).toBe(1)
  })
})

describe("a transaction that only reads", () => {
  it("does not wait for it", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(text("select * from notes"))
    expect(await lease.commit()).toMatchObject({ ok: true })
    await lease.release()
  })
})
