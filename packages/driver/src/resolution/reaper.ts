import type { BackendIdentity } from "../postgres/claim.ts"
import { askRow, type SideConnection } from "./side-connection.ts"

/** More than a pool holds; what is beyond it ends when the server notices by itself. */
const WAITING_MAX = 1_000

/**
 * Ends sessions that we have lost and the server perhaps not: their statements would run on, and their locks stand in the way of
 * whoever does the work again. Tried once; if the server cannot be reached, it has most likely lost them too.
 */
export class Reaper {
  readonly #side: Pick<SideConnection, "use">
  #waiting: BackendIdentity[] = []

  constructor(side: Pick<SideConnection, "use">) {
    this.#side = side
  }

  end(backend: BackendIdentity): void {
    if (this.#waiting.length >= WAITING_MAX) return
    this.#waiting.push(backend)
    // Those that are lost together are ended together; those that are lost meanwhile have a turn of their own.
    if (this.#waiting.length === 1)
      void this.#side
        .use((connection) => askRow(connection, this.#endAll()))
        .then((asked) => (asked.ok ? undefined : this.#forget()))
  }

  #endAll(): string {
    const sessions = this.#waiting.map(({ processId, startedAt }) => `(${processId}, '${startedAt}')`)
    this.#forget()
    return TERMINATE(sessions.join(", "))
  }

  #forget(): void {
    this.#waiting = []
  }
}

/** A process with the same number that began at another time is somebody else's. One that waits for the standby has committed. */
function TERMINATE(sessions: string): string {
  return (
    `select count(pg_terminate_backend(pid))::text from pg_stat_activity where (pid, extract(epoch from backend_start)::text) in (${sessions}) ` +
    "and wait_event is distinct from 'SyncRep'"
  )
}
