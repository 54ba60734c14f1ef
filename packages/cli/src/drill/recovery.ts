import { setTimeout as sleep } from "node:timers/promises"

import type { Admin } from "./admin.ts"
import { leftOnServer } from "./evidence.ts"
import type { Store } from "./store.ts"

/** What should be as before, once no fault is left and nobody works. */
export interface Recovery {
  /** Connections that are in somebody's hands, waits and openings. */
  readonly busy: number
  readonly openTransactions: number
  /** Connections on the server that the pool knows nothing of. */
  readonly strangers: number
  readonly freshQueryMs: number | undefined
}

/** Longer than this, and it is a leak. */
const CALM_MAX_MS = 4_000
const LOOK_EVERY_MS = 20

/** Looks until everything is calm, or has had its time. */
export async function recoveryOf(store: Store, admin: Admin): Promise<Recovery> {
  const startedAt = performance.now()
  const fresh = await store.query("select 1", [], { timeoutMs: CALM_MAX_MS })
  const freshQueryMs = fresh.isOk() ? Math.round(performance.now() - startedAt) : undefined
  const seen = await calm(
    async () => {
      const { transactions, connections } = await leftOnServer(admin)
      const { idle, leased, waiting, opening } = store.snapshot().pool
      return { busy: leased + waiting + opening, openTransactions: transactions, strangers: connections - idle }
    },
    ({ busy, openTransactions, strangers }) => busy === 0 && openTransactions === 0 && strangers === 0,
  )
  return { ...seen, freshQueryMs }
}

/** Closes the store, and gives the connections that the server still has then; undefined if it did not close. */
export async function closed(store: Store, admin: Admin, limitMs: number): Promise<number | undefined> {
  const done = await Promise.race([store.close().then(() => true), sleep(limitMs, false, { ref: false })])
  if (!done) return undefined
  return calm(
    async () => (await leftOnServer(admin)).connections,
    (count) => count === 0,
  )
}

/** What is left once everything has had its time to end. A backend notices a little later that its client is gone. */
async function calm<T>(look: () => Promise<T>, isCalm: (seen: T) => boolean): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const seen = await look()
    if (isCalm(seen) || waitedMs >= CALM_MAX_MS) return seen
    await sleep(LOOK_EVERY_MS)
  }
}
