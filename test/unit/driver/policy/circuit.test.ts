import {
  closedCircuit,
  nextCircuit,
  type Circuit,
  type CircuitEvent,
  type CircuitRules,
} from "@kysely-resilient/driver/src/policy/circuit.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { unreachable } from "../pool/pool-fixture.ts"

const rules: CircuitRules = { failuresMin: 3, windowMs: 30_000, afterMs: 5_000, gapMs: 7_000 }
const lost = { ...unreachable, phase: "read" } as const

const failure = (now: number, failures: number, what: typeof unreachable = unreachable): CircuitEvent => ({
  event: "failure",
  failure: what,
  failures,
  now,
})
const after = (...happened: readonly CircuitEvent[]): Circuit =>
  happened.reduce((circuit, event) => nextCircuit(circuit, event, rules), closedCircuit)

const troubled: readonly CircuitEvent[] = [failure(1_000, 3), failure(5_999, 4)]
const opened: Circuit = { state: "open", since: 6_000, failure: unreachable }

describe("nextCircuit", () => {
  it("opens when no connection could be opened for long enough, with failures enough", () => {
    expect(after(...troubled).state).toBe("closed")
    expect(after(...troubled, failure(6_000, 5))).toEqual(opened)
  })

  it.each<[string, readonly CircuitEvent[]]>([
    ["there are few failures", [failure(1_000, 1), failure(6_000, 2)]],
    ["they came together", [failure(1_000, 1), failure(1_001, 2), failure(1_002, 300)]],
    ["something has succeeded since", [...troubled, { event: "success" }, failure(6_000, 6)]],
    ["nobody has looked for a while", [failure(1_000, 3), failure(8_001, 4), failure(13_000, 5)]],
    [
      "statements fail, and nobody knows whether a connection could be opened",
      [failure(1_000, 3, { ...lost }), failure(6_000, 30, { ...lost }), failure(8_000, 30, { ...lost })],
    ],
    [
      "statements failed for long, and an opening only now",
      [failure(1_000, 3, { ...lost }), failure(6_000, 30, { ...lost }), failure(7_000, 31)],
    ],
    ["what fails last is a statement", [...troubled, failure(6_000, 5, { ...lost })]],
  ])("stays closed when %s", (_, happened) => {
    expect(after(...happened).state).toBe("closed")
  })

  const open = [...troubled, failure(6_000, 5)]

  it("is half open while a connection is tried, and open again if that fails", () => {
    expect(after(...open, { event: "probe-began" })).toEqual({ ...opened, state: "half-open" })
    expect(after(...open, { event: "probe-began" }, failure(7_000, 6), { event: "probe-failed" })).toEqual(opened)
  })

  it("is closed by any success, and has forgotten everything", () => {
    expect(after(...open, { event: "success" })).toBe(closedCircuit)
    expect(after(...open, { event: "probe-began" }, { event: "success" })).toBe(closedCircuit)
  })

  it("remembers why it opened, whatever fails later", () => {
    expect(after(...open, failure(7_000, 9, { ...unreachable, message: "another" }))).toEqual(opened)
  })

  it.each(["probe-began", "probe-failed"] as const)("does not care for %s while it is closed", (event) => {
    expect(after({ event })).toBe(closedCircuit)
    expect(after(...troubled, { event })).toEqual(after(...troubled))
  })

  it("property: it opens only if for afterMs nothing has succeeded and openings have failed without a gap", () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom("success", "connect", "connect", "connect", "statement", "probe-began", "probe-failed"),
        ms: fc.oneof(fc.nat(500), fc.nat(8_000)),
      }),
      { size: "max", maxLength: 60 },
    )
    let everOpen = 0
    fc.assert(
      fc.property(steps, (happenings) => {
        let circuit: Circuit = closedCircuit
        let now = 0
        let failures = 0
        let history: { now: number; connect: boolean }[] = []
        for (const { what, ms } of happenings) {
          now += ms
          const wasClosed = circuit.state === "closed"
          if (what === "connect" || what === "statement") {
            failures += 1
            const said = what === "connect" ? unreachable : { ...unreachable, phase: "read" as const }
            circuit = nextCircuit(circuit, { event: "failure", failure: said, failures, now }, rules)
            if ((history.at(-1)?.now ?? -Infinity) < now - rules.gapMs) history = []
            history.push({ now, connect: what === "connect" })
          } else {
            circuit = nextCircuit(circuit, { event: what }, rules)
            if (what === "success") [history, failures] = [[], 0]
          }
          if (what === "success") expect(circuit).toBe(closedCircuit)
          if (!wasClosed || circuit.state === "closed") continue
          everOpen += 1
          const first = history.find(({ connect }) => connect)
          expect(now - (first?.now ?? now)).toBeGreaterThanOrEqual(rules.afterMs)
          expect(failures).toBeGreaterThanOrEqual(rules.failuresMin)
        }
      }),
      { numRuns: 1_000 },
    )
    expect(everOpen).toBeGreaterThan(10)
  })
})
