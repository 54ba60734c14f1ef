import type { LiveHello, LiveMessage } from "@kysely-resilient/http"
import { after, EMPTY, type Model } from "@kysely-resilient/http/src/page/app/model.ts"
import { bytes, counted, duration, percent, shortCount } from "@kysely-resilient/http/src/page/app/format.ts"
import { markdownOf } from "@kysely-resilient/http/src/page/app/incident-report.ts"
import { incidentsOf } from "@kysely-resilient/http/src/page/app/incidents.ts"
import { describe, expect, it } from "vitest"

import { event, sample } from "./support.ts"

const hello = (instance: string): LiveMessage => {
  const data: LiveHello = { instance, sample_every_ms: 1_000, remembered_ms: 900_000, actions: [], metrics_path: null }
  return { type: "hello", data }
}
const reduce = (messages: readonly LiveMessage[], model: Model = EMPTY): Model => messages.reduce(after, model)

describe("what the page knows", () => {
  it("stays when the stream comes back, and is forgotten when another process speaks", () => {
    const known = reduce([
      hello("a"),
      { type: "sample", data: sample(1_000, {}) },
      { type: "event", data: event(1, "pool.reset") },
    ])
    expect(after(known, hello("a"))).toMatchObject({ samples: [{ at_ms: 1_000 }], events: [{ name: "pool.reset" }] })
    expect(after(known, hello("b"))).toMatchObject({ samples: [], events: [] })
  })

  it("is no older than what the stream remembers", () => {
    const samples = Array.from({ length: 1_000 }, (_, index): LiveMessage => ({
      type: "sample",
      data: sample(index * 1_000, {}),
    }))
    const { samples: kept } = reduce([hello("a"), ...samples])
    expect(kept[0]?.at_ms).toBe(99_000)
    expect(kept).toHaveLength(901)
  })
})

describe("numbers for people", () => {
  it.each([
    [0, "0 ms"],
    [0.00043, "0.4 ms"],
    [0.0314, "31 ms"],
    [0.9996, "1 s"],
    [2.13, "2.1 s"],
    [59.97, "1 min"],
    [200, "3 min 20 s"],
    [7_320, "2 h 2 min"],
    [300_000, "3 d 11 h"],
  ])("%s s is %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })

  it.each([
    [1, "100 %"],
    [0.99997, "100 %"],
    [0.9999, "99.99 %"],
    [0.9942, "99.42 %"],
    [0.5, "50.0 %"],
    [0.0012, "0.12 %"],
    [0, "0 %"],
  ])("%s is %s", (ratio, text) => {
    expect(percent(ratio)).toBe(text)
  })

  it("are short", () => {
    expect([shortCount(9_999), shortCount(12_345), shortCount(1_234_567)]).toEqual(["9,999", "12.3K", "1.2M"])
    expect([bytes(0), bytes(900), bytes(5 * 1_024 ** 2), bytes(13 * 1_024 ** 3)]).toEqual([
      "0 B",
      "900 B",
      "5.0 MB",
      "13 GB",
    ])
    expect([counted(1, "retry", "retries"), counted(1_200, "retry", "retries")]).toEqual(["1 retry", "1,200 retries"])
  })
})

describe("the incident report", () => {
  it("is Markdown with a table of who was affected", () => {
    const events = [event(0, "query.recovered", { label: "a|b", count: 3, blame: "server", kind: "connection_failed" })]
    const text = markdownOf(incidentsOf(events, [], 60_000), undefined, 60_000)
    expect(text).toContain("## Connections ended without a word from the server")
    expect(text).toContain(String.raw`| a\|b | 3 | 3 | 0 | 0 |`)
    expect(text).toContain("00:00:00.000  3× a|b: succeeded after all (connection_failed)")
    expect(markdownOf([], undefined, 0)).toContain("No incident in the last 15 minutes.")
  })
})
