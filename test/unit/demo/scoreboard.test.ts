import type { DriverEvent } from "@kysely-resilient/driver"
import { beforeEach, describe, expect, it } from "vitest"

import type { Finished, Operation, Outcome } from "../../../examples/demo/operation.ts"
import { Scoreboard } from "../../../examples/demo/scoreboard.ts"

let now: number
let board: Scoreboard

beforeEach(() => {
  now = 0
  board = new Scoreboard(["crash", "stall"], () => now)
})

/** Only the label matters here; the rest of the event is what the driver would tell. */
const retriedEvent = (label: string): DriverEvent => ({
  at: 0,
  name: "query.retried",
  queryId: "q",
  sql: "select 1",
  label,
  attempt: 1,
  delayMs: 0,
  failure: {
    kind: "connection_failed",
    blame: "server",
    retry: "statement",
    pace: "slow",
    connection: "discard",
    effect: "not_applied",
    origin: "socket",
    phase: "read",
    message: "connection lost",
  },
})

function run(ms: number, outcome: Outcome = "ok"): void {
  const operation = board.begin("read")
  now += ms
  board.end(operation, outcome)
}

const fault = (name: string) => board.faults.find((score) => score.name === name)!
const anything = () => true

describe("Scoreboard", () => {
  it("counts what happened before the first fault in the total only", () => {
    run(5, "avoidable")
    expect(board.total).toMatchObject({ operations: 1, surfaced: { needed: 0, avoidable: 1 } })
    expect(board.faults.every(({ operations }) => operations === 0)).toBe(true)
  })

  it.each([
    ["needed", { surfaced: { needed: 1, avoidable: 0 }, unknown: 0 }],
    ["avoidable", { surfaced: { needed: 0, avoidable: 1 }, unknown: 0 }],
    ["unknown", { surfaced: { needed: 0, avoidable: 0 }, unknown: 1 }],
  ] as const)("lays an outcome that is %s at the door of the fault in force", (outcome, expected) => {
    board.beginEpisode("stall")
    board.beginEpisode("crash")
    run(5, outcome)
    expect(fault("crash")).toMatchObject({ ...expected, affected: 1 })
    expect(fault("stall")).toMatchObject({ affected: 0, operations: 0 })
    expect(board.total).toMatchObject(expected)
  })

  it("counts an operation that was retried several times once", () => {
    board.beginEpisode("crash")
    const operation = board.begin("read")
    board.observe(retriedEvent(operation.label))
    board.observe(retriedEvent(operation.label))
    board.end(operation, "ok")
    run(5)
    expect(fault("crash")).toMatchObject({ operations: 2, affected: 1, retried: 1 })
  })

  it("blames a retry on the fault that caused it, even if the operation ends during the next one", () => {
    board.beginEpisode("crash")
    const operation = board.begin("read")
    board.observe(retriedEvent(operation.label))
    board.beginEpisode("stall")
    board.end(operation, "ok")
    expect(fault("crash").retried).toBe(1)
    expect(fault("stall").retried).toBe(0)
  })

  it("does not blame a retry from before the first fault on a fault", () => {
    const operation = board.begin("read")
    board.observe(retriedEvent(operation.label))
    board.beginEpisode("crash")
    board.end(operation, "ok")
    expect(fault("crash").retried).toBe(0)
    expect(board.total.retried).toBe(1)
  })

  it("ignores retries of what is not an operation of the application", () => {
    board.observe(retriedEvent("somebody else"))
    run(5)
    expect(board.total.retried).toBe(0)
  })

  it("blames a delay on the fault that the operation began to wait for, even if it ends during the next one", () => {
    const stall = board.beginEpisode("stall")
    const operation = board.begin("read")
    now += 300
    stall.lifted(now, anything)
    board.beginEpisode("crash")
    board.end(operation, "ok")
    run(5)
    expect(fault("stall")).toMatchObject({ operations: 1, affected: 1 })
    expect(fault("crash")).toMatchObject({ operations: 1, affected: 0 })
  })

  it("blames an error on the fault in force when it came", () => {
    board.beginEpisode("stall").lifted(10, anything)
    const operation = board.begin("read")
    board.beginEpisode("crash")
    board.end(operation, "avoidable")
    expect(fault("crash").surfaced.avoidable).toBe(1)
  })

  it("counts an operation as affected if it was held up while the fault was in force", () => {
    const episode = board.beginEpisode("stall")
    run(300)
    run(10)
    episode.lifted(now, anything)
    now += 1
    run(300)
    expect(fault("stall")).toMatchObject({ operations: 3, affected: 1 })
  })
})

const onlyTransfers = (operation: Finished) => operation.kind === "transfer"

function end(operation: Operation, at: number): void {
  now = at
  board.end(operation, "ok")
}

describe("recovery", () => {
  it("takes from the end of the fault to the first success that needed what was hurt", () => {
    const episode = board.beginEpisode("crash")
    episode.lifted(100, onlyTransfers)
    end(board.begin("read"), 120)
    expect(episode.recoveryMs).toBeUndefined()
    end(board.begin("transfer"), 150)
    end(board.begin("transfer"), 400)
    expect(episode.recoveryMs).toBe(50)
    expect(fault("crash")).toMatchObject({ hits: 1, recoveryMs: 50, unrecovered: 0 })
  })

  it("also counts a success that came between the end of the fault and the news of it", () => {
    const episode = board.beginEpisode("crash")
    end(board.begin("read"), 90)
    end(board.begin("read"), 130)
    now = 200
    episode.lifted(100, anything)
    expect(episode.recoveryMs).toBe(30)
  })

  it("is not a failure, however soon it comes", () => {
    const episode = board.beginEpisode("crash")
    episode.lifted(0, anything)
    run(5, "needed")
    expect(episode.recoveryMs).toBeUndefined()
    expect(fault("crash")).toMatchObject({ hits: 1, recoveryMs: undefined, unrecovered: 1 })
  })

  it("counts no hit for a try that hit nothing, and tells the worst of several recoveries", () => {
    board.beginEpisode("crash")
    run(1)
    for (const slow of [5, 40, 20]) {
      board.beginEpisode("crash").lifted(now, anything)
      run(slow)
    }
    expect(fault("crash")).toMatchObject({ hits: 3, recoveryMs: 40, unrecovered: 0 })
  })
})
