import { describe, expect, it } from "vitest"

import {
  afterFailedOpening,
  afterOpening,
  nextOpeningAt,
  noOutage,
  outageLimitAt,
  type Demand,
} from "@kysely-resilient/driver/src/pool/outage.ts"

import { crowded, unreachable, wrongPassword } from "./pool-fixture.ts"

const delayMs = (attempts: number): number => 100 * attempts
const begun = afterFailedOpening(noOutage, { failure: unreachable, live: 0, now: 1_000, delayMs })
const refused = afterFailedOpening(noOutage, { failure: wrongPassword, live: 1, now: 1_000, delayMs })
const full = afterFailedOpening(noOutage, { failure: crowded, live: 1, now: 1_000, delayMs })

describe("afterFailedOpening", () => {
  it.each([
    ["the server is to blame and may come back", unreachable, 0, "unreachable"],
    ["the same, though something is open", unreachable, 2, "unreachable"],
    ["the server is full and something is open", crowded, 1, "crowded"],
    ["the server is full and nothing is open", crowded, 0, "unreachable"],
    ["it fails for good", wrongPassword, 0, "refused"],
    ["it fails for good, though something is open", wrongPassword, 1, "refused"],
    ["the client is to blame, whatever a retry might do", { ...unreachable, blame: "client" }, 0, "refused"],
  ] as const)("knows what it means when %s", (_, failure, live, state) => {
    expect(afterFailedOpening(noOutage, { failure, live, now: 1_000, delayMs }).state).toBe(state)
  })

  it("pauses for longer each time, and remembers when it began", () => {
    expect(begun).toEqual({
      state: "unreachable",
      failure: unreachable,
      attempts: 1,
      since: 1_000,
      failedAt: 1_000,
      retryAt: 1_100,
    })
    const second = afterFailedOpening(begun, { failure: crowded, live: 0, now: 1_250, delayMs })
    expect(second).toEqual({ ...begun, failure: crowded, attempts: 2, failedAt: 1_250, retryAt: 1_450 })
  })

  it("counts those that were under way together once", () => {
    const late = afterFailedOpening(begun, { failure: unreachable, live: 0, now: 1_099, delayMs })
    expect(late).toEqual({ ...begun, failedAt: 1_099 })
  })

  it("begins anew when the trouble is another", () => {
    const other = afterFailedOpening(begun, { failure: crowded, live: 1, now: 1_250, delayMs })
    expect(other).toMatchObject({ state: "crowded", since: 1_250, attempts: 2 })
  })

  it("does not pause after a refusal that everybody was told of", () => {
    expect(afterFailedOpening(noOutage, { failure: wrongPassword, live: 0, now: 1_000, delayMs })).toMatchObject({
      retryAt: 1_000,
    })
    expect(afterFailedOpening(noOutage, { failure: wrongPassword, live: 1, now: 1_000, delayMs })).toMatchObject({
      retryAt: 1_100,
    })
  })
})

describe("a server that is full", () => {
  const often = (times: number) => {
    let outage = full
    for (let n = 1; n < times; n += 1) {
      outage = afterFailedOpening(outage, { failure: crowded, live: 1, now: 1_000 + 10_000 * n, delayMs })
    }
    return outage
  }

  it.each([
    [1, 500],
    [2, 1_000],
    [4, 4_000],
    [5, 5_000],
    [50, 5_000],
  ])("that refused %i times is asked for one more after %i ms", (times, pauseMs) => {
    expect(often(times)).toMatchObject({ state: "crowded", retryAt: 1_000 + 10_000 * (times - 1) + pauseMs })
  })

  it("and has room again is asked for one after the other, until it is long ago", () => {
    const one = afterOpening(full, 2_000)
    expect(one).toEqual({ ...full, attempts: 0, retryAt: 2_100 })
    expect(afterOpening(one, 10_999).state).toBe("crowded")
    expect(afterOpening(one, 11_000)).toBe(noOutage)
    expect(afterFailedOpening(one, { failure: crowded, live: 2, now: 2_200, delayMs })).toMatchObject({
      retryAt: 2_700,
    })
  })

  it("is none that is gone: that is over with the first success", () => {
    expect(afterOpening(begun, 1_001)).toBe(noOutage)
    expect(afterOpening(refused, 1_001)).toBe(noOutage)
  })
})

