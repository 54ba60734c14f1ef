import { setTimeout as pause } from "node:timers/promises"

import type { Cell } from "./cells.ts"
import type { Ground } from "./ground.ts"
import { writes } from "./ledger.ts"

/** How long a lock still holds up what has been hit: a statement that the server has begun and not done. */
const HELD_UP_MS = 40

export interface Lock {
  /** `told`: until its caller has his answer. `hit`: until shortly after the fault. */
  readonly until: "told" | "hit"
  release(): Promise<void>
}

/** Something stands in the way of what the cell's instant is in the midst of; for other instants, nothing. */
export async function takeLock({ holder }: Ground, { instant, kind }: Cell): Promise<Lock | undefined> {
  const release = async (): Promise<void> => {
    await holder.query("rollback")
  }
  if (instant.during === "cancel" || instant.name === "statement after it is sent") {
    await holder.query("begin; lock table stock, ledger in access exclusive mode")
    return { until: instant.during === "cancel" ? "told" : "hit", release }
  }
  if (instant.name === "commit after it is sent" && writes(kind)) {
    await holder.query("begin; select pg_advisory_xact_lock(1)")
    return { until: "hit", release }
  }
  return undefined
}

export async function releaseSoon(lock: Lock, hit: Promise<unknown>): Promise<void> {
  // Should it fail to strike, the cell says so itself.
  await hit.catch(() => {})
  await pause(HELD_UP_MS)
  await lock.release()
}
