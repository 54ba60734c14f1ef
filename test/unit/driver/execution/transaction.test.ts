import type { TransactionSettings } from "@kysely-resilient/driver"
import {
  beginPlan,
  beginSql,
  commitPlan,
  learnFromBegin,
  millisecondsIn,
  timeoutBackstopMs,
} from "@kysely-resilient/driver/src/execution/transaction.ts"
import { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import { deadlineAfter } from "@kysely-resilient/driver/src/foundation/deadline.ts"
import { describe, expect, it } from "vitest"

import { connectTo, Fixture } from "./fixture.ts"

describe("beginSql", () => {
  it.each<[TransactionSettings, number | undefined, string]>([
    [{}, undefined, "begin"],
    [{ isolation: "serializable" }, undefined, "begin isolation level serializable"],
    [{ accessMode: "read only" }, undefined, "begin read only"],
    [{ accessMode: "read write" }, undefined, "begin read write"],
    [{ deferrable: true }, undefined, "begin deferrable"],
    [{ deferrable: false }, undefined, "begin not deferrable"],
    [
      { isolation: "repeatable read", accessMode: "read only", deferrable: true },
      undefined,
      "begin isolation level repeatable read read only deferrable",
    ],
    [{}, 250, "begin; set local statement_timeout = 250"],
    [{ lockTimeoutMs: 99.2 }, undefined, "begin; set local lock_timeout = 100"],
    [
      { isolation: "read committed", lockTimeoutMs: 5 },
      7,
      "begin isolation level read committed; set local statement_timeout = 7; set local lock_timeout = 5",
    ],
  ])("of %j with a backstop of %j is %j", (settings, backstopMs, sql) => {
    expect(beginSql(settings, backstopMs)).toBe(sql)
  })
})

describe("the backstop that the server keeps", () => {
  it.each([
    ["no deadline", Number.POSITIVE_INFINITY, 0, undefined],
    ["no deadline, whatever the session's own limit is", Number.POSITIVE_INFINITY, 500, undefined],
    ["what is left", 1_500, 0, 1_500],
    ["a whole number, rounded up: the client's own limit comes first", 0.2, 0, 1],
    ["never 0, which would mean no limit at all", 0, 0, 1],
    ["the session's own limit, if that is shorter", 1_500, 500, 500],
    ["what is left, if that is shorter", 300, 500, 300],
  ])("is %s", (_, leftMs, sessionMs, expected) => expect(timeoutBackstopMs(leftMs, sessionMs)).toBe(expected))
})

describe("what SHOW says of a duration", () => {
  it.each([
    ["0", 0],
    ["1500ms", 1_500],
    ["30s", 30_000],
    ["2min", 120_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
    ["something else", 0],
  ])("%s is %d ms", (shown, ms) => expect(millisecondsIn(shown)).toBe(ms))
})

describe("the plan of BEGIN", () => {
  const { signal } = new AbortController()

  it("asks for the session's own limit when that was last heard of too long ago, and keeps the answer", () => {
    const { machine, server, clock } = new Fixture()
    const connection = connectTo(server)
    const requestOf = (): unknown => {
      const deadline = deadlineAfter(clock, 10_000)
      return beginPlan(machine, { deadline }, signal).exchangeOn(connection).request
    }
    connection.learntAt = clock.now() - 5_000
    expect(requestOf()).toMatchObject({ sql: "begin; set local statement_timeout = 10000" })
    connection.learntAt = clock.now() - 5_001
    expect(requestOf()).toMatchObject({
      sql: "show statement_timeout; begin; set local statement_timeout = 10000",
    })
    expect(beginPlan(machine, {}, signal).exchangeOn(connection).request, "nothing depends on it").toMatchObject({
      sql: "begin",
    })

    const began = new Exchange({ protocol: "simple", sql: "" })
    began.replies.push({
      rows: [{ statement_timeout: "7s" }],
      command: "SHOW",
      affected: undefined,
      suspended: false,
      fields: [],
      tag: "SHOW",
    })
    learnFromBegin(connection, began, clock.now())
    expect(requestOf()).toMatchObject({ sql: "begin; set local statement_timeout = 7000" })
  })

  it("may be repeated, on another connection too: a BEGIN that failed has done nothing", () => {
    const { machine } = new Fixture()
    expect(beginPlan(machine, {}, signal)).toMatchObject({
      phase: "transaction",
      repeatable: true,
      retry: true,
      attemptsMax: 3,
      counted: false,
      ifWrite: undefined,
      selfCommitting: false,
      signal,
    })
    expect(beginPlan(new Fixture({ retry: false, attemptsMax: 7 }).machine, {}, signal)).toMatchObject({
      retry: false,
      attemptsMax: 7,
    })
  })

  it("carries the time that is left when it is sent, and not when it was planned", async () => {
    const fixture = new Fixture()
    const plan = beginPlan(
      fixture.machine,
      { deadline: deadlineAfter(fixture.clock, 1_000), label: "transfer" },
      signal,
    )
    const connection = connectTo(fixture.server)
    await fixture.clock.advance(400)
    expect(plan.exchangeOn(connection).request).toEqual({
      protocol: "simple",
      sql: "begin; set local statement_timeout = 600",
    })
    connection.statementTimeoutMs = 50
    expect(plan.exchangeOn(connection).request).toMatchObject({ sql: "begin; set local statement_timeout = 50" })
    expect(plan).toMatchObject({ sql: "begin", label: "transfer", deadline: { limitMs: 1_000 } })
  })
})

describe("the plan of COMMIT", () => {
  const connection = connectTo(new Fixture().server)

  it("is never repeated, whatever the options say", () => {
    const { signal } = new AbortController()
    const plan = commitPlan(new Fixture().machine, { signal }, true, undefined)
    expect(plan).toMatchObject({ phase: "commit", access: "write", repeatable: false, retry: false, attemptsMax: 1 })
    expect(plan.signal).toBeUndefined()
    expect(plan.exchangeOn(connection).request).toEqual({ protocol: "simple", sql: "commit" })
  })

  it("is a read where nothing can have been written: then it does not matter what became of it", () => {
    expect(commitPlan(new Fixture().machine, {}, false, undefined).access).toBe("read")
  })
})
