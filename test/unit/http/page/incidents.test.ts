import type { LiveEvent, LiveSample } from "@kysely-resilient/http"
import { causeOf, incidentsOf, type Incident } from "@kysely-resilient/http/src/page/app/incidents.ts"
import { clockTime } from "@kysely-resilient/http/src/page/app/format.ts"
import { isTrouble } from "@kysely-resilient/http/src/page/app/trouble.ts"
import {
  badgesOf,
  detailsOf,
  gravityOf,
  lengthOf,
  titleOf,
  verdictOf,
} from "@kysely-resilient/http/src/page/app/words.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { event, quiet, sample } from "./support.ts"

function only(events: readonly LiveEvent[], samples: readonly LiveSample[] = [], now = 1_000_000): Incident {
  const found = incidentsOf(events, samples, now)
  expect(found).toHaveLength(1)
  return found[0]!
}

const lost = { kind: "connection_failed", blame: "server", effect: "not_applied" } as const
const crashed = { ...lost, kind: "server_crashed", sql_state: "57P02" } as const

describe("a crash restart", () => {
  const events = [
    event(1_000, "connection.discarded", { ...crashed, reason: "died", count: 8 }),
    event(1_010, "pool.outage-began", lost),
    event(1_020, "query.retried", { ...crashed, label: "read 7", count: 3 }),
    event(1_030, "query.failed", {
      ...crashed,
      reason: "in-transaction",
      part_of: "transaction",
      access: "write",
      summary: "INSERT ledger",
    }),
    event(1_040, "transaction.rerun", { ...crashed, label: "transfer 9" }),
    event(3_010, "pool.outage-ended", { duration_ms: 2_000 }),
    event(3_020, "query.recovered", { ...crashed, label: "read 7", count: 2, access: "read", duration_ms: 2_100 }),
    event(3_020, "query.recovered", { ...crashed, label: "read 8", count: 1, access: "read", duration_ms: 2_000 }),
    event(3_100, "transaction.recovered", { label: "transfer 9", duration_ms: 2_200 }),
  ]

  it("is one incident: who was affected, that all recovered, and what it cost", () => {
    const incident = only(events)
    expect(incident).toMatchObject({ from: 1_000, until: 3_100, open: false })
    expect(incident).toMatchObject({ affected: 4, recovered: 4, failed: 0, unknown: 0, retries: 4 })
    expect(incident).toMatchObject({ connectionsLost: 8, outageMs: 2_000, peakS: 2.2 })
    expect(incident.who).toEqual([
      { who: "read", affected: 3, recovered: 3, failed: 0, unknown: 0 },
      { who: "transfer", affected: 1, recovered: 1, failed: 0, unknown: 0 },
    ])
    expect(titleOf(incident)).toBe("PostgreSQL crashed and restarted")
    expect(verdictOf(incident)).toBe(
      "4 operations were affected, and all of them recovered: no caller got an error, and nothing is unknown.",
    )
    expect(detailsOf(incident)).toContain("nothing could be opened for 2 s")
    expect(gravityOf(incident)).toBe("good")
  })

  it("goes on until connections can be opened again", () => {
    const incident = only(events.slice(0, 5), [], 60_000)
    expect(incident).toMatchObject({ open: true, until: 60_000, outageMs: 58_990 })
    expect(titleOf(incident)).toBe("PostgreSQL crashed; it is not back yet")
    // Whether all is over is another question.
    expect(titleOf(only(events, [], 3_200))).toBe("PostgreSQL crashed and restarted")
    expect(verdictOf(incident)).toBe("So far no caller got an error. 4 retries were begun.")
    expect(gravityOf(incident)).toBe("warn")
  })

  it("says which operations nobody knows the effect of, until it is found out", () => {
    const unknown = event(3_050, "query.failed", {
      ...crashed,
      effect: "unknown",
      access: "write",
      label: "journal 11",
    })
    const incident = only([...events, unknown])
    expect(incident).toMatchObject({ affected: 5, recovered: 4, failed: 0, unknown: 1 })
    expect(verdictOf(incident)).toBe(
      "5 operations were affected: 4 recovered, none failed, of 1 nobody knows whether it was done (journal 11).",
    )
    expect(gravityOf(incident)).toBe("bad")
    expect(badgesOf(incident)).toEqual(["1 unknown"])
    const late = event(5_000, "effect.resolved", { effect: "applied", late: true, label: "journal 11" })
    expect(only([...events, unknown, late])).toMatchObject({ affected: 5, recovered: 5, unknown: 0 })
  })
})

