import { DEFAULT_CIRCUIT, type CircuitRules } from "../policy/circuit.ts"
import { LONGEST_MS, type Keys, type Section } from "./check.ts"

const CIRCUIT_KEYS: Keys = {
  known: ["failuresMin", "windowMs", "afterMs"],
  hints: {
    failureRatio: "Remove it: a single success keeps the circuit closed",
    threshold: "Write failuresMin",
    resetTimeout: "Remove it: the server is looked for all the time, and the circuit closes when it is there",
  },
}

/** On top of the time that opening a connection may take, the longest pause between two openings. */
const PAUSE_MS = 2_000

/**
 * @param outageWaitMs from the retry options: while callers are willing to wait nobody is refused
 * @param connectMs from the timeouts
 */
export function resolveCircuit(root: Section, outageWaitMs: number, connectMs: number): CircuitRules | undefined {
  const given = root.value("circuit")
  if (given === false) return undefined
  if (given === true) root.wrong("circuit", "is true", "Leave it out for the defaults, or give an object or false")
  const usualAfterMs = Math.max(DEFAULT_CIRCUIT.afterMs, outageWaitMs)
  const usual = { ...DEFAULT_CIRCUIT, afterMs: usualAfterMs, gapMs: connectMs + PAUSE_MS }
  if (given === true) return usual
  const circuit = root.section("circuit", CIRCUIT_KEYS)
  const afterMs = circuit.durationMs("afterMs", { least: 0, most: LONGEST_MS })
  if (afterMs !== undefined && afterMs < outageWaitMs) {
    const why = `is ${afterMs}, below retry.outageWaitMs (${outageWaitMs}): who is willing to wait would be refused`
    circuit.wrong("afterMs", why, "Raise afterMs or lower retry.outageWaitMs")
  }
  return {
    failuresMin: circuit.count("failuresMin", { least: 1, most: 1_000_000 }) ?? usual.failuresMin,
    windowMs: circuit.durationMs("windowMs", { least: 1, most: LONGEST_MS }) ?? usual.windowMs,
    afterMs: afterMs ?? usual.afterMs,
    gapMs: usual.gapMs,
  }
}
