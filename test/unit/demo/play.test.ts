import { beforeEach, describe, expect, it } from "vitest"

import { missed, type Injection } from "../../../examples/demo/faults/fault.ts"
import { play, strike, type Stagehand } from "../../../examples/demo/play.ts"
import { Scoreboard } from "../../../examples/demo/scoreboard.ts"

let now: number
let board: Scoreboard
let stop: AbortController
let onStage: (string | undefined)[]

/** Time passes only while somebody sleeps; `meanwhile` is what the application does then. */
function hand(inject: Stagehand["inject"], meanwhile: () => void = () => {}): Stagehand {
  return {
    inject,
    board,
    signal: stop.signal,
    onFault: (fault) => void onStage.push(fault),
    now: () => now,
    sleep: async (ms) => {
      now += ms
      meanwhile()
    },
  }
}

const hit = async (): Promise<Injection> => ({ hit: true, liftedAt: now, recoveredBy: () => true })
const work = () => board.end(board.begin("read"), "ok")
const score = () => board.faults[0]!

beforeEach(() => {
  now = 0
  board = new Scoreboard(["crash", "stall"], () => now)
  stop = new AbortController()
  onStage = []
})

describe("strike", () => {
  it("tries again until it hits, and counts one hit", async () => {
    let tries = 0
    await strike(
      "crash",
      hand(async () => (++tries < 3 ? missed : hit()), work),
    )
    expect(tries).toBe(3)
    expect(score()).toMatchObject({ hits: 1, unrecovered: 0 })
  })

  it("gives up after ten seconds without a hit, so that a run ends and says so", async () => {
    await strike(
      "crash",
      hand(async () => missed, work),
    )
    expect(now).toBeGreaterThanOrEqual(10_000)
    expect(now).toBeLessThan(11_000)
    expect(score().hits).toBe(0)
    const { operations } = score()
    board.beginEpisode("stall")
    work()
    expect(score().operations).toBe(operations)
  })

  it("is not over before what was hurt works again", async () => {
    const worksFrom = 400
    await strike(
      "crash",
      hand(hit, () => now >= worksFrom && work()),
    )
    expect(now).toBe(worksFrom)
    expect(score().recoveryMs).toBe(worksFrom)
    expect(onStage).toEqual(["crash", undefined])
  })

  it("goes on after ten seconds without recovery, which is then on record", async () => {
    await strike("crash", hand(hit))
    expect(now).toBeLessThan(11_000)
    expect(score()).toMatchObject({ hits: 1, unrecovered: 1 })
  })
})

describe("play", () => {
  const schedule = [
    { fault: "crash", atMs: 100 },
    { fault: "crash", atMs: 500 },
  ]

  it("starts no fault before its time, one at a time, and lasts as long as it should", async () => {
    const struckAt: number[] = []
    await play(
      schedule,
      2_000,
      hand(async () => (struckAt.push(now), hit()), work),
    )
    expect(struckAt).toEqual([100, 500])
    expect(onStage).toEqual(["crash", undefined, "crash", undefined])
    expect(now).toBe(2_000)
  })

  it("pushes a fault back while the one before it is not over", async () => {
    const struckAt: number[] = []
    await play(
      schedule,
      2_000,
      hand(
        async () => (struckAt.push(now), hit()),
        () => now >= 900 && work(),
      ),
    )
    expect(struckAt).toEqual([100, 900])
  })

  it("ends at once when it is interrupted", async () => {
    const interrupting = hand(hit, () => now >= 200 && stop.abort())
    await play(schedule, 60_000, interrupting)
    expect(now).toBe(200)
    expect(onStage.at(-1)).toBeUndefined()
  })
})
