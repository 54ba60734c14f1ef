import type { Operation, Scenario, Step } from "./scenario.ts"
import { simulate } from "./simulate.ts"

/** What went wrong, without the numbers and names that differ from run to run. */
export function kindOf(wrong: string): string {
  const [first = ""] = wrong.split("\n")
  return first
    .replaceAll(/\b(w\d+\.\d+|probe \d+)\b( \w+)?/g, "…")
    .replaceAll(/\d+(\.\d+)?/g, "#")
    .slice(0, 120)
}

export interface Shrunk {
  readonly scenario: Scenario
  readonly wrong: string
  /** How many smaller ones were tried. */
  readonly tries: number
}

/** What is decided while it runs differs as soon as anything is left out, so each smaller scenario gets a few chances. */
const SEEDS_TRIED = 4

/**
 * A smaller scenario that goes wrong in the same way: fewer faults, workers, operations and steps, no limits, nothing late. It
 * stops when nothing more can be left out, or after so many tries.
 */
export async function shrink(failing: Scenario, wrong: string, triesMax = 1_500): Promise<Shrunk> {
  const kind = kindOf(wrong)
  let best: Shrunk = { scenario: failing, wrong, tries: 0 }
  let tries = 0
  for (let smaller = true; smaller && tries < triesMax;) {
    smaller = false
    for (const candidate of candidates(best.scenario)) {
      for (let offset = 0; offset < SEEDS_TRIED && tries < triesMax && !smaller; offset += 1) {
        tries += 1
        const scenario = { ...candidate, seed: best.scenario.seed + offset }
        const run = await simulate(scenario)
        if (run.wrong === undefined || kindOf(run.wrong) !== kind) continue
        best = { scenario, wrong: run.wrong, tries }
        smaller = true
      }
      if (smaller) break
    }
  }
  return { ...best, tries }
}

/** The boldest first. */
function* candidates(scenario: Scenario): Generator<Scenario> {
  const { workers, faults } = scenario
  for (const fewer of without(workers)) yield { ...scenario, workers: fewer }
  for (const fewer of without(faults)) yield { ...scenario, faults: fewer }
  for (const [at, operations] of workers.entries()) {
    const changed = (to: readonly Operation[]): Scenario => ({ ...scenario, workers: workers.with(at, to) })
    if (operations.length > 2) yield changed(operations.slice(Math.floor(operations.length / 2)))
    for (const fewer of without(operations)) yield changed(fewer)
    for (const [index, operation] of operations.entries()) {
      for (const simpler of simplerOperations(operation)) yield changed(operations.with(index, simpler))
    }
  }
  if (scenario.lateMs > 0) yield { ...scenario, lateMs: 0 }
  if (scenario.server.synchronous) yield { ...scenario, server: { ...scenario.server, synchronous: false } }
  if (scenario.driver.poolMin > 0) yield { ...scenario, driver: { ...scenario.driver, poolMin: 0 } }
  if (scenario.driver.poolMax > 1) {
    const driver = { ...scenario.driver, poolMin: Math.min(1, scenario.driver.poolMin), poolMax: 1 }
    yield { ...scenario, driver }
  }
}

function* simplerOperations(operation: Operation): Generator<Operation> {
  if ("abortAfterMs" in operation) {
    const { abortAfterMs: _, ...rest } = operation
    yield rest
  }
  if ("retry" in operation) {
    const { retry: _, ...rest } = operation
    yield rest
  }
  if (operation.do === "transaction" || operation.do === "lease") {
    for (const steps of fewerSteps(operation.steps)) yield { ...operation, steps }
  }
}

function* fewerSteps(steps: readonly Step[]): Generator<readonly Step[]> {
  yield* without(steps)
  for (const [at, step] of steps.entries()) {
    if (step.do !== "savepoint") continue
    yield steps.toSpliced(at, 1, ...step.steps)
    for (const inner of fewerSteps(step.steps)) yield steps.with(at, { ...step, steps: inner })
  }
}

/** Each of them left out once. */
function* without<T>(list: readonly T[]): Generator<readonly T[]> {
  for (const at of list.keys()) yield list.toSpliced(at, 1)
}
