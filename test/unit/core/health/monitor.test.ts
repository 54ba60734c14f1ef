import type { Alert } from "@kysely-resilient/core/src/health/alert.ts"
import { percentOf } from "@kysely-resilient/core/src/health/judge.ts"
import { HealthMonitor } from "@kysely-resilient/core/src/health/monitor.ts"
import { News } from "@kysely-resilient/core/src/health/news.ts"
import { DEFAULT_THRESHOLDS } from "@kysely-resilient/core/src/health/thresholds.ts"
import type { CircuitSnapshot, DriverSnapshot, Told } from "@kysely-resilient/driver"
import { Metrics } from "@kysely-resilient/driver/src/telemetry/metrics.ts"
import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import { identity, noTimes } from "../../../support/identity.ts"
import { failure } from "../../../support/scripted-engine.ts"

let clock: FakeClock
let metrics: Metrics
let monitor: HealthMonitor
let alerts: Alert[]
let circuit: CircuitSnapshot
let outageMs: number | undefined

function snapshot(): DriverSnapshot {
  const pool = { min: 0, max: 4, idle: 1, leased: 0, opening: 0, waiting: 0, generation: 0, outageMs }
  const rest = { resolution: { pending: 0 }, circuit, retriesLeft: 10, database: identity, times: noTimes }
  return { at: clock.wallTime(), pool, metrics: metrics.snapshot(), ...rest }
}

function begin(): void {
  clock = new FakeClock()
  metrics = new Metrics(clock)
  alerts = []
  circuit = { state: "closed", openMs: undefined }
  outageMs = undefined
  const news = new News(DEFAULT_THRESHOLDS.recoverAfterMs)
  monitor = new HealthMonitor({
    clock,
    snapshot,
    thresholds: DEFAULT_THRESHOLDS,
    changed: (now, before, at) => alerts.push(...news.alerts(now, before, at)),
  })
}
beforeEach(begin)

const statement = { queryId: "q", sql: "select 1", attempts: 1, durationMs: 1, access: "read" } as const
const lost = failure("connection_failed", { blame: "server" })

function tell(event: Told): void {
  const told = { ...event, at: clock.wallTime() }
  metrics.observe(told)
  monitor.observe(told)
}

const succeed = (times = 1) => repeat(times, () => tell({ ...statement, name: "query.succeeded" }))
const rescued = (times = 1) => repeat(times, () => tell({ ...statement, name: "query.succeeded", firstFailure: lost }))
const fail = (times = 1, why = lost) =>
  repeat(times, () => tell({ ...statement, name: "query.failed", failure: why, because: "attempts-spent" }))

const lose = () => {
  tell({ name: "connection.discarded", connectionId: 1, reason: "died" })
  tell({ name: "connection.opened", connectionId: 2, durationMs: 1 })
}

function repeat(times: number, run: () => void): void {
  for (let time = 0; time < times; time += 1) run()
}

const status = () => monitor.look().status
const codes = () => monitor.look().reasons.map(({ code }) => code)

