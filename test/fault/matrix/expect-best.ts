import { delay } from "@kysely-resilient/testing"
import { expect } from "vitest"

import { AMPLE_MS, STOCK, TARGET, type Application, type Open } from "./application.ts"
import { best } from "./best.ts"
import type { Cell, Door } from "./cells.ts"
import { compareAnswer, compareLedger, resolvedBy } from "./compare.ts"
import { actionsOf } from "./faults.ts"
import type { Ground } from "./ground.ts"
import { untilCalm } from "./ledger.ts"
import { releaseSoon, takeLock } from "./locks.ts"
import { throughCore } from "./through-core.ts"
import { throughKysely } from "./through-kysely.ts"

/** When a caller whose packets are swallowed is told so; long enough for everything else on a busy machine. */
const SHORT_MS = 800
const CONNECT_MS = 250
/** After so long a silence is found out. */
const STALL_MS = 200
/** After a deadline: most of it to find out what became of a COMMIT that was swallowed. */
const CANCEL_MS = 1_000

const doors: Readonly<Record<Door, Open>> = { core: throughCore, kysely: throughKysely }

/** Hurts, compares what came of it with the best that can, and looks whether everything is calm again. */
export async function expectBest(ground: Ground, cell: Cell): Promise<void> {
  const { proxy, holder } = ground
  const application = await prepare(ground, cell)
  try {
    const lock = await takeLock(ground, cell)
    const rule = proxy.rule({ when: cell.instant.matcher(TARGET), do: actionsOf(ground, cell) })
    if (lock?.until === "hit") void releaseSoon(lock, cell.fault === "FATAL" ? rule.done : rule.hit)
    const told = await application.work(cell.kind)
    expect(rule.hits, "the fault has hit").toBe(1)
    if (!swallowsFor(cell)) await rule.done
    if (lock?.until === "told") await lock.release()
    const outcome = compareAnswer(cell, told, best(cell))
    const resolved = await resolvedBy(application, told, ["applied", "not_applied"])
    // What the network had swallowed comes out now, late: it must change nothing that its caller was sure of.
    rule.lift()
    await untilCalm(ground, application)
    await compareLedger(ground, cell, resolved, outcome)
    expect(await application.again()).toEqual(STOCK)
  } finally {
    proxy.clearRules()
    proxy.resumeAll()
    // Whatever lock is still held.
    await holder.query("rollback")
    await application.close()
  }
}

/** Such a rule is never done: it swallows until it is lifted. */
function swallowsFor({ fault }: Cell): boolean {
  return fault === "blackhole" || fault === "silence"
}

/** The instant does not come: its rule must not fire, and the work is done as if it were not there. */
export async function expectNever(ground: Ground, cell: Cell): Promise<void> {
  const application = await prepare(ground, cell)
  try {
    const rule = ground.proxy.rule({ when: cell.instant.matcher(TARGET), do: delay(0) })
    expect(await application.work(cell.kind)).toMatchObject({ told: "value" })
    expect(rule.hits, "it came").toBe(0)
    await untilCalm(ground, application)
  } finally {
    ground.proxy.clearRules()
    await application.close()
  }
}

/** An application with a pool of its own and, unless it is to be hit while it connects, one connection in that; and an empty ledger. */
export async function prepare(
  { database, proxy, side }: Ground,
  cell: Omit<Cell, "fault"> & { readonly fault?: Cell["fault"] },
): Promise<Application> {
  const { during, name } = cell.instant
  const hurries = during === "cancel" || (cell.fault === "blackhole" && during !== "connecting")
  const application = doors[cell.door](
    {
      connection: proxy.url(database.url),
      resolution: cell.mode,
      pool: { min: 0, max: 3 },
      timeouts: { connectMs: CONNECT_MS, cancelMs: CANCEL_MS, stallMs: cell.fault === "silence" ? STALL_MS : 0 },
      retry: { slow: { baseMs: 5, maxMs: 20 }, quick: { baseMs: 5, maxMs: 20 } },
    },
    {
      rollback: during === "rollback",
      rollbackTo: name.startsWith("rollback to"),
      statementMs: hurries ? SHORT_MS : AMPLE_MS,
      transactionMs: hurries && during !== "cancel" ? SHORT_MS : AMPLE_MS,
    },
  )
  await side.query("delete from ledger_first; delete from ledger; delete from ledger_last")
  if (during !== "connecting") await application.warmUp()
  return application
}
