import { whyOf } from "@kysely-resilient/http/src/page/app/status-words.ts"
import { clockTime } from "@kysely-resilient/http/src/page/app/format.ts"
import { expect, it } from "vitest"

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
) {
  const reasons = messages.map((message) => ({ code, severity: "warning", message }) as const)
  // Of a report it needs to know no more.
  const report = { resilience: { status }, reasons, recovers_at: recoversAt } as unknown as Report
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
    "does not forget what nobody knows",
    why("healthy", [], null, false, 1),
    "All is well now. Of 1 write nobody knows whether it was done.",
  ],
  ["says what is wrong while it is going on", why("degraded", [low], null, true), `${low}.`],
  ["promises nothing where nobody knows", why("degraded", ["No connection", "Low"], null), "No connection · Low."],
  [
    "says why it is not yet healthy though all incidents are over, and by when it will be",
    why("degraded", ["Many", "Low"], at, false),
    `It is over, and counts for a while: Many · Low. If nothing more goes wrong, healthy by ${shown}.`,
  ],
  [
    "does not say that it is over while something goes on, or where there was no incident",
    `${why("degraded", [low], at, true)} ${why("degraded", [low], at)}`,
    `${low}. If nothing more goes wrong, healthy by ${shown}. ${low}. If nothing more goes wrong, healthy by ${shown}.`,
  ],
  [
    "does not say twice that it is over",
    why("degraded", ["What was wrong has been over for 3.0 s"], at, false, 0, "RECOVERING"),
    `What was wrong has been over for 3.0 s. If nothing more goes wrong, healthy by ${shown}.`,
  ],
])("%s", (_, said, expected) => {
  expect(said).toBe(expected)
})
