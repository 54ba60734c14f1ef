import type { Clock, Timer } from "../foundation/clock.ts"
import { ended, type PgConnection } from "../postgres/connection.ts"
import type { Told } from "../telemetry/events.ts"
import { askSessions, type Suspect } from "./ask-sessions.ts"
import type { SideConnection } from "./side-connection.ts"
import { afterLook, silenceOf, type BackendSight, type Doubt, type Silence } from "./silence.ts"

/** What it needs of a connection. */
export type Watched = Pick<PgConnection, "id" | "awaited" | "facts" | "destroy">

interface WatchParts<C extends Watched> {
  /** Those that somebody uses. */
  readonly used: () => Iterable<C>
  /** False: no connection can be opened at the moment, so there is nothing to look through. */
  readonly reachable: () => boolean
  /** Those that have rested for longer than this one share its fate. */
  readonly distrustOlder: (connection: C) => void
  readonly side: Pick<SideConnection, "use">
  readonly clock: Clock
  readonly emit: (event: Told) => void
  /** Undefined: nobody watches. */
  readonly stallMs: number | undefined
}

/** So often in `stallMs` is looked which connections are silent; it costs nothing but a comparison each. */
const TICKS = 10

/** After one look that came to nothing the next waits, longer each time; and at last this long. Milliseconds. */
const BLIND_PAUSE_MAX_MS = 30_000

/**
 * Finds connections that the network has swallowed while somebody waits for an answer on them, which no socket reports. One question
 * at a time for all of them, over the side connection, and none while all of them hear something.
 *
 *   asleep ──a statement is sent──▶ awake ──nothing is awaited any more──▶ asleep
 */
export class Watch<C extends Watched> {
  readonly #parts: WatchParts<C>
  #timer: Timer | undefined
  #silences = new Map<C, Silence>()
  #looking = false
  #blindLooks = 0
  #blindUntil = 0
  #closed = false

  constructor(parts: WatchParts<C>) {
    this.#parts = parts
  }

  /** A statement is being sent. */
  begin(): void {
    if (this.#timer === undefined) this.#wait()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #wait(): void {
    const { clock, stallMs } = this.#parts
    if (stallMs === undefined || this.#closed) return
    this.#timer = clock.after(stallMs / TICKS, () => this.#tick(stallMs), { background: true })
  }

  #tick(stallMs: number): void {
    const now = this.#parts.clock.now()
    const silences = new Map<C, Silence>()
    for (const connection of this.#parts.used()) {
      const silence = silenceOf(connection.awaited, this.#silences.get(connection), now, stallMs)
      if (silence !== undefined) silences.set(connection, silence)
    }
    this.#silences = silences
    this.#timer = undefined
    if (silences.size === 0) return
    this.#wait()
    if (this.#looking || now < this.#blindUntil) return
    const due = [...silences].filter(([connection, { lookAt }]) => lookAt <= now && suspectOf(connection) !== undefined)
    if (due.length > 0 && this.#parts.reachable()) void this.#look(due, stallMs)
  }

  async #look(due: readonly (readonly [C, Silence])[], stallMs: number): Promise<void> {
    this.#looking = true
    const { clock, side } = this.#parts
    const suspects = due.flatMap(([connection]) => suspectOf(connection) ?? [])
    const looked = await side.use(async (through) => {
      const timer = clock.after(stallMs, () => through.destroy(ended(`The server did not answer within ${stallMs} ms`)))
      const sights = await askSessions(through, suspects)
      timer.cancel()
      return sights
    })
    this.#looking = false
    const sights = looked.ok ? looked.value : undefined
    if (sights === undefined) return this.#sawNothing(stallMs)
    this.#blindLooks = 0
    for (const [index, [connection, silence]] of due.entries()) {
      const sight = sights[index]
      // It may have been heard in the meantime.
      const silent = silenceOf(connection.awaited, silence, 0, stallMs) === silence
      if (sight !== undefined && silent) this.#judge(connection, silence, sight, stallMs)
    }
  }

  #judge(connection: C, before: Silence, sight: BackendSight, stallMs: number): void {
    const now = this.#parts.clock.now()
    const { silence, lost } = afterLook(before, sight, now, stallMs)
    this.#silences.set(connection, silence)
    if (lost === undefined) return
    const silentMs = now - silence.since
    this.#parts.emit({ name: "connection.silent", connectionId: connection.id, silentMs, found: lost })
    this.#parts.distrustOlder(connection)
    connection.destroy(ended(`Nothing was heard for ${Math.round(silentMs)} ms, and the server ${SAYS[lost]}`))
  }

  #sawNothing(stallMs: number): void {
    const pauseMs = Math.min(BLIND_PAUSE_MAX_MS, stallMs * 2 ** Math.min(this.#blindLooks, 20))
    this.#blindLooks += 1
    this.#blindUntil = this.#parts.clock.now() + pauseMs
  }
}

const SAYS: Readonly<Record<Doubt["backend"], string>> = {
  gone: "has no such session any more",
  "at-rest": "waits for its client to say something",
  unheard: "cannot get through to its client",
}

/** Behind a pooler nobody knows which session it is; and some servers do not say who they are. */
function suspectOf({ facts: { backend, life } }: Watched): Suspect | undefined {
  return backend === undefined || life === undefined ? undefined : { backend, life }
}
