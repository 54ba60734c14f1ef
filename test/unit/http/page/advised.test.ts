import type { ReportedAdvice, ResilienceReport } from "@kysely-resilient/core"
import { advisedIn, isUrgent } from "@kysely-resilient/http/src/page/app/advised.ts"
import { clockTime } from "@kysely-resilient/http/src/page/app/format.ts"
import { incidentsOf } from "@kysely-resilient/http/src/page/app/incidents.ts"
import { describe, expect, it } from "vitest"

import { event, sample } from "./support.ts"

const lost = { kind: "server_crashed", blame: "server" } as const
const pressed = event(9_000, "action.started", { label: "Crash PostgreSQL" })
const outage = [
  event(10_000, "pool.outage-began", lost),
  event(12_200, "pool.outage-ended", { duration_ms: 2_200 }),
] as const

const advice = (code: string, more: Partial<ReportedAdvice> = {}): ReportedAdvice => ({
  severity: "warning",
  code,
  message: "It is so",
  action: "Look in the log",
  since: new Date(10_100).toISOString(),
  ...more,
})

function advised(
  recommendations: readonly ReportedAdvice[],
  events = [pressed, ...outage],
  asked: ReportedAdvice[] = [],
) {
  const samples = [sample(11_000, {}, { waiting: 11 })]
  const database = { at_ms: 1, concerns: [], advice: asked }
  // Of a report it needs to know no more.
  const report = { recommendations } as unknown as ResilienceReport
  return advisedIn({ report, events, database }, incidentsOf(events, samples, 60_000))
}

describe("advice on the page", () => {
  const cause = `Caused on purpose: “Crash PostgreSQL” was pressed on this page at ${clockTime(9_000)}.`

  it("names the button that was pressed before, and sends nobody elsewhere", () => {
    const [one] = advised([advice("SERVER_UNREACHABLE", { sql: "select 1" })])
    expect(one).toMatchObject({ cause, action: "" })
    expect(one).not.toHaveProperty("sql")
    expect(advised([advice("SERVER_UNREACHABLE")], [...outage])[0]).toEqual(advice("SERVER_UNREACHABLE"))
  })

  it("suspects it already while no incident is seen yet", () => {
    expect(advised([advice("POOL_EXHAUSTED")], [pressed])[0]).toMatchObject({ cause })
  })

  it("suspects no button of what began when its incident was over", () => {
    const since = (at: number) => advised([advice("POOL_WAIT", { since: new Date(at).toISOString() })])[0]
    expect(since(16_200)).toMatchObject({ cause })
    expect(since(16_201)).not.toHaveProperty("cause")
  })

  it("keeps what is left to do whoever did it", () => {
    expect(advised([advice("UNRESOLVED_EFFECTS")])[0]).toMatchObject({ cause, action: "Look in the log" })
  })

  it("does not suspect a button of what an examination has found", () => {
    expect(advised([], [pressed], [advice("FSYNC_OFF")])[0]).toEqual(advice("FSYNC_OFF"))
  })

  it("measures an outage that is over as its incident does", () => {
    const message = "No connection could be opened for at least 2.0 s; 9 callers waited"
    expect(advised([advice("SERVER_UNREACHABLE", { message, passed: true })])[0]?.message).toBe(
      "No connection could be opened for 2.2 s; up to 11 callers waited",
    )
    const elsewhere = new Date(50_000).toISOString()
    expect(advised([advice("SERVER_UNREACHABLE", { message, passed: true, since: elsewhere })])[0]?.message).toBe(
      message,
    )
    expect(advised([advice("SERVER_UNREACHABLE", { message })])[0]?.message).toBe(message)
  })

  it("puts the worst first; urgent is what is critical and not over", () => {
    const all = advised([
      advice("A", { severity: "info" }),
      advice("B", { severity: "critical" }),
      advice("C"),
      advice("D", { severity: "critical", passed: true }),
    ])
    expect(all.map(({ code }) => code)).toEqual(["B", "D", "C", "A"])
    expect(all.filter(isUrgent).map(({ code }) => code)).toEqual(["B"])
  })
})
