import { engineOf, type Engine } from "@kysely-resilient/core/testing"

import type { Fault } from "./faults/fault.ts"
import { FaultLine } from "./faults/line.ts"
import { strikeEngine } from "./faults/strike.ts"

export interface Faults extends Disposable {
  /** Faults wait in line: each is for the first operation that fits. */
  failNext(fault: Fault): void
  /** How many have not struck yet. */
  readonly pending: number
  /** From now on everything works again. */
  clear(): void
}

/**
 * Makes a database fail at a named point, a real one or a recording one: what the application sees then is what it would see of a
 * failure that the driver could not heal. For failures that it can, there is the fault proxy.
 *
 * ```ts
 * using fault = faults(db)
 * fault.failNext({ kind: "connection_failed", phase: "commit", effect: "unknown" })
 * ```
 */
export function faults(database: object): Faults {
  const engine = engineOf(database)
  if (engine === undefined) {
    throw new Error(
      "faults wants what createDatabase or recordingDatabase gave, and not a transaction or another copy's database",
    )
  }
  const line = new FaultLine()
  const lines = struckEngines.get(engine) ?? strike(engine)
  lines.add(line)
  return {
    failNext: (fault) => line.add(fault),
    get pending() {
      return line.pending
    },
    clear: () => line.clear(),
    [Symbol.dispose]: () => void lines.delete(line),
  }
}

/** Engines whose methods have been replaced, and who has faults for them: none, and they do what they always did. */
const struckEngines = new WeakMap<Engine, Set<FaultLine>>()

function strike(engine: Engine): Set<FaultLine> {
  const lines = new Set<FaultLine>()
  struckEngines.set(engine, lines)
  strikeEngine(engine, (fits) => {
    for (const line of lines) {
      const fault = line.take(fits)
      if (fault !== undefined) return fault
    }
    return undefined
  })
  return lines
}
