import { describe, expect, it } from "vitest"

import { onceWrong } from "./once-wrong.ts"
import { reportOf } from "./report.ts"
import { scenarioOf } from "./scenario.ts"
import { simulate } from "./simulate.ts"

/** Nothing if all is well; else a report of the first that is not. */
async function play(first: number, count: number): Promise<string | undefined> {
  for (let seed = first; seed < first + count; seed += 1) {
    const scenario = scenarioOf(seed)
    const { wrong } = await simulate(scenario)
    if (wrong !== undefined) return await reportOf(seed, scenario, wrong)
  }
  return undefined
}

describe("whatever happens to callers, network and server", { timeout: 120_000 }, () => {
  it("is true what callers are told, and everything is in order afterwards: known seeds", async () => {
    expect(await play(1, 200)).toBeUndefined()
  })

  it("is true what callers are told, and everything is in order afterwards: new seeds", async () => {
    const first = Math.floor(Math.random() * 1_000_000_000)
    expect(await play(first, 200), `from seed ${first}`).toBeUndefined()
  })

  it.each(onceWrong)("is repaired that %s", async (_, scenario) => {
    for (let seed = scenario.seed; seed < scenario.seed + 3; seed += 1) {
      expect(await simulate({ ...scenario, seed })).toMatchObject({ wrong: undefined })
    }
  })

  it("happens again in the same way, step by step", async () => {
    for (const seed of [7, 19, 75]) {
      const [one, other] = [scenarioOf(seed), scenarioOf(seed)]
      expect(await simulate(one, { traced: true })).toEqual(await simulate(other, { traced: true }))
    }
  })
})
