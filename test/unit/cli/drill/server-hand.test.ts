import { ServerHand } from "@kysely-resilient/cli/src/drill/server-hand.ts"
import type { OwnServer } from "@kysely-resilient/testing"
import { describe, expect, it } from "vitest"

/** The server is stopped at 100 and works again at 700. */
async function restarted() {
  let now = 100
  const server = { stopFast: async () => {}, start: async () => {}, ready: async () => {} } as unknown as OwnServer
  const hand = new ServerHand(server, () => now)
  await hand.restart("fast", async () => void (now = 700))
  return hand
}

describe("the server in the hands of faults", () => {
  it.each([
    [0, 50, false, 0],
    [0, 150, true, 50],
    [200, 300, true, 100],
    [0, 900, true, 600],
    [701, 900, false, 0],
  ])("between %i and %i: another life %s, no server for %i ms", async (from, until, another, outageMs) => {
    const hand = await restarted()
    expect(hand.restartedBetween(from, until)).toBe(another)
    expect(hand.outageMs(from, until)).toBe(outageMs)
  })
})
