import { delay } from "@kysely-resilient/testing"
import { expect } from "vitest"

import { ENTRIES, STOCK, TARGET, type Application, type Open, type Told } from "./application.ts"
import { best, type Best } from "./best.ts"
import type { Cell, Door } from "./cells.ts"
import { actionsOf } from "./faults.ts"
import type { Ground } from "./ground.ts"
import { heldOf, untilCalm, writes } from "./ledger.ts"
import { releaseSoon, takeLock } from "./locks.ts"
import { throughCore } from "./through-core.ts"
import { throughKysely } from "./through-kysely.ts"

/** Never reached, unless something is swallowed. */
const AMPLE_MS = 10_000
/** When a caller whose packets are swallowed is told so; long enough for everything else on a busy machine. */
const SHORT_MS = 500
const CONNECT_MS = 250
const CANCEL_MS = 200

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
    if (cell.fault !== "blackhole") await rule.done
    if (lock?.until === "told") await lock.release()
    const outcome = compareAnswer(cell, told)
    const resolved = await resolvedBy(application, told)
    // What the network had swallowed comes out now, late: it must change nothing that its caller was sure of.
    rule.lift()
    await untilCalm(ground, application)
    await compareLedger(ground, cell, resolved ?? told, outcome)
    expect(await application.work("read")).toMatchObject({ told: "value", value: STOCK })
  } finally {
    proxy.clearRules()
    proxy.resumeAll()
    // Whatever lock is still held.
    await holder.query("rollback")
    await application.close()
  }
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

async function prepare({ database, proxy, side }: Ground, cell: Cell): Promise<Application> {
  const { during, name } = cell.instant
  const swallows = during === "cancel" || (cell.fault === "blackhole" && during !== "connecting")
  const application = doors[cell.door](
    {
      connection: proxy.url(database.url),
      resolution: cell.mode,
      pool: { min: 0, max: 3 },
      timeouts: { connectMs: CONNECT_MS, cancelMs: CANCEL_MS },
      retry: { slow: { baseMs: 5, maxMs: 20 }, quick: { baseMs: 5, maxMs: 20 } },
    },
    {
      rollback: during === "rollback",
      rollbackTo: name.startsWith("rollback to"),
      statementMs: swallows ? SHORT_MS : AMPLE_MS,
      transactionMs: swallows && during !== "cancel" ? SHORT_MS : AMPLE_MS,
    },
  )
  await side.query("delete from ledger_first; delete from ledger; delete from ledger_last")
  if (during !== "connecting") await application.warmUp()
  return application
}

/** Which of the best outcomes it was; fails if it was none of them. */
function compareAnswer(cell: Cell, told: Told): Best {
  const outcomes = best(cell)
  const found = outcomes.find((outcome) => isAsGood(told, outcome, cell))
  if (found === undefined) expect(told, "the best that its caller can be told").toEqual(outcomes)
  return found ?? outcomes[0]!
}

/** Who was told that nobody knows, and got a token, can find out: at once, and for good. */
async function resolvedBy(application: Application, told: Told): Promise<Told | undefined> {
  if (told.told !== "error" || told.token === undefined) return undefined
  const effect = await application.resolve(told.token)
  expect(["applied", "not_applied"], "what became of it").toContain(effect)
  return { ...told, effect }
}

function isAsGood(told: Told, outcome: Best, cell: Cell): boolean {
  if (outcome.told === "own error") return told.told === "own error"
  if (outcome.told === "value") {
    if (told.told !== "value") return false
    return outcome.tries.includes(told.tries) && JSON.stringify(told.value) === JSON.stringify(valueOf(cell))
  }
  if (told.told !== "error") return false
  const { kinds, effect, because, rows = [0] } = outcome
  if ((told.token !== undefined) !== (told.effect === "unknown" && cell.mode !== "off")) return false
  const whyRight = because === undefined || because.some((why) => why === told.because)
  return kinds.includes(told.kind) && effect.some((one) => one === told.effect) && whyRight && rows.includes(told.rows)
}

/** The database holds what the caller was told, and no entry twice. */
async function compareLedger(ground: Ground, cell: Cell, told: Told, outcome: Best): Promise<void> {
  const held = await heldOf(ground, cell)
  expect(agreeing(cell, told), "the ledger agrees with what its caller was told").toContain(held)
  if (outcome.told === "error" && outcome.held !== "either") expect(held).toBe(outcome.held)
}

function agreeing({ kind }: Cell, told: Told): readonly string[] {
  if (told.told === "value") return writes(kind) ? ["all"] : ["none"]
  if (told.told === "own error") return ["none"]
  return told.effect === "unknown" ? ["all", "none"] : [told.effect === "applied" ? "all" : "none"]
}

function valueOf({ kind, instant }: Cell): unknown {
  if (!writes(kind)) return STOCK
  return instant.name.startsWith("rollback to") ? [] : ENTRIES
}
