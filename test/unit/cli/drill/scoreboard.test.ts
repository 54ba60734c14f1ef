import type { Finished } from "@kysely-resilient/cli/src/drill/operation.ts"
import { Scoreboard } from "@kysely-resilient/cli/src/drill/scoreboard.ts"
import { describe, expect, it } from "vitest"

const quick: Finished = {
  kind: "read",
  label: "read#1",
  startedAt: 100,
  endedAt: 110,
  overdueAt: 10_000,
  troubledAt: Number.NEGATIVE_INFINITY,
  resolved: false,
  hung: false,
  outcome: "ok",
}

/** A fault that lasts from 100 to 200, and operations that end meanwhile. */
function scoreOf(operations: readonly Finished[], injection: "hurt" | "struck" | "missed" = "hurt") {
  const board = new Scoreboard([{ name: "cut", title: "cut" }])
  const episode = board.begin("cut", 100)
  if (injection !== "hurt") episode[injection] = true
  episode.liftedAt = 200
  for (const operation of operations) board.finish(operation)
  board.end(episode, 900)
  return board.faults[0]
}

describe("a fault", () => {
  it.each([
    ["nobody felt", quick, 0],
    ["somebody had to try again for", { ...quick, troubledAt: 105 }, 1],
    ["somebody was held up by", { ...quick, endedAt: 300 }, 1],
    ["somebody got an error from", { ...quick, outcome: "avoidable" }, 1],
    ["somebody did something wrong during", { ...quick, outcome: "asked" }, 0],
    ["somebody came only after", { ...quick, startedAt: 201, endedAt: 500 }, 0],
    ["somebody had tried again before", { ...quick, troubledAt: 90 }, 0],
  ] as const)("that %s", (_, operation, hits) => {
    expect(scoreOf([operation])).toMatchObject({ played: 1, hits, operations: hits })
  })

  it("counts without anybody's feeling it, if it hit an operation's own message", () => {
    expect(scoreOf([quick], "struck")).toMatchObject({ hits: 1, operations: 0 })
  })

  it("does not count if it missed, whatever anybody felt", () => {
    expect(scoreOf([{ ...quick, outcome: "avoidable" }], "missed")).toMatchObject({ played: 1, hits: 0 })
  })

  it("is over with the first success after it, and settled with the last answer", () => {
    const hurt = { ...quick, endedAt: 700, troubledAt: 150 }
    expect(scoreOf([quick, { ...quick, endedAt: 190 }, { ...quick, endedAt: 230 }, hurt])).toMatchObject({
      recoveryMs: 30,
      settledMs: 700,
    })
  })
})
