import type { LiveConnection, LiveConnections } from "../../live/messages.ts"

/**
 * A place of the pool. A connection keeps its place as long as it is open, and leaves a mark there for a moment, so that what happens is seen
 * where it happens and nothing moves.
 *
 *   free ──▶ opening ──▶ taken ──▶ gone ──▶ free
 */
export type Seat =
  | { readonly state: "free" }
  | { readonly state: "opening" }
  | { readonly state: "taken"; readonly connection: LiveConnection }
  | { readonly state: "gone"; readonly connection: LiveConnection; readonly at: number }

const FREE: Seat = { state: "free" }

/** How long the mark of a closed connection stays where nobody needs its place. */
const GONE_MS = 4_000

/** A screen has an end. */
const SEATS_MAX = 200

/** Who sits where now, of one moment of the pool. */
export function seatsAfter(before: readonly Seat[], { at_ms: now, pool, open }: LiveConnections): readonly Seat[] {
  const current = new Map(open.map((connection) => [connection.id, connection]))
  const seats = before.map((seat) => stays(seat, current, now))
  const seated = new Set(seats.flatMap((seat) => (seat.state === "taken" ? seat.connection.id : [])))
  const newcomers = open.filter(({ id }) => !seated.has(id))
  const places = Math.min(SEATS_MAX, Math.max(pool.max, open.length + pool.opening))
  while (seats.length < places) seats.push(FREE)

  for (const connection of newcomers) seats[nextPlace(seats)] = { state: "taken", connection }
  // Those that are still being opened stay where they were; the others are done, or have failed.
  let openings = pool.opening
  for (const [index, seat] of seats.entries()) {
    if (seat.state === "opening" && (openings -= 1) < 0) seats[index] = FREE
  }
  for (; openings > 0 && seats.some(isVacant); openings -= 1) seats[nextPlace(seats, isVacant)] = { state: "opening" }
  // A pool that was made smaller.
  while (seats.length > places && isVacant(seats.at(-1)!)) seats.pop()
  return seats
}

function stays(seat: Seat, open: ReadonlyMap<number, LiveConnection>, now: number): Seat {
  if (seat.state === "taken") {
    const connection = open.get(seat.connection.id)
    return connection === undefined
      ? { state: "gone", connection: seat.connection, at: now }
      : { state: "taken", connection }
  }
  return seat.state === "gone" && now - seat.at >= GONE_MS ? FREE : seat
}

function isVacant({ state }: Seat): boolean {
  return state === "free" || state === "gone"
}

function isUntaken({ state }: Seat): boolean {
  return state !== "taken"
}

/** Where something was being opened it arrives; else where nothing is; else over the oldest mark. */
function nextPlace(seats: readonly Seat[], may: (seat: Seat) => boolean = isUntaken): number {
  const rank = (seat: Seat): number =>
    seat.state === "opening" ? -2 : seat.state === "free" ? -1 : seat.state === "gone" ? seat.at : 0
  let best = seats.length
  for (const [index, seat] of seats.entries()) {
    if (may(seat) && (best === seats.length || rank(seat) < rank(seats[best]!))) best = index
  }
  return best
}
