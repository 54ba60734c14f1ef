/**
 * What it costs that a lost COMMIT can be found out about: writes in batches of ten callers, one after the other each, under every
 * choice of `resolution` and `resolveAutocommit`, in interleaved rounds; ratios to `resolution: "off"`.
 */
import { createDatabase, type Database } from "@kysely-resilient/core"
import { MARKER_MIGRATION, type DriverOptions } from "@kysely-resilient/driver"
import pg from "pg"

const CALLERS = 10
/** Each caller, each round. */
const WRITES = 40
const WARM_UP_ROUNDS = 5

interface DB {
  written: { id: number; note: string }
}

const CHOICES = {
  off: { resolution: "off" },
  xid: { resolution: "xid" },
  "xid, resolveAutocommit: false": { resolution: "xid", resolveAutocommit: false },
  marker: { resolution: "marker" },
  "marker, resolveAutocommit: false": { resolution: "marker", resolveAutocommit: false },
} as const satisfies Record<string, DriverOptions>

const WORK = {
  INSERT: (db: Database<DB>, id: number) => db.exec(db.insertInto("written").values({ id, note: "n" })),
  "INSERT … RETURNING": (db: Database<DB>, id: number) =>
    db.one(db.insertInto("written").values({ id, note: "n" }).returning("id")),
  "raw INSERT": (db: Database<DB>, id: number) => db.query("insert into written values ($1, 'n')", [id]),
  "transaction of two": (db: Database<DB>, id: number) =>
    db.transaction(async (tx) => {
      const first = await tx.exec(tx.insertInto("written").values({ id, note: "n" }))
      return first.isErr() ? first : tx.exec(tx.insertInto("written").values({ id, note: "m" }))
    }),
  "transaction that reads": (db: Database<DB>) =>
    db.transaction(async (tx) => tx.query("select count(*) from pg_class where oid = 1")),
} as const

export interface Price {
  readonly work: string
  readonly choice: string
  readonly perSecond: number
  /** Of its time to that without resolution. */
  readonly ratio: number
}

/** Of many short rounds one that few others disturbed: the server and whatever else runs share the machine's cores. */
function quiet(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 5)] ?? Number.NaN
}

export async function measureProvedWrites(url: string, rounds: number): Promise<Price[]> {
  const client = new pg.Client(url)
  await client.connect()
  for (const statement of [
    ...MARKER_MIGRATION.up,
    "create table if not exists written (id int, note text)",
    "truncate written",
  ])
    await client.query(statement)
  await client.end()

  const databases = Object.entries(CHOICES).map(([choice, options]) => ({
    choice,
    db: createDatabase<DB>({ connection: url, pool: { min: CALLERS, max: CALLERS }, ...options }),
  }))
  const times = new Map<string, number[]>()
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const [work, run] of Object.entries(WORK)) {
      // Whoever comes first finds another machine than who comes last: each is first in its turn.
      const turn = (round + WARM_UP_ROUNDS) % databases.length
      for (const { choice, db } of [...databases.slice(turn), ...databases.slice(0, turn)]) {
        const startedAt = performance.now()
        await Promise.all(
          Array.from({ length: CALLERS }, async (_, caller) => {
            for (let write = 0; write < WRITES; write += 1) {
              const result = await run(db, caller * WRITES + write)
              if (result.isErr()) throw result.error
            }
          }),
        )
        if (round < 0) continue
        const key = `${work}\n${choice}`
        times.set(key, [...(times.get(key) ?? []), performance.now() - startedAt])
      }
    }
  }
  for (const { db } of databases) await db.close()
  return [...times].map(([key, taken]) => {
    const [work = "", choice = ""] = key.split("\n")
    const base = quiet(times.get(`${work}\noff`) ?? [])
    return { work, choice, perSecond: (CALLERS * WRITES * 1_000) / quiet(taken), ratio: quiet(taken) / base }
  })
}
