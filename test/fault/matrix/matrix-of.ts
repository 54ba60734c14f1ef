import { INSTANTS } from "@kysely-resilient/testing"
import { describe, expect, it } from "vitest"

import { cellsOf, DOORS, FAULTS, MODES, nameOf, type Cell, type Kind } from "./cells.ts"
import { ground } from "./ground.ts"
import { impossible } from "./impossible.ts"
import { expectBest, expectNever } from "./expect-best.ts"
import { ALL, Chance, SEED } from "./sample.ts"

/** Of each kind, door and way of resolution. Whatever waits for a deadline is slow: one of it for each kind. */
const QUICK = 2
const SLOW = 1

/** A hung cell is to be seen as one, and not to wait for the end of the suite. */
const CELL_MS = 15_000

/** The matrix for one kind of work: once per test file, at the top level. */
export function matrixOf(kind: Kind, fileUrl: string): void {
  const here = ground(fileUrl)
  const parts = DOORS.flatMap((door) => MODES.map((mode) => [door, mode] as const))
  const extent = ALL ? "" : `, a sample of seed ${SEED}`
  describe.each(parts)(`${kind}, through %s, resolution %s${extent}`, (door, mode) => {
    const cells = cellsOf(kind, door, mode)
    const runnable = cells.filter((cell) => impossible(cell) === undefined)
    // Where the instant does not come, it is the same for every fault.
    const absent = cells.filter((cell) => cell.fault === "RST" && impossible(cell)?.comes === false)
    const { run, not } = ALL
      ? { run: runnable, not: absent }
      : sampled(
          runnable,
          absent,
          parts.findIndex((part) => part[0] === door && part[1] === mode),
        )

    it("leaves no cell out: each is run, or there is a reason why it cannot be", () => {
      expect(new Set(cells.map(nameOf)).size).toBe(FAULTS.length * INSTANTS.length)
      for (const cell of cells) if (!runnable.includes(cell)) expect(impossible(cell)?.why).toMatch(/\w{3}/)
    })
    it.each(named(run))("%s", { timeout: CELL_MS }, async (_, cell) => {
      expect.hasAssertions()
      await expectBest(here(), cell)
    })
    it.each(named(not))("never: %s", { timeout: CELL_MS }, async (_, cell) => {
      expect.hasAssertions()
      await expectNever(here(), cell)
    })
  })

  function sampled(
    runnable: readonly Cell[],
    absent: readonly Cell[],
    nth: number,
  ): { run: readonly Cell[]; not: readonly Cell[] } {
    const chance = new Chance(SEED)
    const slow = nth === SEED % parts.length ? SLOW : 0
    const isSlow = (cell: Cell): boolean => cell.fault === "blackhole" || cell.instant.during === "cancel"
    const quick = chance.some(
      runnable.filter((cell) => !isSlow(cell)),
      QUICK,
    )
    return { run: [...quick, ...chance.some(runnable.filter(isSlow), slow)], not: chance.some(absent, 1) }
  }
}

function named(cells: readonly Cell[]): readonly (readonly [string, Cell])[] {
  return cells.map((cell) => [nameOf(cell), cell])
}
