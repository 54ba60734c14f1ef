import { frame } from "@kysely-resilient/cli/src/watch/frame.ts"
import { after, NOTHING_SEEN, type Seen } from "@kysely-resilient/cli/src/watch/seen.ts"
import { sparkline } from "@kysely-resilient/cli/src/watch/sparkline.ts"
import type { LiveEvent, LiveSample } from "@kysely-resilient/http"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const plain = (_: string, text: string): string => text

const sample = (queries: number, more: Partial<LiveSample> = {}): LiveSample => ({
  at_ms: 0,
  status: "degraded",
  total_queries: 1_523,
  failed_queries: 3,
  reconnections: 1,
  transaction_rollbacks: 12,
  pool_resets: 0,
  retries: 3,
  surfaced_errors: 0,
  success_ratio: 0.998,
  p50_s: 0.001,
  p95_s: 0.0213,
  p99_s: 0.14,
  pool: { max: 20, idle: 3, used: 4, opening: 0, waiting: 2, generation: 0, outage_s: null },
  circuit: "closed",
  retry_budget: null,
  since_last: { queries, failed: 0, p50_s: 0, p95_s: 0, p99_s: 0, max_s: 0, acquired: 0, wait_s: 0 },
  ...more,
})

const event: LiveEvent = {
  at_ms: 0,
  until_ms: 0,
  name: "connection.discarded",
  count: 6,
  kind: "connection_failed",
  sql_state: "57P01",
}

const heard = (seen: Seen, ...messages: Parameters<typeof after>[1][]): Seen => messages.reduce(after, seen)

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