describe("how long it lasted", () => {
  it.each([
    [1_900, "for 0 ms, and still going on"],
    [2_200, "for 0 ms, quiet since then"],
    [3_600, "for 0 ms, over"],
  ])("is told %s ms after the beginning of time, of what happened at 1 s", (now, text) => {
    expect(lengthOf(only([event(1_000, "query.retried", lost)], [], now))).toBe(text)
  })
})

describe("what was asked for on the page", () => {
  const asked = (at: number, label: string) => event(at, "action.started", { label })
  const trouble = event(10_000, "query.retried", lost)
  it("stands on the card of what began soon after it, and not on that of what was there before", () => {
    const of = (...more: readonly LiveEvent[]) => only([...more, trouble], [], 60_000).asked?.label
    expect(of()).toBeUndefined()
    expect(of(asked(9_000, "Crash"))).toBe("Crash")
    expect(of(asked(3_000, "Delay"), asked(9_000, "Crash"), asked(10_001, "Cut"))).toBe("Crash")
    expect(of(asked(10_001, "Crash"))).toBeUndefined()
    const later = event(20_000, "query.retried", lost)
    const both = incidentsOf([asked(9_000, "Crash"), trouble, later], [], 60_000)
    expect(both.map((one) => one.asked?.label)).toEqual([undefined, "Crash"])
    // Of a second that was slow only the end is known, and the button was pressed within it.
    const second = { queries: 40, p50_s: 0.21, max_s: 0.4 }
    const samples = [...quiet(0, 20), sample(20_000, second), sample(21_000, second)]
    expect(only([asked(19_500, "Crash"), event(19_700, "query.retried", lost)], samples).asked?.label).toBe("Crash")
    expect(only([asked(19_500, "Delay")], samples).asked?.label).toBe("Delay")
    expect(only([asked(19_800, "Late"), event(19_700, "query.retried", lost)], samples).asked).toBeUndefined()
    expect(only([asked(20_100, "Late")], samples).asked).toBeUndefined()
    expect(incidentsOf([asked(0, "Crash"), event(40_000, "query.retried", lost)], [], 60_000)[0]?.asked).toBeUndefined()
    expect(detailsOf(only([asked(9_000, "Crash"), trouble], [], 60_000))[0]).toBe(
      `caused by “Crash”, pressed on this page at ${clockTime(9_000)}`,
    )
  })
})

describe("unanswered COMMITs", () => {
  it.each<[string, readonly LiveEvent[], string | undefined]>([
    ["none", [], undefined],
    [
      "of two one was found out",
      [event(2, "effect.resolved", { effect: "applied" }), event(3, "effect.unresolved")],
      "2 unanswered COMMITs looked up: 1 found out, 1 not",
    ],
    [
      "one that was found out late is one",
      [event(2, "effect.unresolved"), event(3, "effect.resolved", { effect: "applied", late: true })],
      "1 unanswered COMMIT looked up: 1 found out, 0 not",
    ],
  ])("%s", (_, events, said) => {
    const details = detailsOf(only([event(1, "query.retried", lost), ...events]))
    expect(details.find((text) => text.includes("COMMIT"))).toBe(said)
  })
})

describe("what comes within four seconds", () => {
  it("is part of the same, and what comes later is not", () => {
    const at = (...moments: readonly number[]) =>
      incidentsOf(
        moments.map((moment) => event(moment, "query.retried", lost)),
        [],
        60_000,
      ).map(({ from }) => from)
    expect(at(0, 3_900, 7_800)).toEqual([0])
    expect(at(0, 4_100, 8_000)).toEqual([4_100, 0])
  })
})

