import type { Clock } from "../foundation/clock.ts"
import { MARKER_TABLE } from "../postgres/marker-table.ts"
import { askRow, type SideConnection } from "./side-connection.ts"

/** How long a marker is kept, hours of the server's clock. Nobody asks for one after `TOKEN_LIFE_MS`. */
const KEPT_HOURS = 6

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
    void this.#side.use(async (connection) => {
      const asked = await askRow(connection, PURGE)
      if (asked.ok && Number(asked.fields[0]) === ROWS_MAX) this.#nextAt = this.#clock.now() + MORE_PAUSE_MS
    })
  }
}

/** SKIP LOCKED: another process may be at it too. */
const PURGE =
  `with gone as (delete from ${MARKER_TABLE} where id in (select id from ${MARKER_TABLE} ` +
  `where at < now() - interval '${KEPT_HOURS} hours' limit ${ROWS_MAX} for update skip locked) returning 1) ` +
  "select count(*)::text from gone"