describe("health", () => {
  it("is good when nothing has happened, and when all went well", () => {
    expect(monitor.look()).toMatchObject({ status: "healthy", reasons: [] })
    succeed(100)
    expect(status()).toBe("healthy")
  })

  it("is degraded below 95 % of first tries, a retry that helped included", () => {
    succeed(95)
    rescued(5)
    expect(status()).toBe("healthy")
    rescued(1)
    expect(monitor.look()).toMatchObject({
      status: "degraded",
      reasons: [{ code: "LOW_SUCCESS_RATE", threshold: 0.95 }],
    })
  })

  it("asks for ten statements before it speaks of shares", () => {
    succeed(8)
    rescued(1)
    expect(status()).toBe("healthy")
    succeed(1)
    expect(status()).toBe("degraded")
  })

  it("is critical when five in a row failed because of the server, and not because they were wrong", () => {
    succeed(200)
    fail(4)
    expect(codes()).not.toContain("NOTHING_SUCCEEDS")
    fail(1, failure("unique_violation"))
    fail(4)
    expect(codes()).not.toContain("NOTHING_SUCCEEDS")
    fail(1)
    expect(monitor.look()).toMatchObject({ status: "critical", reasons: [{ code: "NOTHING_SUCCEEDS", value: 5 }] })
  })

  it("is not made better by callers who give up, which shows nothing of the server", () => {
    fail(4)
    fail(3, failure("aborted", { blame: "client", origin: "client" }))
    fail(3, failure("deadline_exceeded", { blame: "statement", origin: "client" }))
    expect(codes()).not.toContain("NOTHING_SUCCEEDS")
    fail(1)
    expect(codes()).toContain("NOTHING_SUCCEEDS")
  })

  it("gets well within 90 s though nobody asks any more, because whoever is critical is sent no requests", async () => {
    fail(5)
    expect(status()).toBe("critical")
    await clock.advance(60_000)
    expect(status()).toBe("critical")
    await clock.advance(30_000)
    expect(status()).toBe("healthy")
    fail(4)
    expect(status()).toBe("healthy")
  })

  it.each([
    ["open", "critical", "CIRCUIT_OPEN"],
    ["half-open", "degraded", "CIRCUIT_HALF_OPEN"],
  ] as const)("says that the circuit is %s", (state, expected, code) => {
    circuit = { state, openMs: 2_500 }
    expect(monitor.look()).toMatchObject({ status: expected, reasons: [{ code }] })
  })

  it("says that no connection can be opened", () => {
    outageMs = 1_500
    expect(monitor.look()).toMatchObject({ status: "degraded", reasons: [{ code: "UNREACHABLE" }] })
  })

  it("counts replaced connections above 10, and rollbacks of ours above 20", () => {
    repeat(10, lose)
    repeat(20, () => tell({ name: "transaction.rolled-back", reason: "repair" }))
    repeat(50, () => tell({ name: "transaction.rolled-back", reason: "caller" }))
    expect(codes()).toEqual([])
    lose()
    tell({ name: "transaction.rolled-back", reason: "orphan" })
    expect(codes()).toEqual(["MANY_RECONNECTIONS", "MANY_ROLLBACKS"])
  })

  it("believes better times only when they last, and says so meanwhile", async () => {
    circuit = { state: "open", openMs: 1 }
    expect(status()).toBe("critical")
    const { since } = monitor.look()
    circuit = { state: "closed", openMs: undefined }
    await clock.advance(9_000)
    expect(monitor.look()).toMatchObject({ status: "critical", since, reasons: [{ code: "RECOVERING" }] })
    circuit = { state: "half-open", openMs: 1 }
    await clock.advance(2_500)
    // Ten seconds without the worst: but not without anything.
    expect(status()).toBe("degraded")
    circuit = { state: "closed", openMs: undefined }
    await clock.advance(11_000)
    expect(monitor.look()).toMatchObject({ status: "healthy", reasons: [] })
  })

  it("gets well by itself within 90 s of an outage without traffic, and then holds no timer", async () => {
    succeed(20)
    fail(10)
    tell({ name: "circuit.opened", failure: lost, failures: 10 } as unknown as Told)
    await clock.advance(300)
    expect(alerts.map(({ code }) => code)).toEqual(["STATUS_CRITICAL", "NOTHING_SUCCEEDS", "LOW_SUCCESS_RATE"])
    succeed(1)
    await clock.advance(89_000)
    expect(alerts.at(-1)).toMatchObject({ code: "STATUS_HEALTHY", severity: "info", previousStatus: "degraded" })
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("says by when it will be healthy again, where nobody has to mend anything for that", async () => {
    succeed(50)
    expect(monitor.look().recoversAt).toBeUndefined()
    outageMs = 1_000
    rescued(20)
    expect(monitor.look()).toMatchObject({ status: "degraded", recoversAt: undefined })
    outageMs = undefined
    const lastTroubleAt = clock.wallTime()
    expect(monitor.look()).toMatchObject({
      recoversAt: lastTroubleAt + 72_000,
      reasons: [{ code: "LOW_SUCCESS_RATE" }],
    })
    await clock.advance(30_000)
    expect(monitor.look().recoversAt).toBe(lastTroubleAt + 72_000)
    rescued(1)
    expect(monitor.look().recoversAt).toBe(lastTroubleAt + 30_000 + 72_000)
    // Many that went well outweigh it sooner.
    succeed(1_000)
    const goodSince = clock.wallTime()
    expect(monitor.look()).toMatchObject({ recoversAt: goodSince + 11_000, reasons: [{ code: "RECOVERING" }] })
    await clock.advance(11_000)
    expect(monitor.look()).toMatchObject({ status: "healthy", recoversAt: undefined })
  })

  it("is degraded by an outage that was over before anybody looked, and not again by one that was seen", async () => {
    monitor.look()
    tell({ name: "pool.outage-began", failure: lost })
    tell({ name: "pool.outage-ended", durationMs: 189 })
    await clock.advance(250)
    expect(monitor.look().status).toBe("degraded")
    expect(alerts).toMatchObject([{ message: expect.stringContaining("could be opened for 0.2 s just now") }])
    await clock.advance(12_000)
    expect(status()).toBe("healthy")
    tell({ name: "pool.outage-began", failure: lost })
    outageMs = 10
    expect(codes()).toEqual(["UNREACHABLE"])
    outageMs = undefined
    tell({ name: "pool.outage-ended", durationMs: 300 })
    expect(codes()).toEqual(["RECOVERING"])
  })

  it("does not lean on what will be forgotten before the failures are", async () => {
    succeed(300)
    await clock.advance(50_000)
    rescued(12)
    circuit = { state: "open", openMs: 500 }
    expect(status()).toBe("critical")
    circuit = { state: "closed", openMs: undefined }
    const promised = monitor.look().recoversAt!
    await clock.advance(13_000)
    expect(codes()).toContain("LOW_SUCCESS_RATE")
    expect(promised).toBeGreaterThan(clock.wallTime())
    // What comes after them stays longer than they do.
    succeed(300)
    expect(monitor.look().recoversAt).toBeLessThan(promised)
  })

  it("keeps that word, and moves it only when more goes wrong, whatever went wrong before", async () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 20_000 }),
      what: fc.constantFrom(
        "succeed",
        "rescued",
        "fail",
        "lose",
        "repair",
        "open",
        "half-open",
        "closed",
        "away",
        "back",
      ),
      times: fc.integer({ min: 1, max: 30 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.boolean(), async (steps, goesOn) => {
        begin()
        for (const { afterMs, what, times } of steps) {
          await clock.advance(afterMs)
          if (what === "succeed") succeed(times)
          else if (what === "rescued") rescued(times)
          else if (what === "fail") fail(times)
          else if (what === "lose") repeat(times, lose)
          else if (what === "repair") repeat(times, () => tell({ name: "transaction.rolled-back", reason: "repair" }))
          else if (what === "away" || what === "back") outageMs = what === "away" ? 500 : undefined
          else circuit = { state: what, openMs: what === "closed" ? undefined : 500 }
          monitor.look()
        }
        outageMs = undefined
        circuit = { state: "closed", openMs: undefined }
        succeed()
        let promised = monitor.look().recoversAt ?? clock.wallTime()
        while (monitor.look().status !== "healthy") {
          const { recoversAt } = monitor.look()
          expect(recoversAt).toBeDefined()
          expect(recoversAt).toBeLessThanOrEqual(promised)
          promised = recoversAt!
          expect(clock.wallTime()).toBeLessThanOrEqual(promised)
          await clock.advance(500)
          if (goesOn) succeed(1)
        }
        monitor.close()
      }),
      { numRuns: 100 },
    )
  })

  it("looks at most four times a second, however much goes wrong", async () => {
    let looks = 0
    monitor = new HealthMonitor({
      clock,
      snapshot: () => {
        looks += 1
        return snapshot()
      },
      thresholds: DEFAULT_THRESHOLDS,
      changed: () => {},
    })
    for (let time = 0; time < 100; time += 1) {
      fail(10)
      await clock.advance(10)
    }
    expect(looks).toBeLessThanOrEqual(5)
    expect(looks).toBeGreaterThan(2)
  })

  it("sets no timer after its end", async () => {
    fail(9)
    monitor.close()
    fail(9)
    await clock.advance(5_000)
    expect(clock.timers.background).toBe(0)
    expect(alerts).toEqual([])
  })
})

