import { setTimeout as pause } from "node:timers/promises"

import { expect } from "vitest"

import { ENTRIES, type Application, type LedgerTable } from "./application.ts"
import type { Cell, Kind } from "./cells.ts"
import type { Ground } from "./ground.ts"

/** How long everything may take to be itself again: a goal of one second, and four times that for a busy machine. */
const CALM_MS = 4_000

const TABLES: Readonly<Record<Kind, readonly LedgerTable[]>> = {
  read: [],
  "read as text": [],
  stream: [],
  write: ["ledger"],
  "counted write": ["ledger"],
  commit: ["ledger"],
  transaction: ["ledger_first", "ledger", "ledger_last"],
  savepoint: ["ledger_first", "ledger", "ledger_last"],
}

export function writes(kind: Kind): boolean {
  return TABLES[kind].length > 0
}

/** What the database holds of a piece of work: every entry once, nothing, or a word for what must never be. */
export async function heldOf({ side }: Ground, { kind, instant }: Pick<Cell, "kind" | "instant">): Promise<string> {
  const undone = instant.name.startsWith("rollback to") ? "ledger" : undefined
  const counts: { readonly table: LedgerTable; readonly numbers: readonly number[] }[] = []
  for (const table of TABLES[kind]) {
    const { rows } = await side.query<{ entry: string; n: number }>(
      `select entry, count(*)::int as n from ${table} group by entry`,
    )
    const found = new Map(rows.map(({ entry, n }) => [entry, n]))
    counts.push({ table, numbers: ENTRIES.map((entry) => found.get(entry) ?? 0) })
  }
  const kept = counts.filter(({ table }) => table !== undone).flatMap(({ numbers }) => numbers)
  const away = counts.filter(({ table }) => table === undone).flatMap(({ numbers }) => numbers)
  if (away.some((n) => n !== 0)) return `what was rolled back: ${JSON.stringify(counts)}`
  if (kept.every((n) => n === 0)) return "none"
  if (kept.every((n) => n === 1)) return "all"
  return JSON.stringify(counts)
}

/** Nobody holds or awaits a connection, and nothing of ours is left on the server: no session at work, no transaction, no lock. */
export async function untilCalm({ side }: Ground, application: Application): Promise<void> {
  const limitAt = performance.now() + CALM_MS
  for (;;) {
    const { leased, waiting, opening } = application.pool()
    const { rows: left } = await side.query(
      `select pid, state, query, (select count(*)::int from pg_locks l where l.pid = a.pid) as locks
       from pg_stat_activity a
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
         and application_name <> 'holder' and (state <> 'idle' or exists (select from pg_locks l where l.pid = a.pid))`,
    )
    const seen = { leased, waiting, opening, left }
    const calm = { leased: 0, waiting: 0, opening: 0, left: [] }
    if (JSON.stringify(seen) === JSON.stringify(calm) || performance.now() > limitAt) return expect(seen).toEqual(calm)
    await pause(5)
  }
}
