import type { Alert } from "@kysely-resilient/core/src/health/alert.ts"
import { Alerting } from "@kysely-resilient/core/src/health/alerting.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

const alert = (change: Partial<Alert> = {}): Alert => ({
  kind: "threshold_crossed",
  severity: "warning",
  code: "MANY_ROLLBACKS",
  message: "21 transactions were rolled back",
  status: "degraded",
  previousStatus: "degraded",
  at: 1,
  ...change,
})

let clock: FakeClock
let posted: { url: string; init: RequestInit }[]
let answers: (number | Error)[]

const send: typeof fetch = async (url, init) => {
  posted.push({ url: url instanceof Request ? url.url : url.toString(), init: init ?? {} })
  const answer = answers.shift() ?? 204
  if (answer instanceof Error) throw answer
  return new Response(null, { status: answer })
}

const bodies = () =>
  posted.map(({ init }) => JSON.parse(typeof init.body === "string" ? init.body : "") as Record<string, unknown>)

beforeEach(() => {
  clock = new FakeClock()
  posted = []
  answers = []
})

describe("a webhook", () => {
  it("is posted the alert as JSON, with a text that chats show", async () => {
    const alerting = new Alerting({ webhook: { url: "https://hooks/x", headers: { authorization: "t" } } }, clock, send)
    alerting.tell([alert()])
    await alerting.close()
    expect(posted).toMatchObject([
      { url: "https://hooks/x", init: { method: "POST", headers: { authorization: "t" } } },
    ])
    expect(bodies()).toMatchObject([
      { text: "21 transactions were rolled back", code: "MANY_ROLLBACKS", severity: "warning", suppressed: 0 },
    ])
  })

  it("holds back the same code for its cooldown, and counts", async () => {
    const alerting = new Alerting({ webhook: { url: "https://hooks/x", cooldownMs: 60_000 } }, clock, send)
    for (let time = 0; time < 7; time += 1) {
      alerting.tell([alert(), alert({ code: "OTHER" })])
      await clock.advance(10_000)
    }
    expect(bodies().map(({ code, suppressed }) => [code, suppressed])).toEqual([
      ["MANY_ROLLBACKS", 0],
      ["OTHER", 0],
      ["MANY_ROLLBACKS", 5],
      ["OTHER", 5],
    ])
  })

  it("never holds back that the status is another one", async () => {
    const alerting = new Alerting({ webhook: "https://hooks/x" }, clock, send)
    const changes = ["STATUS_CRITICAL", "STATUS_HEALTHY", "STATUS_CRITICAL", "STATUS_HEALTHY"]
    for (const code of changes) alerting.tell([alert({ kind: "status_changed", code })])
    await alerting.close()
    expect(bodies().map(({ code }) => code)).toEqual(changes)
  })

  it.each([
    ["once more when it was not reached", [new Error("refused")], 2],
    ["three times, and no more", [500, 503, 429, 500], 3],
    ["once when it does not want it", [404], 1],
  ] as const)("is tried %s", async (_, given, times) => {
    answers = [...given]
    const alerting = new Alerting({ webhook: "https://hooks/x" }, clock, send)
    alerting.tell([alert()])
    await clock.advance(20_000)
    expect(posted).toHaveLength(times)
    expect(clock.timers.foreground).toBe(0)
  })

  it("is tried once more when the database is closed between two tries, and that waits for nothing else", async () => {
    answers = [500, 500, 500]
    const alerting = new Alerting({ webhook: "https://hooks/x" }, clock, send)
    alerting.tell([alert()])
    await clock.settle()
    expect(posted).toHaveLength(1)
    // No time passes: nothing in a process that is about to end would let it.
    await alerting.close()
    expect(posted).toHaveLength(2)
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("tells of two things in the order in which they happened, though the first has to be tried again", async () => {
    answers = [503]
    const alerting = new Alerting({ webhook: "https://hooks/x" }, clock, send)
    const changed = (code: string) => alert({ kind: "status_changed", code })
    alerting.tell([changed("STATUS_CRITICAL"), changed("STATUS_HEALTHY")])
    await clock.advance(10_000)
    expect(bodies().map(({ code }) => code)).toEqual(["STATUS_CRITICAL", "STATUS_CRITICAL", "STATUS_HEALTHY"])
  })

  it("that could not be told is told the next time, cooldown or not", async () => {
    answers = [new Error("a"), new Error("b"), new Error("c")]
    const alerting = new Alerting({ webhook: "https://hooks/x" }, clock, send)
    alerting.tell([alert()])
    await clock.advance(10_000)
    expect(posted).toHaveLength(3)
    alerting.tell([alert({ message: "again" })])
    await alerting.close()
    expect(bodies().at(-1)).toMatchObject({ text: "again" })
    expect(posted).toHaveLength(4)
  })

  it("that was away is not told what is old, and never more than it can read", async () => {
    const alerting = new Alerting({ webhook: "https://hooks/x" }, clock, async (url, init) => {
      await new Promise<void>((resolve) => void clock.after(30_000, resolve))
      return send(url, init)
    })
    for (let number = 0; number < 200; number += 1) alerting.tell([alert({ code: `CODE_${number}` })])
    await clock.advance(300_000)
    // One that went at once, and those whose turn came within a minute; the oldest that waited made room.
    expect(bodies().map(({ code }) => code)).toEqual(["CODE_0", "CODE_100", "CODE_101"])
  })

  it("does not follow a redirection, and is warned about once, without its URL", async () => {
    const warnings: string[] = []
    const hear = (warning: Error) => void warnings.push(warning.message)
    process.on("warning", hear)
    answers = [302, new Error("https://hooks/secret refused"), 500, 500, 204, 404]
    const alerting = new Alerting({ webhook: "https://hooks/secret" }, clock, send)
    for (const code of ["A", "B", "C", "D"]) {
      alerting.tell([alert({ code, message: code })])
      await clock.advance(10_000)
    }
    await alerting.close()
    await new Promise(setImmediate)
    process.off("warning", hear)
    expect(posted.map(({ init }) => init.redirect)).toEqual(Array.from(posted, () => "manual"))
    expect(warnings).toEqual([
      "An alert could not be sent to the webhook: it answered 302. It said: A",
      "An alert could not be sent to the webhook: it answered 404. It said: D",
    ])
  })
})

describe("listeners", () => {
  it("are told by severity, and none suffers from another", async () => {
    const heard: unknown[] = []
    const say = (level: string) => (_: object, message: string) => void heard.push([level, message])
    const alerting = new Alerting(
      {
        callback: () => Promise.reject(new Error("mine")),
        logger: { info: say("info"), warn: say("warn"), error: say("error") },
      },
      clock,
    )
    alerting.tell([
      alert({ severity: "info", message: "a" }),
      alert({ severity: "critical", message: "b" }),
      alert({ message: "c" }),
    ])
    const thrower = new Alerting(
      {
        callback: () => {
          throw new Error("mine")
        },
        webhook: "https://hooks/x",
      },
      clock,
      send,
    )
    thrower.tell([alert()])
    await Promise.all([alerting.close(), thrower.close()])
    expect(heard).toEqual([
      ["info", "a"],
      ["error", "b"],
      ["warn", "c"],
    ])
    expect(posted).toHaveLength(1)
  })
})
