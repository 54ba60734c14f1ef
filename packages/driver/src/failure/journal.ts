import type { Effect, Failure, FailureKind, Phase } from "./failure.ts"

/** One try that failed, for whoever wants to know afterwards how it came to that. */
export interface FailedTry {
  readonly kind: FailureKind
  readonly phase: Phase
  readonly effect: Effect
  readonly sqlState?: string
  /** Node's error code: ECONNRESET, … */
  readonly errno?: string
  /** From the moment it was begun, the wait for a connection included, milliseconds. */
  readonly tookMs: number
  /** On which of the pool's connections; absent if it got none. */
  readonly connectionId?: number
  /** How long the next try was waited for, milliseconds; absent if there was none. */
  readonly waitedMs?: number
}

/** Tries that are kept: the first ones, which say how it began, and the last ones. */
const FIRST_KEPT = 10
const LAST_KEPT = 10

/** With one more try; of very many, those in the middle are forgotten. */
export function journalWith(
  journal: readonly FailedTry[] | undefined,
  { kind, phase, effect, sqlState, errno }: Failure,
  facts: Pick<FailedTry, "tookMs" | "connectionId">,
): FailedTry[] {
  const before = journal ?? []
  const kept =
    before.length < FIRST_KEPT + LAST_KEPT ? before : [...before.slice(0, FIRST_KEPT), ...before.slice(FIRST_KEPT + 1)]
  const { tookMs, connectionId } = facts
  const failed: FailedTry = {
    kind,
    phase,
    effect,
    ...(sqlState !== undefined && { sqlState }),
    ...(errno !== undefined && { errno }),
    tookMs,
    ...(connectionId !== undefined && { connectionId }),
  }
  return [...kept, failed]
}

/** After its last try was waited. */
export function journalWaited(journal: readonly FailedTry[], waitedMs: number): FailedTry[] {
  const last = journal.at(-1)
  return last === undefined ? [] : [...journal.slice(0, -1), { ...last, waitedMs }]
}
