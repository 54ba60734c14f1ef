import { Diary } from "@kysely-resilient/cli/src/watch/diary.ts"
import type { Told } from "@kysely-resilient/cli/src/watch/feed.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { event, NO_REPORT, sample } from "./support.ts"

/** An hour behind us. */
const theirs = Date.parse(NO_REPORT.checked_at)
const ours = theirs + 3_600_000

let lines: string[]
let diary: Diary

beforeEach(() => {
  lines = []
  // Without the time, which is of the local day.
  diary = new Diary((line) => lines.push(line.replace(/^\d\d:\d\d:\d\d {2}/, "")))
})

const note = (...all: Exclude<Told, { readonly what: "refused" }>[]): void => {
  for (const told of all) diary.note(told, ours)
}
const opening = { what: "message", message: { type: "report", data: NO_REPORT } } as const
const second = (at_ms: number, queries = 1) =>
  ({ what: "message", message: { type: "sample", data: sample(queries, { at_ms }) } }) as const
const happened = (until_ms: number) =>
  ({ what: "message", message: { type: "event", data: { ...event, at_ms: until_ms, until_ms } } }) as const
const HOW = "degraded  1 /s, 0 failed, p95 21 ms, pool 4 of 20, 2 waiting"
const DISCARDED = "connection discarded ×6  connection_failed, 57P01"

describe("the diary of watch", () => {
  it("tells nothing from before it was opened, by the application's clock", () => {
    note(opening, second(theirs - 1), happened(theirs - 1))
    expect(lines).toEqual([])
    note(second(theirs), happened(theirs))
    expect(lines).toEqual([HOW, DISCARDED])
  })

  it("tells whatever happens, and how things are every five seconds", () => {
    note(opening, ...Array.from({ length: 11 }, (_, nth) => second(theirs + nth * 1_000)), happened(theirs + 10_001))
    expect(lines).toEqual([HOW, HOW, HOW, DISCARDED])
  })

  it("says once that nothing is heard, and why, however often it is tried again; and once that it is heard again", () => {
    const lost = { what: "lost", why: "app does not answer" } as const
    note(opening, second(theirs), lost, lost, { what: "lost", why: "app answered 502" }, happened(theirs + 1), lost)
    expect(lines).toEqual([
      HOW,
      "nothing is heard: app does not answer",
      "nothing is heard: app answered 502",
      "heard again",
      DISCARDED,
      "nothing is heard: app does not answer",
    ])
  })

  it("says once that it asks", () => {
    const asked = (at_ms: number): Told =>
      ({ what: "asked", report: NO_REPORT, sample: sample(1, { at_ms }), why: "app answered 404" }) as const
    for (const told of [asked(theirs), asked(theirs + 2_000), asked(theirs + 6_000)]) {
      if (told.what !== "refused") note(told)
    }
    expect(lines).toEqual(["no event stream (app answered 404): the report is asked for instead", HOW, HOW])
  })
})
