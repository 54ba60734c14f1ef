/**
 * Ten thousand reads asked for at once of a pool of ten: how long until all are answered, and how long the event loop
 * was blocked at the most, against plain `pg` in interleaved rounds.
 */
import { createEngine } from "@kysely-resilient/driver"
import { Kysely } from "kysely"
import { ResilientPostgresDialect } from "@kysely-resilient/driver"
import pg from "pg"

import { longestStall, median } from "./stall.ts"

export const QUERIES = 10_000
const POOL = 10

interface Contender {
  readonly name: string
  readonly run: (index: number) => Promise<unknown>
  readonly close: () => Promise<void>
}

interface DB {
  rows: { id: number }
}

function contenders(url: string): Contender[] {
  const pool = new pg.Pool({ connectionString: url, max: POOL })
  const engine = createEngine({ connection: url, pool: { min: 0, max: POOL } })
  const compiler = new Kysely<DB>({ dialect: new ResilientPostgresDialect({ connection: url }) })
  const kysely = new Kysely<DB>({ dialect: new ResilientPostgresDialect({ connection: url, pool: { min: 0, max: POOL } }) })
  const byId = (on: Kysely<DB>, id: number) => on.selectFrom("rows").selectAll().where("id", "=", id)
  const answered = async (settled: ReturnType<typeof engine.run>): Promise<void> => {
    const outcome = await settled
    if (!outcome.ok) throw new Error(outcome.failure.message)
  }
  return [
    { name: "plain pg", run: (index) => pool.query('select * from "rows" where "id" = $1', [index]), close: () => pool.end() },
    {
      name: "engine",
      run: (index) => answered(engine.run(byId(compiler, index).compile())),
      close: async () => {
        await engine.close()
        await compiler.destroy()
      },
    },
    { name: "Kysely on our dialect", run: (index) => byId(kysely, index).execute(), close: () => kysely.destroy() },
  ]
}

export interface Measured {
  readonly name: string
  readonly totalMs: number
  readonly stallMs: number
  /** Of the median total to plain pg's. */
  readonly ratio: number
}

export async function measureQueued(url: string, rounds: number): Promise<Measured[]> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query('create table if not exists "rows" (id int primary key); insert into "rows" select generate_series(0, 9999) on conflict do nothing; analyze "rows"')
  await client.end()
  const all = contenders(url).map((contender) => ({ ...contender, totals: [] as number[], stalls: [] as number[] }))
  // A first round that does not count: connections open, code is compiled.
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of all) {
      const { totalMs, stallMs } = await longestStall(async () => {
        await Promise.all(Array.from({ length: QUERIES }, (_, index) => contender.run(index)))
      })
      if (round === 0) continue
      contender.totals.push(totalMs)
      contender.stalls.push(stallMs)
    }
  }
  for (const contender of all) await contender.close()
  const base = median(all[0]?.totals ?? [])
  return all.map(({ name, totals, stalls }) => ({
    name,
    totalMs: median(totals),
    stallMs: Math.max(...stalls),
    ratio: median(totals) / base,
  }))
}
