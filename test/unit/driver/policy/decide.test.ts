import type { Failure } from "@kysely-resilient/driver"
import { decide, type Situation } from "@kysely-resilient/driver/src/policy/decide.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const conflict: Failure = {
  kind: "serialization_failure",
  blame: "statement",
  retry: "transaction",
  pace: "quick",
  connection: "repair",
  effect: "not_applied",
  origin: "server",
  phase: "write",
  message: "could not serialize access",
}

const lost: Failure = {
  kind: "connection_failed",
  blame: "server",
  retry: "statement",
  pace: "slow",
  connection: "discard",
  effect: "unknown",
  origin: "socket",
  phase: "write",
  message: "the connection was lost",
}

const unreachable: Failure = { ...lost, phase: "connect", effect: "not_applied" }

/** A write in a transaction of its own, which lost a conflict at its first try. Nothing stands in the way of a second. */
const hopeful: Situation = {
  failure: conflict,
  attempt: 1,
  attemptsMax: 3,
  enabled: true,
  connected: true,
  repeatable: false,
  inTransaction: false,
  pinned: false,
  budgetAvailable: true,
  remainingMs: 10_000,
  delayMs: 7,
}

describe("decide", () => {
  it.each([
    ["a write has lost a conflict", {}],
    ["it happened on a pinned connection that stays", { pinned: true }],
    ["a read has lost its connection", { failure: lost, repeatable: true }],
    ["a write was certainly not applied", { failure: { ...lost, effect: "not_applied" } }],
    ["this was the last try but one", { attempt: 2 }],
    ["its kind may be retried once, and has not been", { failure: { ...conflict, retriesMax: 1 } }],
    ["a stream has delivered nothing yet", { rowsDelivered: false }],
    ["no deadline is set", { remainingMs: Number.POSITIVE_INFINITY }],
    ["the wait may be over before the deadline", { remainingMs: 50, delayMs: 70, leastDelayMs: 7 }],
    ["there is just time enough", { remainingMs: 7.001 }],
  ] satisfies [string, Partial<Situation>][])("tries again when %s", (_, change) => {
    expect(decide({ ...hopeful, ...change })).toMatchObject({ action: "retry" })
  })

  it.each([
    ["it would not help", { failure: { ...conflict, retry: "never" } }, "not-transient"],
    ["it is done already", { failure: { ...lost, effect: "applied" }, repeatable: true }, "not-transient"],
    [
      "it is done here, if not there",
      { failure: { ...lost, effect: "applied_locally" }, repeatable: true },
      "not-transient",
    ],
    ["a transaction is open", { inTransaction: true }, "in-transaction"],
    ["a transaction is open, though it only read", { inTransaction: true, repeatable: true }, "in-transaction"],
    ["its caller has rows in hand", { rowsDelivered: true, inTransaction: true, repeatable: true }, "rows-delivered"],
    ["a write may already be done", { failure: lost }, "effect-unknown"],
    ["a COMMIT may already be done", { failure: { ...lost, phase: "commit" }, inTransaction: true }, "effect-unknown"],
    ["session state would be lost", { failure: lost, repeatable: true, pinned: true }, "session-pinned"],
    [
      "session state would be lost with all connections",
      { failure: { ...lost, connection: "discard_generation" }, repeatable: true, pinned: true },
      "session-pinned",
    ],
    ["its caller said so", { enabled: false }, "switched-off"],
    ["no connection was to be had", { failure: unreachable, connected: false }, "attempts-spent"],
    ["this was the last try", { attempt: 3 }, "attempts-spent"],
    ["its kind is retried once only", { failure: { ...conflict, retriesMax: 1 }, attempt: 2 }, "attempts-spent"],
    ["its kind is not retried at all", { failure: { ...conflict, retriesMax: 0 } }, "attempts-spent"],
    ["the retries that all share are spent", { budgetAvailable: false }, "budget-spent"],
    ["the wait would reach the deadline", { remainingMs: 7 }, "deadline-near"],
    ["even the shortest wait would reach it", { remainingMs: 7, delayMs: 70, leastDelayMs: 7 }, "deadline-near"],
    ["the server is not back before the deadline", { failure: { ...conflict, retryAfterMs: 10_000 } }, "deadline-near"],
  ] satisfies [string, Partial<Situation>, string][])("fails when %s", (_, change, because) => {
    expect(decide({ ...hopeful, ...change })).toEqual({ action: "fail", because })
  })

  it("waits at least as long as the server asks for", () => {
    const busy = { ...conflict, retryAfterMs: 300 }
    expect(decide({ ...hopeful, failure: busy })).toEqual({ action: "retry", delayMs: 300 })
    expect(decide({ ...hopeful, failure: busy, delayMs: 400 })).toEqual({ action: "retry", delayMs: 400 })
  })

  it("names what cannot be helped before what could be switched on", () => {
    expect(decide({ ...hopeful, failure: lost, enabled: false, attempt: 3 })).toMatchObject({
      because: "effect-unknown",
    })
  })
})