describe("nextOpeningAt", () => {
  const nobody: Demand = {
    uncovered: 0,
    missing: 0,
    opening: 0,
    youngestBegunAt: -Infinity,
    wanted: false,
    departsAt: Infinity,
    openingMs: 50,
    openingMaxMs: 5_000,
    lastLookAt: -Infinity,
    room: 5,
    proven: true,
    served: true,
  }
  const now = -Infinity
  const never = Infinity

  it.each([
    ["all is well and somebody waits", noOutage, { uncovered: 1, opening: 3 }, now],
    ["all is well and min is not filled", noOutage, { missing: 1, opening: 3 }, now],
    ["all is well and nothing is wanted", noOutage, {}, never],
    ["nothing is proven to work, and few are tried", noOutage, { uncovered: 9, opening: 3, proven: false }, now],
    ["nothing is proven to work, and some are tried", noOutage, { uncovered: 9, opening: 4, proven: false }, never],
    ["the server is full, and what we have serves", full, { uncovered: 1 }, 1_500],
    ["the server is full, and nothing is left that could serve", full, { uncovered: 1, served: false }, 1_100],
    ["there is no room", noOutage, { uncovered: 1, missing: 1, room: 0 }, never],
    ["there is less than no room, after a resize", begun, { uncovered: 1, room: -1 }, never],
    ["in an outage somebody waits", begun, { uncovered: 1, missing: 1 }, 1_100],
    ["in an outage one is tried already", begun, { uncovered: 1, opening: 1 }, never],
    ["in an outage min is not filled", begun, { missing: 1 }, 6_000],
    ["in an outage nothing is wanted", begun, {}, never],
    ["it was refused and somebody waits", refused, { uncovered: 1 }, 1_100],
    ["it was refused and min is not filled", refused, { missing: 1 }, never],
  ] as const)("knows when to open if %s", (_, outage, demand, at) => {
    expect(nextOpeningAt(outage, { ...nobody, ...demand })).toBe(at)
  })

  const hanging = { opening: 1, youngestBegunAt: 1_200, wanted: true, room: 49 }

  it.each([
    ["one hangs in an outage", begun, {}, 1_450],
    ["one hangs, and openings take long there", begun, { openingMs: 300 }, 1_800],
    ["one hangs, and the last that failed did so just now", { ...begun, retryAt: 1_900 }, {}, 1_900],
    ["one hangs, and nobody waits", begun, { wanted: false }, never],
    ["one hangs, and there is no room beside it", begun, { room: 0 }, never],
    ["one hangs, and there is little room: the next are spread over the time that each may", begun, { room: 3 }, 2_450],
    ["something is lost, and one hangs", noOutage, { proven: false }, 1_450],
    ["nothing has been opened yet", noOutage, { proven: false, openingMs: undefined }, 2_200],
    ["all is well", noOutage, {}, never],
    ["the server answers, and is full", full, {}, never],
    ["the server answers, and refuses", refused, {}, never],
  ] as const)("knows when to look again if %s", (_, outage, demand, at) => {
    expect(nextOpeningAt(outage, { ...nobody, ...hanging, ...demand })).toBe(at)
  })

  // The next one in turn is at 1,100.
  it.each([
    ["is about to leave", { departsAt: 1_140 }, 1_090],
    ["leaves long after the next try", { departsAt: 1_400 }, 1_100],
    ["has just been looked for", { departsAt: 1_080 }, 1_100],
    ["leaves soon after another one", { departsAt: 1_140, lastLookAt: 300 }, 1_100],
    ["leaves long after another one", { departsAt: 1_140, lastLookAt: 90 }, 1_090],
    ["is about to leave, and one has just been begun", { departsAt: 1_140, opening: 1, youngestBegunAt: 1_060 }, never],
    ["is about to leave, and one hangs", { departsAt: 1_140, opening: 1, youngestBegunAt: 1_010 }, 1_090],
  ] as const)("looks in time for one who %s", (_, demand, at) => {
    expect(nextOpeningAt(begun, { ...nobody, uncovered: 1, ...demand })).toBe(at)
  })
})

describe("outageLimitAt", () => {
  it("counts from the outage or from joining, whichever came later, and only in an outage", () => {
    expect(outageLimitAt(begun, 500, 5_000)).toBe(6_000)
    expect(outageLimitAt(begun, 1_500, 5_000)).toBe(6_500)
    expect(outageLimitAt(noOutage, 500, 5_000)).toBe(Infinity)
    expect(outageLimitAt(full, 500, 5_000)).toBe(Infinity)
  })
})
