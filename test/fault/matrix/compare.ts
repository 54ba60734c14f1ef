import { expect } from "vitest"

import { ENTRIES, STOCK, type Application, type Told } from "./application.ts"
import type { Best } from "./best.ts"
import type { Cell } from "./cells.ts"
import type { Ground } from "./ground.ts"
import { heldOf, writes } from "./ledger.ts"

/** What was done, and at which instant it was hit; by what does not matter any more. */
type Work = Pick<Cell, "kind" | "instant" | "mode">

/** Which of the best outcomes it was; fails if it was none of them. */
export function compareAnswer(work: Work, told: Told, outcomes: readonly Best[]): Best {
  const found = outcomes.find((outcome) => isAsGood(told, outcome, work))
  if (found === undefined) expect(told, "the best that its caller can be told").toEqual(outcomes)
  if (found === undefined) throw new Error("there is nothing to compare it with")
  return found
}

/** Who was told that nobody knows, and got a token, can find out: at once, and for good. */
export async function resolvedBy(application: Application, told: Told, effects: readonly string[]): Promise<Told> {
  if (told.told !== "error" || told.token === undefined) return told
  const effect = await application.resolve(told.token)
  expect(effects, "what became of it").toContain(effect)
  return { ...told, effect }
}

function isAsGood(told: Told, outcome: Best, work: Work): boolean {
  if (outcome.told === "own error") return told.told === "own error"
  if (outcome.told === "value") {
    if (told.told !== "value") return false
    return outcome.tries.includes(told.tries) && JSON.stringify(told.value) === JSON.stringify(valueOf(work))
  }
  if (told.told !== "error") return false
  const { kinds, effect, because, rows = [0] } = outcome
  if ((told.token !== undefined) !== (told.effect === "unknown" && work.mode !== "off")) return false
  const whyRight = because === undefined || because.some((why) => why === told.because)
  return kinds.includes(told.kind) && effect.some((one) => one === told.effect) && whyRight && rows.includes(told.rows)
}

/** The database holds what the caller was told, and no entry twice. */
export async function compareLedger(ground: Ground, work: Work, told: Told, outcome: Best): Promise<void> {
  const held = await heldOf(ground, work)
  expect(agreeing(work, told), "the ledger agrees with what its caller was told").toContain(held)
  if (outcome.told === "error" && outcome.held !== "either") expect(held).toBe(outcome.held)
}

function agreeing({ kind }: Work, told: Told): readonly string[] {
  if (told.told === "value") return writes(kind) ? ["all"] : ["none"]
  if (told.told === "own error") return ["none"]
  return told.effect === "unknown" ? ["all", "none"] : [told.effect === "applied" ? "all" : "none"]
}

function valueOf({ kind, instant }: Work): unknown {
  if (!writes(kind)) return STOCK
  if (kind === "counted write") return ENTRIES.length
  return instant.name.startsWith("rollback to") ? [] : ENTRIES
}