describe("what counts as an operation", () => {
  it.each<[string, Partial<LiveEvent>, object]>([
    [
      "a read that failed, though its effect is not known",
      { name: "query.failed", access: "read", effect: "unknown" },
      { failed: 1, unknown: 0 },
    ],
    [
      "a write of which nobody knows",
      { name: "query.failed", access: "write", effect: "unknown" },
      { failed: 0, unknown: 1 },
    ],
    [
      "a statement whose transaction will tell",
      { name: "query.failed", part_of: "transaction", effect: "unknown" },
      { affected: 0 },
    ],
    ["a transaction that failed", { name: "transaction.failed", effect: "not_applied" }, { failed: 1 }],
    ["a COMMIT of which nobody knows", { name: "transaction.failed", effect: "unknown" }, { unknown: 1 }],
    [
      "a COMMIT that was found to be done",
      { name: "effect.resolved", effect: "applied" },
      { recovered: 1, foundOut: 1 },
    ],
    [
      "one that was not, which runs again",
      { name: "effect.resolved", effect: "not_applied" },
      { affected: 0, foundOut: 1 },
    ],
  ])("%s", (_, facts, expected) => {
    const { name = "query.failed", ...others } = facts
    expect(only([event(1, name, { ...lost, ...others })])).toMatchObject(expected)
  })

  it("is not what the page itself asks, what callers got wrong, or what is no news", () => {
    const events = [
      event(1, "query.failed", { ...lost, label: "kysely-resilient.page" }),
      event(2, "query.failed", { kind: "unique_violation", blame: "statement", effect: "not_applied" }),
      event(3, "query.failed", { kind: "aborted", blame: "client", effect: "not_applied" }),
      event(4, "connection.discarded", { reason: "lifetime" }),
      event(5, "health.changed", { from: "healthy", to: "degraded" }),
      event(6, "action.started", { label: "Crash" }),
    ]
    expect(incidentsOf(events, [], 10)).toEqual([])
  })
})

describe("what only the numbers show", () => {
  it("is that everything takes longer", () => {
    const samples = [
      ...quiet(0, 20),
      ...[20, 21, 22, 23].map((s) => sample(s * 1_000, { queries: 40, p50_s: 0.21, max_s: 0.4 })),
    ]
    const incident = only([], samples)
    expect(causeOf(incident)).toBe("slow")
    expect(titleOf(incident)).toBe("Every statement took longer: 210 ms instead of 2 ms")
    expect(verdictOf(incident)).toBe("No caller got an error, and nothing is unknown.")
  })

  it("is that everybody waits for a connection", () => {
    const waiting = sample(24_000, { queries: 20, p50_s: 0.9, max_s: 4, acquired: 13, wait_s: 3 }, { waiting: 12 })
    const incident = only([], [...quiet(0, 20), waiting])
    expect(titleOf(incident)).toBe("All connections were taken: up to 12 callers waited for one")
    expect(verdictOf(incident)).toContain("the longest that one had to wait was 4 s")
    expect(incident.from).toBe(19_000)
  })

  it("is nothing while connections are being opened, as at the start", () => {
    const second = { queries: 5, p50_s: 0.05, max_s: 0.4, acquired: 5, wait_s: 0.3 }
    expect(incidentsOf([], [sample(1_000, second, { opening: 8 }), sample(2_000, second)], 9_000)).toEqual([])
  })

  it("is nothing while a service is quiet or young", () => {
    const young = quiet(0, 4).map((one) => ({ ...one, since_last: { ...one.since_last, p50_s: 0.3 } }))
    expect(incidentsOf([], young, 5_000)).toEqual([])
    expect(incidentsOf([], [...quiet(0, 20), sample(20_000, { queries: 1, p50_s: 2, max_s: 2 })], 30_000)).toEqual([])
  })
})

