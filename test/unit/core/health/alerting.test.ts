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
