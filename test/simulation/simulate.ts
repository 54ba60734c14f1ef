import { perform } from "./operations.ts"
import { raw, texts } from "./queries.ts"
import type { Operation, Scenario } from "./scenario.ts"
import { heal } from "./strikes.ts"
import { Violation, World } from "./world.ts"

export interface Simulated {
  readonly wrong: string | undefined
  readonly steps: number
  readonly struck: number
  /** What was seen, and how often. */
  readonly tally: ReadonlyMap<string, number>
  readonly trace: readonly string[] | undefined
}

/** After the last fault everything must work again within this. */
const RECOVERY_MS = 15_000

/** Plays a scenario from its beginning to its end. Two runs of the same scenario are the same run. */
export async function simulate(scenario: Scenario, { traced = false } = {}): Promise<Simulated> {
  const trace = traced ? [] : undefined
  const world = new World(scenario, trace)
  const unhandled = (reason: unknown): void => world.wrong(`a rejection that nobody handles: ${String(reason)}`)
  process.on("unhandledRejection", unhandled)
  let wrong: string | undefined
  try {
    await play(world)
  } catch (error) {
    if (error instanceof Violation) wrong = error.message
    else wrong = error instanceof Error ? (error.stack ?? error.message) : String(error)
  } finally {
    process.off("unhandledRejection", unhandled)
  }
  return { wrong, steps: world.steps, struck: world.struck, tally: world.tally, trace }
}

async function play(world: World): Promise<void> {
  const { scenario } = world
  let working = scenario.workers.length
  let broken: Error | undefined
  const work = async (operations: readonly Operation[], worker: number): Promise<void> => {
    let before: string | undefined
    for (const [at, operation] of operations.entries()) {
      const name = `w${worker}.${at}`
      before =
        (await world.within(name, limitOf(operation, scenario), perform(world, operation, name, before))) ?? before
    }
  }
  for (const [at, operations] of scenario.workers.entries()) {
    work(operations, at).then(
      () => (working -= 1),
      (error: unknown) => {
        broken = error instanceof Error ? error : new Error("a worker threw something", { cause: error })
        working -= 1
      },
    )
  }
  await world.run(() => working === 0)
  if (broken !== undefined) throw broken

  if (scenario.healed) {
    world.stopFaults()
    heal(world)
    await recover(world)
  }
  let closed = false
  const closing = (async () => {
    await world.within("close", scenario.driver.cancelMs, Promise.resolve(world.db.close()))
    closed = true
  })()
  await world.run(() => closed)
  await closing
  // Farewells.
  await world.pass(2 * scenario.driver.cancelMs + 2_000)
  world.checkClosed()
  world.stopFaults()
  heal(world)
  await world.pass(10_000)
  world.checkServerEmpty()
  world.book.balance()
  if (world.wrongs.length > 0) throw new Violation(world.wrongs.join("\n"))
}

/** Nobody does anything for a while; then everybody can do something. */
async function recover(world: World): Promise<void> {
  const { poolMax, cancelMs } = world.scenario.driver
  await world.pass(3 * cancelMs + 1_500)
  let left = 2 * poolMax
  for (let probe = 0; probe < 2 * poolMax; probe += 1) {
    const name = `probe ${probe}`
    void (async () => {
      for (let tries = 1; ; tries += 1) {
        // Writes, too: numbers that a crash has made free are given to somebody else before anybody asks for them.
        const text = probe % 2 === 0 ? texts.append : texts.find
        const query = raw(text, [`${name}.${tries}`, `A ${name}`])
        const settled = await world.engine.run(query, { timeoutMs: RECOVERY_MS })
        if (settled.ok) break
        if (tries === 3) world.wrong(`${name} failed after everything was well again: ${settled.failure.message}`)
        if (tries === 3) break
        await world.think(300)
      }
      left -= 1
    })()
  }
  await world.run(() => left === 0)
  let asked = false
  void world.askLater().then(() => (asked = true))
  await world.run(() => asked)
  // What nobody could stop has ended by itself.
  await world.pass(2 * cancelMs + 10_000)
  world.checkAtRest()
}

/** How long its caller may have to wait for an answer, at most. */
function limitOf(operation: Operation, { driver, server }: Scenario): number {
  const { queryMs, cancelMs } = driver
  switch (operation.do) {
    case "think":
      return operation.ms
    case "transaction":
      // A lease is given back before its holder is told.
      return operation.timeoutMs + 4 * cancelMs
    case "lease":
      return operation.timeoutMs + 4 * cancelMs
    case "raw":
      return 3 * (queryMs + cancelMs) + 2 * cancelMs
    case "stream-write":
      return 4 * ((operation.timeoutMs ?? queryMs) + cancelMs) + 3 * cancelMs
    case "stream":
      return (server.accounts + 3) * ((operation.timeoutMs ?? queryMs) + cancelMs) + 2 * cancelMs
    default:
      return Math.min(operation.timeoutMs ?? queryMs, operation.abortAfterMs ?? Number.POSITIVE_INFINITY) + cancelMs
  }
}
