import { seededRandom, shuffled } from "./random.ts"

/** One entry of the play: which fault, and not before when. */
export interface Appearance<Name extends string = string> {
  readonly fault: Name
  /** Milliseconds since the play began. A fault that is late pushes the next ones back. */
  readonly atMs: number
}

/** What is set aside for starting the server and for the last checks; the play gets the rest. */
const ASIDE_MS = 6_000
const ASIDE_RATIO = 0.3

/** About this long per fault, so that a reader sees each one come, hurt and go. Short plays squeeze it. */
const SLOT_MS = 1_800

/** How much of a run of `seconds` is play. Never depends on how long set-up took, or a seed would not mean one schedule. */
export function playMsOf(seconds: number): number {
  return seconds * 1_000 - Math.min(ASIDE_MS, seconds * 1_000 * ASIDE_RATIO)
}

/** Every fault at least once, in an order and at moments that only the seed decides; never the same one twice in a row. */
export function planSchedule<Name extends string>(
  faults: readonly Name[],
  seed: number,
  playMs: number,
): readonly Appearance<Name>[] {
  const random = seededRandom(seed)
  const slots = Math.max(faults.length, Math.floor(playMs / SLOT_MS))
  const slotMs = playMs / slots

  const order: Name[] = []
  while (order.length < slots) {
    const round = shuffled(faults, random)
    if (round.length > 1 && round[0] === order.at(-1)) round.push(...round.splice(0, 1))
    order.push(...round)
  }

  // The first third of a slot is where a fault may begin: the rest is for recovering from it.
  return order.slice(0, slots).map((fault, slot) => ({ fault, atMs: Math.round((slot + random() / 3) * slotMs) }))
}
