import { doubtOf, whyOf } from "@kysely-resilient/http/src/page/app/status-words.ts"
import { clockTime } from "@kysely-resilient/http/src/page/app/format.ts"
import { describe, expect, it } from "vitest"

import { event } from "./support.ts"

type Report = Parameters<typeof whyOf>[0]

const at = "2026-03-01T12:00:10.000Z"
const shown = clockTime(Date.parse(at))
const low = "93.1 % of 1612 statements in the last 60 s succeeded at the first try (95.0 % are wanted)"

function why(
  status: Report["resilience"]["status"],
  messages: readonly string[],
  recoversAt: string | null,
  open?: boolean,
  unknown = 0,
  code = "LOW_SUCCESS_RATE",
  recommendations: readonly object[] = [],
) {
  const reasons = messages.map((message) => ({ code, severity: "warning", message }) as const)
  // Of a report it needs to know no more.
  const report = { resilience: { status }, reasons, recommendations, recovers_at: recoversAt } as unknown as Report
  return whyOf(report, open === undefined ? [] : [{ open, unknown }])
}

it.each([
  ["says that all is well", why("healthy", [], null), "All is well now."],
  [
    "does not call well what goes on though the server is there",
    why("healthy", [], null, true),
    "The server is there; something goes on all the same.",
  ],
  [
    "does not call all well while nobody knows of a write whether it was done",
    why("healthy", [], null, false, 1),
    "The server is well; something is left for a person to do.",
  ],
  [
    "does not call all well while callers wait in line, though nothing failed",
    why("healthy", [], null, undefined, 0, "", [{ severity: "warning" }]),
    "The server is there; something is recommended all the same.",
  ],
  [
    "calls it well when that is over",
    why("healthy", [], null, undefined, 0, "", [{ severity: "warning", passed: true }, { severity: "info" }]),
    "All is well now.",
  ],
  ["says what is wrong while it is going on", why("degraded", [low], null, true), `${low}.`],
  ["promises nothing where nobody knows", why("degraded", ["No connection", "Low"], null), "No connection; Low."],
  [
    "says why it is not yet healthy though all incidents are over, and by when it will be",
    why("degraded", ["Many", "Low"], at, false),
    `It is over, and counts for a while: Many; Low. If nothing more goes wrong, healthy by ${shown}.`,
  ],
  [
    "does not say that it is over while something goes on, or where there was no incident",
    `${why("degraded", [low], at, true)} ${why("degraded", [low], at)}`,
    `${low}. If nothing more goes wrong, healthy by ${shown}. ${low}. If nothing more goes wrong, healthy by ${shown}.`,
  ],
  [
    "does not say twice that it is over",
    why("degraded", ["Nothing has gone wrong for 3.0 s; after 10 s it counts as healthy"], at, false, 0, "RECOVERING"),
    `Nothing has gone wrong for 3.0 s; after 10 s it counts as healthy: at ${shown}, if all goes well.`,
  ],
])("%s", (_, said, expected) => {
  expect(said).toBe(expected)
})

describe("what nobody knows", () => {
  const lost = (label: string) => event(1, "transaction.failed", { effect: "unknown", label })

  it("is said by name, of all incidents together", () => {
    expect(doubtOf([{ unknown: 1, events: [lost("transfer 4001")] }])).toBe(
      "Of 1 write (transfer 4001) nobody knows whether it was done: what to do",
    )
    const several = [
      { unknown: 1, events: [lost("a 1")] },
      { unknown: 0, events: [] },
      { unknown: 4, events: ["b 1", "b 2", "b 3", "b 4"].map(lost) },
    ]
    expect(doubtOf(several)).toBe(
      "Of 5 writes (a 1, b 1, b 2 and 2 more) nobody knows whether they were done: what to do",
    )
  })

  it("is nothing where all is known, and names nothing that was found out late", () => {
    expect(doubtOf([{ unknown: 0, events: [] }])).toBe("")
    const late = event(2, "effect.resolved", { effect: "applied", late: true, label: "a 1" })
    expect(doubtOf([{ unknown: 1, events: [lost("a 1"), lost("a 2"), late] }])).toContain("(a 2)")
  })
})
