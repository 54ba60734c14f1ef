import { RARE_MS } from "../chronicle.ts"
import { inSeconds, ofSort, seconds, timed, type MemoryRule } from "../memory.ts"

export const heldTooLong: MemoryRule = {
  code: "HELD_TOO_LONG",
  when: "in the last 10 minutes a transaction was open, or a callback of `withConnection` ran, for longer than `timeouts.heldTooLongMs` (10 s)",
  why: "It holds a connection and its locks, and keeps vacuum from removing what is dead.",
  find({ seen }) {
    const held = seen("held")
    if (held.count === 0) return undefined
    const resting = ofSort(held, "resting")
    return {
      severity: "warning",
      message: `${heldFor(held.count, inSeconds(held.maxMs))}; ${whatTheyDid(held.count, resting)}`,
      action:
        resting > 0
          ? "Do not wait for anything but the database while one is held: collect first, then write"
          : "Split the work into smaller transactions, or make its statements faster",
      evidence: {
        held: held.count,
        resting,
        longest_s: seconds(held.maxMs),
        by: timed(held),
        window_s: seconds(RARE_MS),
      },
    }
  },
}

function heldFor(count: number, longest: string): string {
  return count === 1
    ? `1 transaction or connection was held for ${longest}`
    : `${count} transactions or connections were held, the longest for ${longest}`
}

function whatTheyDid(count: number, resting: number): string {
  if (count === 1) return `it ran ${resting === 0 ? "a statement" : "nothing"} at that moment`
  return `${resting === 0 ? "all of them ran statements" : `${resting} of them ran nothing`} at that moment`
}
