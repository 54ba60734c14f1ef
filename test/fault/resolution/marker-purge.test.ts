import { createEngine, MARKER_MIGRATION, MARKER_TABLE, type Engine } from "@kysely-resilient/driver"
import { uuidV7 } from "@kysely-resilient/driver/src/foundation/uuid.ts"
import { Connections } from "@kysely-resilient/driver/src/postgres/connections.ts"
import { MarkerPurge } from "@kysely-resilient/driver/src/resolution/marker-purge.ts"
import { SideConnection } from "@kysely-resilient/driver/src/resolution/side-connection.ts"
import { resolveOptions } from "@kysely-resilient/driver/src/options/resolve.ts"
import { CompiledQuery } from "kysely"
import { afterEach, beforeEach, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { identity } from "../../support/identity.ts"

const HOUR_MS = 3_600_000
const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    for (const statement of MARKER_MIGRATION.up) await client.query(statement)
  },
})

const nobodyLends = {
  acquire: () => {
    throw new Error("the server is not full")
  },
  giveBack: () => {},
}

let engine: Engine
let side: SideConnection
let now: number

beforeEach(async () => {
  await database.ask(`truncate ${MARKER_TABLE}`)
  engine = createEngine({ connection: database.url, pool: { min: 0 }, resolution: "marker" })
  now = 0
})

afterEach(async () => {
  side.close()
  await engine.close()
})

/** A purge whose clock the test sets; what it does is done on a real connection. */
function purge(): MarkerPurge {
  const clock = { now: () => now, wallTime: () => Date.now(), after: () => ({ cancel: () => {} }) }
  const connections = new Connections({
    database: identity,
    settings: resolveOptions({ connection: database.url }, {}).connection,
    connectMs: 5_000,
    cancelMs: 1_000,
    onConnect: undefined,
    clock,
  })
  side = new SideConnection({
    open: () => connections.open(() => {}),
    pool: () => nobodyLends,
    clock,
    patienceMs: 5_000,
  })
  return new MarkerPurge(side, clock)
}

const ages = async (): Promise<unknown[]> =>
  (await database.ask(`select state from ${MARKER_TABLE} order by id`)).map((row) => row["state"])

async function markersOfAges(...hours: readonly number[]): Promise<void> {
  for (const [nth, age] of hours.entries()) {
    const id = uuidV7(Date.now() - age * HOUR_MS, Math.random)
    await database.ask(`insert into ${MARKER_TABLE} (id, state) values ($1, $2)`, [
      id,
      nth % 2 === 0 ? "committed" : "fenced",
    ])
  }
}

it("deletes what is older than six hours, and nothing that a token may still ask for", async () => {
  await markersOfAges(30, 7, 5, 0)
  const markers = purge()
  markers.written()
  expect(await side.use(async () => ages()), "not before its time").toMatchObject({ value: { length: 4 } })
  now = 600_000
  markers.written()
  expect(await side.use(async () => ages())).toMatchObject({ ok: true, value: ["committed", "fenced"] })
})

it("a write of today leaves a marker that it does not delete", async () => {
  expect(await engine.run(CompiledQuery.raw("insert into notes values ('a')"))).toMatchObject({ ok: true })
  const markers = purge()
  now = 600_000
  markers.written()
  expect(await side.use(async () => ages())).toMatchObject({ ok: true, value: ["committed"] })
})

it("a transaction that only reads leaves none, and takes no number", async () => {
  side = new SideConnection({
    open: () => Promise.reject(new Error("nobody asks")),
    pool: () => nobodyLends,
    clock: { now: () => 0, wallTime: () => 0, after: () => ({ cancel: () => {} }) },
    patienceMs: 1,
  })
  const lease = engine.lease()
  lease.begin({})
  expect(await lease.run(CompiledQuery.raw("select count(*) from notes"))).toMatchObject({ ok: true })
  expect(await lease.run(CompiledQuery.raw("select pg_current_xact_id_if_assigned() as xid"))).toMatchObject({
    value: { rows: [{ xid: null }] },
  })
  expect(await lease.commit()).toMatchObject({ ok: true })
  await lease.release()
  expect(await ages()).toEqual([])
})
