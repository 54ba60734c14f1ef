import { judge, toldBy } from "@kysely-resilient/cli/src/drill/judge.ts"
import type { Trouble } from "@kysely-resilient/cli/src/drill/trouble.ts"
import { describe, expect, it } from "vitest"

const lost: Trouble = {
  kind: "connection_failed",
  effect: "not_applied",
  because: "attempts-spent",
  attempts: 3,
  message: "lost",
}

const one = (): number => 1
const none = (): number => 0

describe("an error is", () => {
  it.each([
    ["avoidable, if nothing excuses it", lost, {}, "avoidable"],
    [
      "asked for, if its caller broke a rule",
      { ...lost, kind: "check_violation" },
      { expects: ["check_violation"] },
      "asked",
    ],
    ["asked for, if its caller's own time is up", lost, { limitMs: 100 }, "asked"],
    ["asked for, if it is too short for another try", { ...lost, because: "deadline-near" }, { limitMs: 500 }, "asked"],
    ["avoidable, if there was time left", lost, { limitMs: 500 }, "avoidable"],
    ["needed, if rows were delivered", lost, { delivered: one }, "needed"],
    ["avoidable, if none were", lost, { delivered: none }, "avoidable"],
    ["needed, if a session is lost with it", { ...lost, because: "session-pinned" }, { pinned: true }, "needed"],
    ["avoidable, if that was no session", { ...lost, because: "session-pinned" }, {}, "avoidable"],
    ["unknown, if nobody knows", { ...lost, effect: "unknown" }, { expects: ["connection_failed"] }, "unknown"],
  ] as const)("%s", (_, trouble, terms, outcome) => {
    expect(judge(trouble, terms, { writes: true, tookMs: 100, outageMs: 0 })).toBe(outcome)
  })

  it("asked for, if nobody knows yet and its caller has no time to wait", () => {
    expect(judge({ ...lost, effect: "unknown" }, { limitMs: 90 }, { writes: true, tookMs: 100, outageMs: 0 })).toBe(
      "asked",
    )
  })

  it("avoidable, if a read is said to have had an effect that nobody knows", () => {
    expect(judge({ ...lost, effect: "unknown" }, {}, { writes: false, tookMs: 1, outageMs: 0 })).toBe("avoidable")
  })

  it("needed, if there was no server for longer than the driver waits, and says that nothing was done", () => {
    const at = (outageMs: number, effect: Trouble["effect"]) =>
      judge({ ...lost, effect }, {}, { writes: true, tookMs: 11_000, outageMs })
    expect([at(10_000, "not_applied"), at(9_000, "not_applied"), at(10_000, "unknown")]).toEqual([
      "needed",
      "avoidable",
      "unknown",
    ])
  })

  it("held to its word", () => {
    const effects = ["not_applied", "applied", "applied_locally", "unknown"] as const
    expect(effects.map((effect) => toldBy({ effect }))).toEqual(["failed", "ok", "ok", "unknown"])
  })
})
