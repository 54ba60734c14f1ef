import type { Scenario } from "./scenario.ts"
import { shrink } from "./shrink.ts"
import { simulate } from "./simulate.ts"

/** What a person needs of a scenario that went wrong: which it was, a smaller one, and what happened in that. */
export async function reportOf(seed: number, scenario: Scenario, wrong: string): Promise<string> {
  const small = await shrink(scenario, wrong)
  const { trace = [] } = await simulate(small.scenario, { traced: true })
  return [
    `Seed ${seed} goes wrong (again: pnpm simulate --seed ${seed} --seeds 1):`,
    wrong,
    "",
    `Made smaller in ${small.tries} tries (again: pnpm simulate --replay '…'):`,
    JSON.stringify(small.scenario),
    small.wrong,
    "",
    ...trace.slice(-80),
  ].join("\n")
}