describe("what it was", () => {
  it.each<[string, readonly LiveEvent[]]>([
    [
      "restart",
      [
        event(1, "query.retried", { ...lost, kind: "server_shutdown" }),
        event(2, "pool.outage-began", lost),
        event(3, "pool.outage-ended", {}),
      ],
    ],
    ["terminated", [event(1, "query.retried", { ...lost, kind: "server_shutdown", sql_state: "57P01" })]],
    ["outage", [event(1, "pool.outage-began", lost), event(3, "pool.outage-ended", {})]],
    [
      "silent",
      [event(1, "connection.silent", { reason: "gone" }), event(2, "connection.discarded", { reason: "abandoned" })],
    ],
    ["cut", [event(1, "connection.discarded", { ...lost, reason: "died" })]],
    ["left-open", [event(1, "transaction.orphaned", { reason: "rollback" })]],
    ["exhausted", [event(1, "query.failed", { kind: "pool_timeout", blame: "client", effect: "not_applied" })]],
    ["deadlock", [event(1, "transaction.rerun", { kind: "deadlock_detected", blame: "statement" })]],
    ["conflict", [event(1, "transaction.rerun", { kind: "serialization_failure", blame: "statement" })]],
    ["limit", [event(1, "query.failed", { kind: "deadline_exceeded", blame: "client", effect: "not_applied" })]],
  ])("%s", (cause, events) => {
    expect(causeOf(only(events))).toBe(cause)
  })
})

describe("any history", () => {
  const names = [
    "query.failed",
    "query.retried",
    "query.recovered",
    "transaction.failed",
    "transaction.recovered",
    "connection.discarded",
    "pool.outage-began",
    "pool.outage-ended",
    "effect.resolved",
    "health.changed",
  ] as const
  const anyEvent = fc
    .record({
      at_ms: fc.integer({ min: 0, max: 60_000 }),
      length: fc.integer({ min: 0, max: 900 }),
      name: fc.constantFrom(...names),
      count: fc.integer({ min: 1, max: 50 }),
      reason: fc.constantFrom("died", "lifetime", "in-transaction", "attempts-spent"),
      effect: fc.constantFrom("unknown", "not_applied", "applied"),
      access: fc.constantFrom("read", "write"),
      label: fc.constantFrom("read 1", "read 2", "pay 3", undefined),
    })
    .map(({ length, ...facts }) =>
      event(facts.at_ms, facts.name, { ...lost, ...facts, until_ms: facts.at_ms + length } as Partial<LiveEvent>),
    )

  it("puts every event of trouble into exactly one incident, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { size: "max", maxLength: 60 }), (events) => {
        const grouped = incidentsOf(events, [], 100_000).flatMap((incident) => incident.events)
        expect(grouped).toHaveLength(events.filter(isTrouble).length)
        expect(new Set(grouped)).toEqual(new Set(events.filter(isTrouble)))
      }),
    )
  })

  it("keeps incidents apart, in order, the newest first, each around its events", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { size: "max", maxLength: 60 }), (events) => {
        const found = incidentsOf(events, [], 100_000)
        for (const [index, { from, until, events: mine }] of found.entries()) {
          expect(from).toBeLessThanOrEqual(until)
          for (const { at_ms: at, until_ms: end } of mine) expect([at >= from, end <= until]).toEqual([true, true])
          const older = found[index + 1]
          if (older !== undefined) expect(from - older.until).toBeGreaterThan(4_000)
        }
      }),
    )
  })

  it("counts everybody once: affected is recovered, failed and unknown together, in all and for each", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { size: "max", maxLength: 60 }), (events) => {
        for (const incident of incidentsOf(events, [], 100_000)) {
          for (const one of [incident, ...incident.who]) {
            expect(one.recovered + one.failed + one.unknown).toBe(one.affected)
            expect(Math.min(one.recovered, one.failed, one.unknown)).toBeGreaterThanOrEqual(0)
          }
          expect(incident.who.reduce((sum, { affected }) => sum + affected, 0)).toBe(incident.affected)
          expect(new Set(incident.who.map(({ who }) => who)).size).toBe(incident.who.length)
        }
      }),
    )
  })

  it("says the same whatever the order in which events came", () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 30 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (events, chance) => {
          const facts = (list: readonly LiveEvent[]) =>
            incidentsOf(list, [], 100_000).map(({ from, until, affected, failed, connectionsLost, retries }) => ({
              from,
              until,
              affected,
              failed,
              connectionsLost,
              retries,
            }))
          // What was told of one millisecond is told in order: an outage may end and the next begin in it.
          const places = new Map(events.map(({ at_ms: at }) => [at, chance.next().value!]))
          const shuffled = events.toSorted((a, b) => places.get(a.at_ms)! - places.get(b.at_ms)!)
          expect(facts(shuffled)).toEqual(facts(events))
        },
      ),
    )
  })
})
