import type { LiveConnections } from "@kysely-resilient/http"
import { seatsAfter, type Seat } from "@kysely-resilient/http/src/page/app/seats.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const connection = (id: number) => ({ id, process_id: id, state: "idle", since_ms: 0, opened_ms: 0, uses: 0 }) as const

function at(now: number, ids: readonly number[], opening = 0, max = 4): LiveConnections {
  const pool = { max, idle: ids.length, used: 0, opening, waiting: 0 }
  return { at_ms: now, pool, open: ids.map(connection) }
}

const seated = (...moments: readonly LiveConnections[]): readonly Seat[] =>
  moments.reduce<readonly Seat[]>(seatsAfter, [])
const shown = (seats: readonly Seat[]) =>
  seats.map((seat) => ("connection" in seat ? `${seat.state} ${seat.connection.id}` : seat.state)).join(", ")

describe("a place of the pool", () => {
  it("is kept by its connection, and shows for a moment that it was closed", () => {
    const lost = seated(at(0, [1, 2]), at(250, [2, 3]))
    expect(shown(lost)).toBe("gone 1, taken 2, taken 3, free")
    expect(shown(seatsAfter(lost, at(4_000, [2, 3])))).toBe("gone 1, taken 2, taken 3, free")
    expect(shown(seatsAfter(lost, at(4_250, [2, 3])))).toBe("free, taken 2, taken 3, free")
  })

  it("is where something is opened, and where that arrives", () => {
    expect(shown(seated(at(0, [1]), at(250, [1], 2)))).toBe("taken 1, opening, opening, free")
    expect(shown(seated(at(0, [1]), at(250, [1], 2), at(500, [1, 2], 1)))).toBe("taken 1, taken 2, opening, free")
    expect(shown(seated(at(0, [1]), at(250, [1], 2), at(500, [1])))).toBe("taken 1, free, free, free")
  })

  it("is given to somebody else before it must be shown that it was closed, the oldest first", () => {
    const lost = seated(at(0, [1, 2, 3, 4]), at(250, [1, 2, 4]), at(500, [1, 4]))
    expect(shown(lost)).toBe("taken 1, gone 2, gone 3, taken 4")
    expect(shown(seatsAfter(lost, at(750, [1, 4, 5])))).toBe("taken 1, gone 2, taken 5, taken 4")
    expect(shown(seatsAfter(lost, at(750, [1, 4, 5], 1)))).toBe("taken 1, opening, taken 5, taken 4")
  })

  it("goes when the pool is made smaller, and not while somebody sits there", () => {
    expect(shown(seated(at(0, [1, 2]), at(250, [2], 0, 1), at(5_000, [2], 0, 1)))).toBe("free, taken 2")
    expect(shown(seated(at(0, [1, 2]), at(250, [1], 0, 1)))).toBe("taken 1")
  })

  it("is never changed while its connection lives, and counts what the pool counts", () => {
    const moment = fc.record({
      afterMs: fc.integer({ min: 1, max: 3_000 }),
      closes: fc.array(fc.nat(9), { maxLength: 6 }),
      opens: fc.integer({ min: 0, max: 6 }),
      opening: fc.integer({ min: 0, max: 3 }),
      max: fc.constantFrom(3, 6, 8, 8, 8),
    })
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 30, size: "max" }), (moments) => {
        let seats: readonly Seat[] = []
        let [now, next] = [0, 1]
        let ids: readonly number[] = []
        for (const { afterMs, closes, opens, opening, max } of moments) {
          now += afterMs
          const place = new Map(
            seats.flatMap((seat, index) => (seat.state === "taken" ? [[seat.connection.id, index]] : [])),
          )
          ids = ids.filter((_, index) => !closes.includes(index))
          const added = Array.from({ length: Math.max(0, Math.min(opens, max - ids.length)) }, () => next++)
          ids = [...ids, ...added]
          seats = seatsAfter(seats, at(now, ids, Math.max(0, Math.min(opening, max - ids.length)), max))
          const of = (state: Seat["state"]) => seats.filter((seat) => seat.state === state)
          expect(
            of("taken")
              .map((seat) => ("connection" in seat ? seat.connection.id : 0))
              .toSorted((a, b) => a - b),
          ).toEqual(ids)
          expect(of("opening")).toHaveLength(Math.max(0, Math.min(opening, max - ids.length)))
          expect(seats.length).toBeGreaterThanOrEqual(max)
          for (const [index, seat] of seats.entries()) {
            if (seat.state === "taken" && place.has(seat.connection.id))
              expect(index).toBe(place.get(seat.connection.id))
            if (seat.state === "gone") expect(now - seat.at).toBeLessThan(4_000)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
