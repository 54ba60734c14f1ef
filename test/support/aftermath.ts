import { setTimeout as pause } from "node:timers/promises"

import type { Engine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { expect } from "vitest"

import type { TestDatabase } from "./databases.ts"

/** How long the pool may take to be itself again: a goal of one second, and four times that for a busy machine. */
const CALM_MS = 4_000

/**
 * What must hold after every fault, whatever it was: nobody holds or awaits a connection, no transaction and no lock is
 * left on the server, and a fresh query works.
 */
export async function expectCalm(engine: Pick<Engine, "snapshot" | "run">, database: TestDatabase): Promise<void> {
  const limitAt = performance.now() + CALM_MS
  let seen: unknown
  for (;;) {
    const { leased, waiting, opening } = engine.snapshot().pool
    const left = await database.ask(
      `select pid, state, query from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
         and (state like 'idle in%' or (state = 'active' and query not like '%pg_stat_activity%'))`,
    )
    seen = { leased, waiting, opening, left }
    if (leased === 0 && waiting === 0 && opening === 0 && left.length === 0) break
    if (performance.now() > limitAt) break
    await pause(10)
  }
  expect(seen).toEqual({ leased: 0, waiting: 0, opening: 0, left: [] })
  expect(await engine.run(text("select 'calm' as all_is"), { timeoutMs: CALM_MS })).toMatchObject({
    ok: true,
    value: { rows: [{ all_is: "calm" }] },
  })
}
