import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { crowded, unreachable, wrongPassword } from "./pool-fixture.ts"
import { LARGEST_MAX, World } from "./pool-world.ts"

/** Something happens, everything runs that is due by then, and all that must be true is looked at. */
class Happening implements fc.AsyncCommand<object, World> {
  readonly #name: string
  readonly #happen: (world: World) => void | Promise<void>

  constructor(name: string, happen: (world: World) => void | Promise<void>) {
    this.#name = name
    this.#happen = happen
  }

  check(): boolean {
    return true
  }

  async run(_model: object, world: World): Promise<void> {
    await this.#happen(world)
    await world.clock.advance(0)
    world.check()
  }

  toString(): string {
    return this.#name
  }
}

const which = fc.nat({ max: 7 })
const failures = fc.constantFrom(unreachable, unreachable, crowded, wrongPassword)

const ask = fc
  .option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined, freq: 2 })
  .map((deadlineMs) => new Happening(`ask(${deadlineMs ?? ""})`, (world) => world.ask(deadlineMs)))

const giveBack = fc
  .tuple(which, fc.constantFrom("keep", "keep", "keep", "discard", "abandon"))
  .map(([index, fate]) => new Happening(`giveBack(${index}, ${fate})`, (world) => world.giveBack(index, fate)))

const opens = fc
  .tuple(which, fc.nat({ max: 9 }))
  .map(
    ([index, chance]) =>
      new Happening(`opens(${index}, ${chance > 0})`, (world) => world.openingSucceeds(index, chance > 0)),
  )

const fails = fc
  .tuple(which, failures)
  .map(
    ([index, failure]) =>
      new Happening(`fails(${index}, ${failure.kind})`, (world) => world.openingFails(index, failure)),
  )

const checks = fc
  .tuple(which, fc.boolean())
  .map(([index, good]) => new Happening(`checks(${index}, ${good})`, (world) => world.checkEnds(index, good)))

const passes = fc
  .oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 50, max: 700 }), fc.integer({ min: 700, max: 4_000 }))
  .map((ms) => new Happening(`passes(${ms})`, (world) => world.clock.advance(ms)))

/** Its timers are late: what should have been closed meanwhile must not be handed out for that. */
const oversleeps = fc.integer({ min: 100, max: 12_000 }).map(
  (ms) =>
    new Happening(`oversleeps(${ms})`, (world) => {
      world.clock.jump(ms)
      world.ask(undefined)
    }),
)

const resizes = fc
  .tuple(fc.nat({ max: LARGEST_MAX }), fc.integer({ min: 1, max: LARGEST_MAX }))
  .map(([min, max]) => [Math.min(min, max), max] as const)
  .map(([min, max]) => new Happening(`resizes(${min}, ${max})`, (world) => world.resize(min, max)))

/** One time in `oneIn`. */
const seldom = (name: string, oneIn: number, happen: (world: World, index: number) => void): fc.Arbitrary<Happening> =>
  fc
    .tuple(which, fc.nat({ max: oneIn - 1 }))
    .map(([index, chance]) =>
      chance === 0 ? new Happening(`${name}(${index})`, (world) => happen(world, index)) : undefined,
    )
    .chain((happening) => (happening === undefined ? ask : fc.constant(happening)))

const rests = fc.integer({ min: 400, max: 3_000 }).map((ms) => new Happening(`rests(${ms})`, (world) => world.rest(ms)))

const happenings = [
  ask,
  ask,
  giveBack,
  giveBack,
  opens,
  opens,
  opens,
  fails,
  checks,
  checks,
  passes,
  passes,
  resizes,
  rests,
  oversleeps,
  seldom("watches", 2, (world) => world.watch()),
  seldom("unwatches", 3, (world, index) => world.unwatch(index)),
  seldom("aborts", 2, (world, index) => world.abort(index)),
  seldom("dies", 2, (world, index) => world.die(index)),
  seldom("spoils", 4, (world, index) => world.spoil(index)),
  seldom("givesBackAgain", 2, (world, index) => world.giveBackAgain(index)),
  seldom("resets", 5, (world) => world.pool.reset()),
  seldom("closes", 40, (world) => world.close()),
]

describe("whatever happens to a pool, in whatever order", () => {
  it("keeps its promises after each step, and nothing is left when it is closed", { timeout: 60_000 }, async () => {
    const sizes = fc.record({ min: fc.nat({ max: 2 }), max: fc.integer({ min: 2, max: LARGEST_MAX }) })
    const met = new Set<string>()
    const proof = fc.asyncProperty(
      sizes,
      fc.commands(happenings, { size: "max", maxCommands: 200 }),
      async (size, commands) => {
        const world = new World(size)
        await fc.asyncModelRun(() => ({ model: {}, real: world }), commands)
        await world.calmDown()
        for (const { name } of world.events) met.add(name)
      },
    )
    await expect(fc.assert(proof, { numRuns: 150 })).resolves.toBeUndefined()
    // What no run ever met would be proved of nothing.
    for (const name of ["pool.outage-ended", "pool.reset", "circuit.opened", "circuit.half-opened", "circuit.closed"]) {
      expect([...met]).toContain(name)
    }
  })
})
