import { serverIsAway } from "../failure/availability.ts"
import type { Failure } from "../failure/failure.ts"
import type { Clock } from "../foundation/clock.ts"
import type { Observer } from "../telemetry/events.ts"
import { closedCircuit, nextCircuit, type Circuit, type CircuitEvent, type CircuitRules } from "./circuit.ts"
import { FailureWindow } from "./failure-window.ts"

interface BreakerParts {
  readonly clock: Clock
  readonly observer: Observer
  /** `undefined`: it never opens. */
  readonly rules: CircuitRules | undefined
}

/** Holds a circuit, tells it what happened, and tells observers what became of it. */
export class Breaker {
  readonly #parts: BreakerParts
  readonly #failures: FailureWindow | undefined
  #circuit: Circuit = closedCircuit

  constructor(parts: BreakerParts) {
    this.#parts = parts
    this.#failures = parts.rules && new FailureWindow(parts.clock, parts.rules.windowMs)
  }

  get circuit(): Circuit {
    return this.#circuit
  }

  /** A statement succeeded, or a connection was opened. Costs a comparison while nothing fails. */
  succeeded(): void {
    if (this.#circuit === closedCircuit) return
    this.#failures?.clear()
    this.#become({ event: "success" })
  }

  /** A statement or an opening failed. Counts only what says that the server is away. */
  failed(failure: Failure): void {
    if (this.#failures === undefined || !serverIsAway(failure)) return
    this.#failures.add()
    const now = this.#parts.clock.now()
    this.#become({ event: "failure", failure, failures: this.#failures.failures, now })
  }

  probeBegan(): void {
    this.#become({ event: "probe-began" })
  }

  /** Or nobody will know how it ended. */
  probeFailed(): void {
    this.#become({ event: "probe-failed" })
  }

  #become(happened: CircuitEvent): void {
    const { clock, observer, rules } = this.#parts
    if (rules === undefined) return
    const before = this.#circuit
    const circuit = nextCircuit(before, happened, rules)
    this.#circuit = circuit
    if (before.state === circuit.state) return
    const at = clock.wallTime()
    if (circuit.state === "half-open") observer({ at, name: "circuit.half-opened" })
    if (circuit.state === "closed" && before.state !== "closed") {
      observer({ at, name: "circuit.closed", durationMs: clock.now() - before.since })
    }
    if (circuit.state === "open" && before.state === "closed") {
      observer({ at, name: "circuit.opened", failure: circuit.failure })
    }
  }
}
