import { describeEvent, type DriverEvent, type DriverSnapshot } from "@kysely-resilient/driver"
import { Metrics } from "@kysely-resilient/driver/src/telemetry/metrics.ts"
import { lineOf } from "@kysely-resilient/telemetry/src/pino/line.ts"
import { logEvents } from "@kysely-resilient/telemetry/src/pino/log-events.ts"
import { Repeats } from "@kysely-resilient/telemetry/src/pino/repeats.ts"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../support/fake-clock.ts"
import { identity, noTimes } from "../../support/identity.ts"
import { failure } from "../../support/scripted-engine.ts"

const snapshot: DriverSnapshot = {
  at: 0,
  database: identity,
  times: noTimes,
  metrics: new Metrics(new FakeClock()).snapshot(),
  pool: { min: 0, max: 4, idle: 0, leased: 0, opening: 0, waiting: 0, generation: 0, outageMs: undefined },
  resolution: { pending: 0 },
  circuit: { state: "closed", openMs: undefined },
  retriesLeft: 10,
}
const statement = { queryId: "q", sql: "select * from users where name = 'hunter2'", access: "read" } as const
const lost = failure("connection_failed", { blame: "server", errno: "ECONNRESET", message: "read ECONNRESET" })
const failed: DriverEvent = {
  ...statement,
  at: 0,
  name: "query.failed",
  durationMs: 12,
  attempts: 3,
  failure: lost,
  because: "attempts-spent",
}

describe("lineOf", () => {
  it("names the fields as OpenTelemetry does, and shows no literal", () => {
    const line = lineOf(failed, 1_000)
    expect(line).toMatchObject({
      level: "error",
      fields: {
        event: "kysely_resilient.query.failed",
        "db.query.summary": "SELECT users",
        "error.type": "ECONNRESET",
        duration_s: 0.012,
        attempts: 3,
        because: "attempts-spent",
      },
    })
    expect(JSON.stringify(line)).not.toContain("hunter2")
  })

  it("quotes no word of the server about a statement", () => {
    const quoting = failure("unique_violation", {
      blame: "statement",
      message: "Key (email)=(a@b.c) already exists",
    })
    const line = lineOf({ ...failed, failure: { ...quoting, effect: "unknown" } }, 1_000)
    expect(JSON.stringify(line)).not.toContain("a@b.c")
  })

  it.each<[DriverEvent, string]>([
    [
      { at: 0, name: "transaction.failed", attempts: 3, durationMs: 9, failure: lost, because: "attempts-spent" },
      "error",
    ],
    [{ at: 0, name: "connection.held-too-long", heldMs: 9_000, working: false }, "warn"],
    [{ at: 0, name: "transaction.held-too-long", heldMs: 9_000, working: false }, "warn"],
  ])("is one for whatever the driver's own lines tell of: %o", (event, level) => {
    expect(describeEvent(event)).toBeDefined()
    expect(lineOf(event, 1_000)).toMatchObject({ level })
  })

  it("is silent about what succeeded in time", () => {
    const fine = { ...statement, at: 0, name: "query.succeeded", durationMs: 9, attempts: 1 } as const
    expect(lineOf(fine, 10)).toBeUndefined()
    expect(lineOf(fine, 9)?.message).toBe("SELECT users took 9 ms")
  })
})

describe("Repeats", () => {
  it("lets one through in ten seconds, and says how many it held back", () => {
    const repeats = new Repeats()
    const admitted = [0, 1, 9_999, 10_000, 10_001, 30_000].map((at) => repeats.admit("same", at))
    expect(admitted).toEqual([0, undefined, undefined, 2, undefined, 1])
    expect(repeats.admit("other", 10_002)).toBe(0)
  })

  it("does not stay silent when the clock goes back", () => {
    const repeats = new Repeats()
    repeats.admit("same", 100_000)
    expect(repeats.admit("same", 5_000)).toBe(0)
  })

  it("remembers so many, whatever happens", () => {
    const repeats = new Repeats()
    for (let key = 0; key <= 1_000; key += 1) expect(repeats.admit(String(key), 0)).toBe(0)
    // The first was forgotten, the last was not.
    expect(repeats.admit("0", 1)).toBe(0)
    expect(repeats.admit("1000", 1)).toBeUndefined()
  })
})

describe("logEvents", () => {
  function logging() {
    const lines: object[] = []
    const write = (fields: object): void => void lines.push(fields)
    let told: ((event: DriverEvent) => void) | undefined
    const source = {
      observe: (listener: (event: DriverEvent) => void) => {
        told = listener
        return () => (told = undefined)
      },
      snapshot: () => snapshot,
    }
    const stop = logEvents(source, { debug: write, info: write, warn: write, error: write })
    return { lines, stop, tell: (event: DriverEvent) => told?.(event) }
  }

  it("holds back what was just said, until the function that it returned is called", () => {
    const { lines, stop, tell } = logging()
    for (const at of [0, 1, 2, 20_000]) tell({ ...failed, at })
    stop()
    tell({ ...failed, at: 99_000 })
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatchObject({ suppressed: 2, "db.client.connection.pool.name": "test" })
  })

  it("tells of each write that nobody knows of, and of the same trouble of two that have names", () => {
    const { lines, tell } = logging()
    const unknown = { name: "effect.unresolved", by: "xid", why: "the server restarted", durationMs: 5 } as const
    for (const at of [0, 1, 2]) tell({ ...unknown, at, label: "pay" })
    const held = { name: "transaction.held-too-long", heldMs: 9_000, working: true } as const
    for (const label of ["import", "export", "import"]) tell({ ...held, at: 3, label })
    expect(lines).toMatchObject([
      { label: "pay" },
      { label: "pay" },
      { label: "pay" },
      { label: "import" },
      { label: "export" },
    ])
  })
})
