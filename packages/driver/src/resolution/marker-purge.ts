import type { Clock } from "../foundation/clock.ts"
import { uuidV7 } from "../foundation/uuid.ts"
import { MARKER_TABLE } from "../postgres/marker-table.ts"
import { askRow, type SideConnection } from "./side-connection.ts"

/** How long a marker is kept. Nobody asks for one after `TOKEN_LIFE_MS`; the rest is for clocks that differ. Milliseconds. */
const KEPT_MS = 6 * 3_600_000

/** For how long a token says something about a marker: a purged one looks like one that was never written. Milliseconds. */
export const TOKEN_LIFE_MS: number = 5 * 3_600_000

/** Every process that writes markers does it, so there is no hurry. */
const PAUSE_MS = 600_000
/** As soon as that again, while there is more. */
const MORE_PAUSE_MS = 10_000
/** So that it never holds much for long. */
const ROWS_MAX = 10_000

/** Deletes old markers, now and then, in passing. */
export class MarkerPurge {
  readonly #side: Pick<SideConnection, "use">
  readonly #clock: Clock
  #nextAt: number

  constructor(side: Pick<SideConnection, "use">, clock: Clock) {
    this.#side = side
    this.#clock = clock
    this.#nextAt = clock.now() + PAUSE_MS
  }

  /** A marker is being written: is it time to delete old ones? */
  written(): void {
    const now = this.#clock.now()
    if (now < this.#nextAt) return
    this.#nextAt = now + PAUSE_MS
    // Markers begin with the time at which they were made, so the key itself says how old they are.
    const oldest = uuidV7(this.#clock.wallTime() - KEPT_MS, () => 0)
    void this.#side.use(async (connection) => {
      const asked = await askRow(connection, purge(oldest))
      if (asked.ok && Number(asked.fields[0]) === ROWS_MAX) this.#nextAt = this.#clock.now() + MORE_PAUSE_MS
    })
  }
}

/** SKIP LOCKED: another process may be at it too. */
function purge(oldest: string): string {
  return (
    `with gone as (delete from ${MARKER_TABLE} where id in (select id from ${MARKER_TABLE} ` +
    `where id < '${oldest}' limit ${ROWS_MAX} for update skip locked) returning 1) select count(*)::text from gone`
  )
}
