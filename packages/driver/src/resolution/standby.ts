import type { Clock } from "../foundation/clock.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Sight } from "./course.ts"
import type { SideConnection } from "./side-connection.ts"

/**
 * True, in SQL, if COMMIT means for this role that a synchronous standby has it too. A session that has chosen otherwise by itself
 * is not seen.
 */
export const SYNCHRONOUS: string =
  "(current_setting('synchronous_standby_names') <> '' and current_setting('synchronous_commit') not in ('off', 'local'))::text"

/**
 * Writes something that means nothing to anybody into the server's log (WAL), and commits: the standby confirms the log in its order, so
 * with this it has everything that was committed before. Allowed to every role, also where transactions are read-only.
 */
const EMIT = "select pg_logical_emit_message(true, '', '')::text"

interface StandbyParts {
  /** Of its own: it waits, and others must not wait behind it. */
  readonly side: Pick<SideConnection, "use">
  readonly clock: Clock
  /** Aborts when the driver is closed. */
  readonly closing: AbortSignal
}

type Answer = Extract<Sight, { readonly effect: "confirmed" | "unconfirmed" | "unreachable" }>

/** Asks the synchronous standby, through its primary, whether it has what was committed there. One question for all who come meanwhile. */
export class Standby {
  readonly #parts: StandbyParts
  /** Not sent yet. */
  #next: Promise<Answer> | undefined
  #untilAt = Number.NEGATIVE_INFINITY

  constructor(parts: StandbyParts) {
    this.#parts = parts
  }

  /** Whether it has everything that is committed by now. Asked until then, on the clock. Never rejects. */
  confirm(untilAt: number): Promise<Answer> {
    this.#untilAt = Math.max(this.#untilAt, untilAt)
    this.#next ??= this.#ask()
    return this.#next
  }

  async #ask(): Promise<Answer> {
    const asked = await this.#parts.side.use((connection) => this.#emit(connection))
    if (asked.ok) return asked.value
    this.#sent()
    return { effect: "unreachable", why: asked.failure.message }
  }

  async #emit(connection: PgConnection): Promise<Answer> {
    const { clock, closing } = this.#parts
    const leftMs = Math.max(0, this.#sent() - clock.now())
    // A wait that nobody waits for is ended on the server, where it would hold a session as long as there is no standby.
    const timer = clock.after(leftMs, () => connection.abandon("deadline"))
    const end = (): void => connection.kill()
    closing.addEventListener("abort", end)
    const { error, ready, syncRepWait } = await connection.perform({ protocol: "simple", sql: EMIT })
    closing.removeEventListener("abort", end)
    timer.cancel()
    if (ready === undefined) return { effect: "unreachable", why: error instanceof Error ? error.message : "no answer" }
    return { effect: error === undefined && !syncRepWait ? "confirmed" : "unconfirmed" }
  }

  /** Whoever comes from now on has a question of his own. */
  #sent(): number {
    const untilAt = this.#untilAt
    this.#next = undefined
    this.#untilAt = Number.NEGATIVE_INFINITY
    return untilAt
  }
}
