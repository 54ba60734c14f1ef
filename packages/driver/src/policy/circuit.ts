import type { Failure } from "../failure/failure.ts"

/** When nobody is sent any more to a server that answers nobody. */
export interface CircuitRules {
  /** So many failures, */
  readonly failuresMin: number
  /** all within so long, milliseconds; */
  readonly windowMs: number
  /** and for so long, milliseconds, no connection could be opened and no statement has succeeded. */
  readonly afterMs: number
  /** Failures further apart than this, milliseconds, belong to two troubles: in between nobody has looked. */
  readonly gapMs: number
}

/**
 * Three: one may be a broken line, two the restart that mended it. Thirty seconds: each of the three may have taken the five
 * that opening a connection has. Five seconds: whoever came at the beginning has waited as long as he was willing to, so
 * an outage that all could have waited for opens nothing.
 */
export const DEFAULT_CIRCUIT: Omit<CircuitRules, "gapMs"> = { failuresMin: 3, windowMs: 30_000, afterMs: 5_000 }

/**
 *   closed ──nothing but failures──▶ open ──a probe begins──▶ half-open
 *     ▲                                ▲                        │  │
 *     │                                └────── it fails ────────┘  │
 *     └─────────────────── any success ────────────────────────────┘
 *
 * A single success keeps it closed: what still answers somebody is there, and to refuse those whom it would have answered is
 * an error that nobody needs. It is tried by a connection of our own, never by somebody's statement.
 */
export type Circuit =
  | {
      readonly state: "closed"
      /** Undefined: all is well. */
      readonly trouble: Trouble | undefined
    }
  | { readonly state: "open" | "half-open"; readonly since: number; readonly failure: Failure }

interface Trouble {
  /** The first opening that failed; undefined if only statements have. */
  readonly unreachableSince: number | undefined
  readonly failedAt: number
}

export const closedCircuit: Circuit = { state: "closed", trouble: undefined }

export type CircuitEvent =
  /** A statement succeeded, or a connection was opened. */
  | { readonly event: "success" }
  /** `failures`: those that are remembered, this one included. */
  | { readonly event: "failure"; readonly failure: Failure; readonly failures: number; readonly now: number }
  | { readonly event: "probe-began" }
  | { readonly event: "probe-failed" }

export function nextCircuit(circuit: Circuit, happened: CircuitEvent, rules: CircuitRules): Circuit {
  switch (happened.event) {
    case "success":
      return closedCircuit
    case "failure":
      return circuit.state === "closed" ? afterFailure(circuit.trouble, happened, rules) : circuit
    case "probe-began":
      return circuit.state === "open" ? { ...circuit, state: "half-open" } : circuit
    case "probe-failed":
      return circuit.state === "half-open" ? { ...circuit, state: "open" } : circuit
  }
}

function afterFailure(
  before: Trouble | undefined,
  { failure, failures, now }: Extract<CircuitEvent, { readonly event: "failure" }>,
  { failuresMin, afterMs, gapMs }: CircuitRules,
): Circuit {
  const same = before !== undefined && now - before.failedAt <= gapMs
  const earlier = same ? before.unreachableSince : undefined
  const connecting = failure.phase === "connect"
  const unreachableSince = earlier ?? (connecting ? now : undefined)
  const long = unreachableSince !== undefined && now - unreachableSince >= afterMs
  if (connecting && long && failures >= failuresMin) return { state: "open", since: now, failure }
  return { state: "closed", trouble: { unreachableSince, failedAt: now } }
}
