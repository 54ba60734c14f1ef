import { expect } from "vitest"

/** Set: every figure that is measured is printed, with its goal. */
const SHOWN = process.env["KYSELY_RESILIENT_FIGURES"] !== undefined

/** What was measured against its goal; a busy machine may take four times as long. */
export function expectFigure(what: string, measured: number, goal: number): void {
  // oxlint-disable-next-line no-console -- asked for
  if (SHOWN) console.log(`figure: ${what}: ${Math.round(measured)} (goal ${goal})`)
  expect(measured, what).toBeLessThanOrEqual(4 * goal)
}
