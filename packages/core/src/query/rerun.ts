import type { Failure, GaveUp } from "@kysely-resilient/driver"

/** What is known when a run of a transaction's callback has ended without being committed. */
export interface EndedRun {
  /** The first failure recorded on its lease, or COMMIT's; whatever the callback made of it. */
  readonly failure: Pick<Failure, "retry" | "effect" | "retriesMax">
  /** 1 for the first run. */
  readonly run: number
  readonly attemptsMax: number
  /** False: the caller has switched it off. */
  readonly allowed: boolean
  /** The least wait before the next run. */
  readonly waitMs: number
  readonly remainingMs: number
}

/** Why the whole callback must not run again in a new transaction; undefined if it may. */
export function reasonToStop(ended: EndedRun): GaveUp | undefined {
  const { failure, run, attemptsMax, allowed, waitMs, remainingMs } = ended

  const because = unrepeatable(failure)
  if (because !== undefined) return because

  // Is it wanted, and can we afford it?
  if (!allowed) return "switched-off"
  if (run >= attemptsMax || run > (failure.retriesMax ?? Number.POSITIVE_INFINITY)) return "attempts-spent"
  if (waitMs >= remainingMs) return "deadline-near"

  return undefined
}

/** Why nobody should run it again, whatever he can afford; undefined if somebody may. */
export function unrepeatable(failure: Pick<Failure, "retry" | "effect">): GaveUp | undefined {
  // Is it safe?
  if (failure.effect === "unknown") return "effect-unknown"

  // Would it help? What is done is done.
  if (failure.effect === "applied" || failure.effect === "applied_locally") return "not-transient"
  return failure.retry === "transaction" ? undefined : "not-transient"
}
