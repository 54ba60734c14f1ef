import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"

import { onceWrong } from "./once-wrong.ts"
import { reportOf } from "./report.ts"
import { scenarioOf, type Scenario } from "./scenario.ts"
import { kindOf } from "./shrink.ts"
import { simulate } from "./simulate.ts"

const USAGE = `pnpm simulate [--seed S] [--seeds N] [--replay SCENARIO] [--known] [--first] [--trace] [--tally]

  --seed    the first one; default: chance
  --seeds   how many, one after the other; default 1000
  --replay  a scenario as JSON, or the name of a file with one
  --known   first those that once went wrong
  --first   stop at the first that goes wrong, as it is
  --trace   everything that happens
  --tally   what callers, observers and faults came to, in numbers
`

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    replay: { type: "string" },
    known: { type: "boolean", default: false },
    first: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    tally: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function* scenarios(): Generator<readonly [seed: number, scenario: Scenario]> {
  if (values.replay !== undefined) {
    const text = values.replay.startsWith("{") ? values.replay : readFileSync(values.replay, "utf8")
    const scenario: Scenario = JSON.parse(text)
    yield [scenario.seed, scenario]
    return
  }
  if (values.known) for (const [, scenario] of onceWrong) yield [scenario.seed, scenario]
  const first = values.seed === undefined ? Math.floor(Math.random() * 1_000_000_000) : Number(values.seed)
  print(`from seed ${first}`)
  for (let seed = first; seed < first + Number(values.seeds); seed += 1) yield [seed, scenarioOf(seed)]
}

async function main(): Promise<void> {
  const startedAt = performance.now()
  const tally = new Map<string, number>()
  const kinds = new Map<string, number[]>()
  let [schedules, steps, struck] = [0, 0, 0]
  for (const [seed, scenario] of scenarios()) {
    const run = await simulate(scenario, { traced: values.trace })
    schedules += 1
    steps += run.steps
    struck += run.struck
    for (const [what, count] of run.tally) tally.set(what, (tally.get(what) ?? 0) + count)
    if (values.trace) print([JSON.stringify(scenario), ...(run.trace ?? [])].join("\n"))
    if (run.wrong === undefined) continue
    const kind = kindOf(run.wrong)
    const seeds = kinds.get(kind)
    kinds.set(kind, [...(seeds ?? []), seed])
    if (values.first) break
    if (seeds === undefined) print(await reportOf(seed, scenario, run.wrong))
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const cpu = process.cpuUsage()
  const cpuSeconds = (cpu.user + cpu.system) / 1_000_000
  if (values.tally) {
    for (const [what, count] of [...tally].toSorted((a, b) => b[1] - a[1]))
      print(`${String(count).padStart(9)} ${what}`)
  }
  for (const [kind, seeds] of kinds) print(`${seeds.length} times, seeds ${seeds.slice(0, 8).join(", ")}: ${kind}`)
  const failed = [...kinds.values()].reduce((sum, seeds) => sum + seeds.length, 0)
  print(
    `${schedules} schedules, ${steps} steps, ${struck} faults struck; ${failed} went wrong. ` +
      `${(schedules / seconds).toFixed(0)} schedules/s, ${(steps / seconds).toFixed(0)} steps/s ` +
      `(per second of processor time ${(schedules / cpuSeconds).toFixed(0)} and ${(steps / cpuSeconds).toFixed(0)})`,
  )
  process.exitCode = failed > 0 ? 1 : 0
}

if (values.help) print(USAGE)
else await main()
