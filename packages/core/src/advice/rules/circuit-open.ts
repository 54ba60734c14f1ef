import { actionFor } from "../cause.ts"
import { counted, inSeconds, seconds, type MemoryRule } from "../memory.ts"

export const circuitOpen: MemoryRule = {
  code: "CIRCUIT_OPEN",
  when: "the circuit is open: nothing but failures came from the server for longer than `circuit.afterMs`",
  why: "Callers are refused at once, with `retryAfterMs`, instead of waiting for nothing. It closes by itself when a connection can be opened.",
  find({ snapshot, seen }) {
    const { circuit, metrics } = snapshot
    if (circuit.state === "closed") return undefined
    const failures = seen("opening-failed")
    const openMs = circuit.openMs ?? 0
    return {
      severity: "critical",
      message: `The circuit is ${circuit.state} for ${inSeconds(openMs)}: callers are refused at once while a connection is tried`,
      was: `The circuit was ${circuit.state} for at least ${inSeconds(openMs)}: callers were refused at once`,
      action: actionFor(failures.amounts),
      evidence: {
        state: circuit.state,
        open_s: seconds(openMs),
        surfaced_errors: metrics.window.surfaced,
        openings_failed: counted(failures),
      },
    }
  },
}
