import type { DriverChoices, Operation, Scenario, Strike } from "./scenario.ts"

/** When something was wrong, and how long it was meant to be. */
interface Trouble {
  readonly from: number
  readonly to: number
}

/** Whether a caller may be told "unknown", by what was done to the world meanwhile. */
export class Doubts {
  readonly #scenario: Scenario
  readonly #troubles: Trouble[] = []
  readonly #newLives: number[] = []

  constructor(scenario: Scenario) {
    this.#scenario = scenario
  }

  struck(strike: Strike, now: number): void {
    const lengthMs = lengthOf(strike)
    this.#troubles.push({ from: now, to: now + lengthMs })
    if (strike.do === "crash" || strike.do === "fail-over") this.#newLives.push(now)
  }

  /** How commits are proved here: without its table a marker cannot be written. */
  get proof(): DriverChoices["resolution"] {
    const { driver, server } = this.#scenario
    return driver.resolution === "marker" && !server.markers ? "xid" : driver.resolution
  }

  /** When all is well again: whoever asks learns what became of what was begun then. */
  mustBeFound(since: number): boolean {
    // The pool may hold all connections that the server allows.
    if (this.#scenario.server.connectionsMax < 100) return false
    return this.proof === "marker" || this.#livedOnSince(since)
  }

  #livedOnSince(moment: number): boolean {
    return this.#newLives.every((at) => at < moment)
  }

  /** Why what was begun then may be unknown now; undefined if it must not be. */
  excuse(operation: Operation, since: number, now: number): string | undefined {
    const { driver, server } = this.#scenario
    if (this.proof === "off") return "it is not resolved"
    if (NEVER_RESOLVED.has(operation.do)) return "such as these are not resolved"
    if (operation.do === "append" && (operation.via === "several" || operation.via === "call")) {
      return "it may have committed by itself"
    }
    const alone = operation.do === "append" || operation.do === "batch"
    if (alone && !driver.resolveAutocommit) return "statements alone are not resolved"
    if (now - since >= limitOf(operation, driver) - 1) return "its time is up"
    if (this.proof === "xid" && !this.#livedOnSince(since)) return "the server has begun another life"
    if (server.connectionsMax < 100) return "there may be no room for somebody who asks"
    const troubles = this.#troubles.filter(({ from, to }) => from <= now && to >= since)
    if (!driver.retry) return troubles.length > 0 ? "it is not waited for a server that cannot be reached" : undefined
    const outlasted = now - since >= driver.outageWaitMs && troubles.some(({ from, to }) => to > from)
    return outlasted ? "the server could not be reached for too long" : undefined
  }
}

const NEVER_RESOLVED: ReadonlySet<Operation["do"]> = new Set(["raw", "upsert", "touch", "read", "stream"])

/** When its caller wants no answer any more. */
function limitOf(operation: Operation, { queryMs }: DriverChoices): number {
  const timeoutMs = "timeoutMs" in operation ? operation.timeoutMs : undefined
  const abortAfterMs = "abortAfterMs" in operation ? operation.abortAfterMs : undefined
  return Math.min(timeoutMs ?? queryMs, abortAfterMs ?? Number.POSITIVE_INFINITY)
}

function lengthOf(strike: Strike): number {
  switch (strike.do) {
    case "crash":
      return strike.downMs
    case "fail-over":
      return strike.downMs + strike.recoveryMs
    default:
      return "ms" in strike ? strike.ms : 0
  }
}
