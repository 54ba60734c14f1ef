/**
 * Ten thousand reads asked for at once of a pool of ten: how long until all are answered, and how long the event loop
 * was blocked at the most, and what it cost this process in CPU time, against plain `pg` in interleaved rounds.
 */
import { createDatabase } from "@kysely-resilient/core"
import { ResilientPostgresDialect } from "@kysely-resilient/driver"
import { Kysely, PostgresDialect } from "kysely"
import { Err } from "neverthrow"
import pg from "pg"

import { longestStall, median } from "./stall.ts"

export const QUERIES = 10_000
const POOL = 10
/** Enough for the compiler: a server runs for longer than one second. */
const WARM_UP_ROUNDS = 4

interface Contender {
  readonly name: string
  /** What comes of it, when it is awaited. */
  readonly run: (index: number) => unknown
  readonly close: () => Promise<void>
}

interface DB {
  rows: { id: number }
}

function contenders(url: string): Contender[] {
  const pool = new pg.Pool({ connectionString: url, max: POOL })
  const limits = { connection: url, pool: { min: 0, max: POOL } }
  const db = createDatabase<DB>(limits)
  const plain = new Kysely<DB>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: POOL }) }),
  })
  const ours = new Kysely<DB>({ dialect: new ResilientPostgresDialect(limits) })
  const byId = (on: Kysely<DB>, id: number) => on.selectFrom("rows").selectAll().where("id", "=", id)
  return [
    {
      name: "plain pg",
      run: (index) => pool.query('select * from "rows" where "id" = $1', [index]),
      close: () => pool.end(),
    },
    { name: "Kysely on pg", run: (index) => byId(plain, index).execute(), close: () => plain.destroy() },
    { name: "Kysely on our dialect", run: (index) => byId(ours, index).execute(), close: () => ours.destroy() },
    {
      name: "core",
      run: (index) => db.all(db.selectFrom("rows").selectAll().where("id", "=", index)),
      close: async () => {
        const closed = await db.close()
        if (closed.isErr()) throw closed.error
      },
    },
  ]
}

export interface Measured {
  readonly name: string
  readonly totalMs: number
  readonly stallMs: number
  /** Of this process, garbage collection included; what others do on the machine does not count. */
  readonly cpuMicrosPerQuery: number
  /** Of the median total to plain pg's. */
  readonly ratio: number
  /** The same, of the CPU time. */
  readonly cpuRatio: number
}

export async function measureQueued(url: string, rounds: number): Promise<Measured[]> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(
    'create table if not exists "rows" (id int primary key); insert into "rows" select generate_series(0, 9999) on conflict do nothing; analyze "rows"',
  )
  await client.end()
  const all = contenders(url).map((contender) => ({
    ...contender,
    totals: [] as number[],
    cpu: [] as number[],
    stalls: [] as number[],
  }))
  // Rounds that do not count: connections open, and code is compiled.
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const contender of all) {
      let answers: unknown[] = []
      const before = process.cpuUsage()
      const { totalMs, stallMs } = await longestStall(async () => {
        answers = await Promise.all(Array.from({ length: QUERIES }, (_, index) => contender.run(index)))
      })
      const { user, system } = process.cpuUsage(before)
      for (const answer of answers) if (answer instanceof Err) throw answer.error
      if (round < 0) continue
      contender.cpu.push((user + system) / QUERIES)
      contender.totals.push(totalMs)
      contender.stalls.push(stallMs)
    }
  }
  for (const contender of all) await contender.close()
  const base = median(all[0]?.totals ?? [])
  const cpuBase = median(all[0]?.cpu ?? [])
  return all.map(({ name, totals, cpu, stalls }) => ({
    name,
    totalMs: median(totals),
    stallMs: Math.max(...stalls),
    cpuMicrosPerQuery: median(cpu),
    ratio: median(totals) / base,
    cpuRatio: median(cpu) / cpuBase,
  }))
}