describe("an alert", () => {
  it("comes once when a threshold is crossed, of severity critical for the success rate", async () => {
    succeed(80)
    rescued(20)
    await clock.advance(500)
    rescued(20)
    await clock.advance(500)
    expect(alerts).toMatchObject([
      {
        kind: "status_changed",
        code: "STATUS_DEGRADED",
        severity: "warning",
        status: "degraded",
        previousStatus: "healthy",
      },
      { kind: "threshold_crossed", code: "LOW_SUCCESS_RATE", severity: "critical", threshold: 0.95 },
    ])
    expect(alerts[0]?.message).toMatch(/^The database is degraded; it was healthy\. 80\.0 % of 100 statements/)
  })

  it("does not come again and again of a rate that trembles around its threshold, but when it has been good for a while", async () => {
    succeed(950)
    for (let second = 0; second < 30; second += 1) {
      rescued(second === 0 ? 51 : 1)
      await clock.advance(1_000)
      succeed(20)
      await clock.advance(1_000)
    }
    const crossed = () => alerts.filter(({ code }) => code === "LOW_SUCCESS_RATE").length
    expect(crossed()).toBe(1)
    await clock.advance(120_000)
    expect(status()).toBe("healthy")
    rescued(20)
    await clock.advance(1_000)
    expect(crossed()).toBe(2)
  })
})

describe("a share in percent", () => {
  it("is what it is, with one decimal that is never rounded up", () => {
    const wrong: string[] = []
    for (let total = 1; total <= 400; total += 1) {
      for (let failed = 0; failed <= total; failed += 1) {
        // In whole numbers.
        const tenths = ((total - failed) * 1_000 - (((total - failed) * 1_000) % total)) / total
        const right = `${Math.floor(tenths / 10)}.${tenths % 10}`
        if (percentOf(1 - failed / total) !== right) wrong.push(`${failed} of ${total}: ${right}`)
      }
    }
    expect(wrong).toEqual([])
    expect(percentOf(1 - 1 / 1e9)).toBe("99.9")
    expect(percentOf(1 - 3 / 1_523)).toBe("99.8")
  })
})