const failures = fc.record({
  retry: fc.constantFrom("never", "statement", "transaction"),
  effect: fc.constantFrom("not_applied", "applied", "applied_locally", "unknown"),
  connection: fc.constantFrom("keep", "repair", "discard", "discard_generation"),
  phase: fc.constantFrom("acquire", "connect", "read", "write", "transaction", "commit", "rollback"),
  retriesMax: fc.option(fc.nat(5), { nil: undefined }),
  retryAfterMs: fc.option(fc.nat(2_000), { nil: undefined }),
})

/** So that every obstacle is met, and most situations have few. */
const mostly = (usual: boolean): fc.Arbitrary<boolean> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(!usual) })

const situations: fc.Arbitrary<Situation> = fc.record({
  failure: failures.map(({ retriesMax, retryAfterMs, ...rest }) => ({
    ...conflict,
    ...rest,
    ...(retriesMax !== undefined && { retriesMax }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })),
  attempt: fc.integer({ min: 1, max: 6 }),
  attemptsMax: fc.integer({ min: 1, max: 6 }),
  enabled: mostly(true),
  connected: mostly(true),
  repeatable: fc.boolean(),
  inTransaction: mostly(false),
  pinned: mostly(false),
  budgetAvailable: mostly(true),
  rowsDelivered: mostly(false),
  remainingMs: fc.oneof(fc.nat(2_000), fc.constant(Number.POSITIVE_INFINITY)),
  delayMs: fc.nat(2_000),
})

describe("properties of decide", () => {
  it("property: nothing that may be done already is done again", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        if (decide(situation).action === "fail") return
        const { failure, repeatable, inTransaction } = situation
        expect(inTransaction).toBe(false)
        expect(failure.effect === "not_applied" || (failure.effect === "unknown" && repeatable)).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  it("property: what is safe, would help and can be afforded is tried again, and not before it is time", () => {
    fc.assert(
      fc.property(situations, (given) => {
        const situation: Situation = {
          ...given,
          failure: { ...given.failure, retry: "statement", effect: given.repeatable ? "unknown" : "not_applied" },
          attempt: Math.min(given.attempt, given.attemptsMax - 1, given.failure.retriesMax ?? 6),
          enabled: true,
          connected: true,
          inTransaction: false,
          pinned: given.pinned && !given.failure.connection.startsWith("discard"),
          rowsDelivered: false,
          budgetAvailable: true,
          remainingMs: given.remainingMs + 2_001,
        }
        const decision = decide(situation)
        expect(decision).toEqual({ action: "retry", delayMs: Math.max(given.delayMs, given.failure.retryAfterMs ?? 0) })
      }),
    )
  })

  it("property: however often it fails, it is tried at most attemptsMax times and retried at most retriesMax times", () => {
    const bounds = fc.option(fc.nat(5), { nil: undefined })
    fc.assert(
      fc.property(
        fc.array(bounds, { minLength: 8, maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        (script, attemptsMax) => {
          let tries = 0
          for (const retriesMax of script) {
            tries += 1
            const failure = retriesMax === undefined ? conflict : { ...conflict, retriesMax }
            const decision = decide({ ...hopeful, failure, attempt: tries, attemptsMax })
            expect(tries).toBeLessThanOrEqual(attemptsMax)
            if (decision.action === "fail") break
            expect(tries).toBeLessThanOrEqual(retriesMax ?? tries)
          }
        },
      ),
    )
  })

  it("property: a retry begins before the deadline", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const decision = decide(situation)
        const begins = decision.action === "retry" ? decision.delayMs : Number.NEGATIVE_INFINITY
        expect(begins).toBeLessThan(situation.remainingMs)
      }),
      { numRuns: 2_000 },
    )
  })
})
