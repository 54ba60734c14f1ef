import { frame } from "@kysely-resilient/cli/src/watch/frame.ts"
import { after, NOTHING_SEEN, type Seen } from "@kysely-resilient/cli/src/watch/seen.ts"
import { sparkline } from "@kysely-resilient/cli/src/watch/sparkline.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { event, NO_REPORT, sample } from "./support.ts"

const plain = (_: string, text: string): string => text

type Heard = Parameters<typeof after>[1]

const heard = (seen: Seen, ...messages: Heard[]): Seen => messages.reduce(after, seen)

describe("the picture of watch", () => {
  const window = { columns: 100, rows: 30 }

  it("shows the last numbers, and what happened, newest first", () => {
    const seen = heard(
      NOTHING_SEEN,
      { what: "message", message: { type: "sample", data: sample(10) } },
      { what: "message", message: { type: "sample", data: sample(412) } },
      { what: "message", message: { type: "event", data: event } },
      { what: "message", message: { type: "event", data: { ...event, name: "connection.opened", count: 1 } } },
    )
    const text = frame(seen, "app:3000", 0, window, plain).join("\n")
    for (const shown of [
      "● degraded",
      "app:3000",
      "412 /s",
      "99.8 % good",
      "p95 21 ms",
      "4 in use, 3 idle",
      "2 waiting",
      "1,523 statements",
    ]) {
      expect(text).toContain(shown)
    }
    expect(text.indexOf("connection opened")).toBeLessThan(
      text.indexOf("connection discarded ×6  connection_failed, 57P01"),
    )
  })

  it("says that nothing is heard, until something is", () => {
    const lost = heard(NOTHING_SEEN, { what: "lost", why: "app:3000 cannot be reached (ECONNRESET)" })
    expect(frame(lost, "app", 0, window, plain).join("\n")).toContain("Nothing is heard: app:3000 cannot be reached")
    const again = heard(lost, { what: "message", message: { type: "sample", data: sample(1) } })
    expect(frame(again, "app", 0, window, plain).join("\n")).not.toContain("Nothing is heard")
  })

  it("says why there is no stream, and shows what a report knows", () => {
    const { since_last, retries: _retries, surfaced_errors: _told, ...known } = sample(7)
    const { wait_s: _wait, ...second } = since_last
    const report = { ...NO_REPORT, checked_at: "2026-01-01T00:00:05Z", status_since: "2026-01-01T00:00:00Z" }
    const asked = { what: "asked", report, sample: { ...known, since_last: second }, why: "app answered 503" } as const
    const text = frame(heard(NOTHING_SEEN, asked), "app", 0, window, plain).join("\n")
    expect(text).toContain("No event stream (app answered 503)")
    expect(text).toContain("degraded for 5 s")
    expect(text).toContain("since start 1,523 statements, 3 failed at first, 1 reconnection,")
    expect(text).not.toContain("wait ")
    const streamed = heard(NOTHING_SEEN, asked, { what: "message", message: { type: "sample", data: sample(1) } })
    expect(frame(streamed, "app", 0, window, plain).join("\n")).not.toContain("No event stream")
  })

  it("never claims 100 % where something failed", () => {
    const seen = heard(NOTHING_SEEN, {
      what: "message",
      message: { type: "sample", data: sample(1, { success_ratio: 0.99999 }) },
    })
    expect(frame(seen, "app", 0, window, plain).join("\n")).toContain("99.9 % good")
  })

  it("fits into every window", () => {
    const events = Array.from(
      { length: 200 },
      () => ({ what: "message", message: { type: "event", data: event } }) as const,
    )
    const seen = heard(NOTHING_SEEN, { what: "message", message: { type: "sample", data: sample(5) } }, ...events)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 80 }), (columns, rows) => {
        const lines = frame(seen, "app:3000", 0, { columns, rows }, plain)
        expect(lines.length).toBeLessThanOrEqual(rows)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
      }),
    )
  })

  it("remembers no more than it can show, however long it runs", () => {
    let seen: Seen = NOTHING_SEEN
    for (let count = 0; count < 1_000; count += 1) {
      seen = heard(
        seen,
        { what: "message", message: { type: "sample", data: sample(count) } },
        { what: "message", message: { type: "event", data: event } },
      )
    }
    expect(seen.samples.length + seen.events.length).toBeLessThan(400)
    expect(seen.samples.at(-1)?.since_last.queries).toBe(999)
  })
})

it.each([
  [[0, 0], "▁▁"],
  [[0, 4, 8], "▁▅█"],
  [[1], " █"],
])("the sparkline of %j is %j", (numbers, bars) => expect(sparkline(numbers, bars.length)).toBe(bars))
