import { success, type Outcome } from "../failure/failure.ts"
import type { Clock, Timer } from "../foundation/clock.ts"
import { deadlineAfter, type Deadline } from "../foundation/deadline.ts"
import { ended, type PgConnection } from "../postgres/connection.ts"
import type { Step } from "../postgres/request.ts"

interface SideParts {
  readonly open: () => Promise<Outcome<PgConnection>>
  /** One of those that we have already, for a server that takes no more. */
  readonly pool: () => Lender
  readonly clock: Clock
  /** How long one piece of work may take before its connection is given up, milliseconds. */
  readonly patienceMs: number
}

/** Who may have a connection to spare, sooner or later. */
interface Lender {
  /** Waits for it no longer than until then. Never rejects. */
  acquire(options: {
    readonly deadline: Deadline
    readonly begun: boolean
  }): Outcome<PgConnection> | Promise<Outcome<PgConnection>>
  giveBack(connection: PgConnection, fate: "keep" | "discard", reason?: "died" | "not-clean"): void
}

/** Kept for a moment, because doubts come in swarms. Milliseconds. */
const LINGER_MS = 1_000

/**
 * A connection of its own for what must not wait for a slot of the pool: opened when it is needed, used by one at a time, closed
 * soon after. A server that is full leaves only those of the pool: one of them is borrowed for one piece of work, in the order of
 * the pool's line, and for no longer than that may take anyway.
 */
export class SideConnection {
  readonly #parts: SideParts
  #last: Promise<unknown> = Promise.resolve()
  #connection: PgConnection | undefined
  #closing: Timer | undefined
  #closed = false

  constructor(parts: SideParts) {
    this.#parts = parts
  }

  /** When its turn comes. What `work` makes of a connection that dies under it is its own affair. Never rejects if `work` does not. */
  use<T>(work: (connection: PgConnection) => Promise<T>): Promise<Outcome<T>> {
    const turn = this.#last.then(() => this.#turn(work))
    this.#last = turn.catch(() => {})
    return turn
  }

  close(): void {
    this.#closed = true
    this.#letGo()
  }

  async #turn<T>(work: (connection: PgConnection) => Promise<T>): Promise<Outcome<T>> {
    this.#closing?.cancel()
    if (this.#connection?.reusable !== true) {
      this.#letGo()
      const opened = await this.#parts.open()
      if (!opened.ok) return opened.failure.kind === "too_many_connections" ? this.#borrowed(opened, work) : opened
      this.#connection = opened.value
    }
    const connection = this.#connection
    connection.wake()
    try {
      return success(await this.#within(connection, work))
    } finally {
      connection.rest()
      if (this.#closed) this.#letGo()
      else this.#closing = this.#parts.clock.after(LINGER_MS, () => this.#letGo(), { background: true })
    }
  }

  /** What the pool says of itself, if it has none to spare, is nobody's concern here: it is the server that is full. */
  async #borrowed<T>(full: Outcome<never>, work: (connection: PgConnection) => Promise<T>): Promise<Outcome<T>> {
    const { clock, patienceMs } = this.#parts
    const pool = this.#parts.pool()
    const deadline = deadlineAfter(clock, patienceMs)
    for (;;) {
      const lent = await pool.acquire({ deadline, begun: true })
      if (!lent.ok) return full
      const connection = lent.value
      try {
        if (connection.reusable) return success(await this.#within(connection, work))
      } finally {
        if (connection.reusable) pool.giveBack(connection, "keep")
        else pool.giveBack(connection, "discard", connection.dead === undefined ? "not-clean" : "died")
      }
    }
  }

  async #within<T>(connection: PgConnection, work: (connection: PgConnection) => Promise<T>): Promise<T> {
    const { clock, patienceMs } = this.#parts
    const timer = clock.after(patienceMs, () =>
      connection.destroy(ended(`The server did not answer within ${patienceMs} ms`)),
    )
    try {
      return await work(connection)
    } finally {
      timer.cancel()
    }
  }

  #letGo(): void {
    this.#closing?.cancel()
    this.#connection?.close()
    this.#connection = undefined
  }
}

export type Asked =
  | { readonly ok: true; readonly fields: readonly (string | null)[] }
  | { readonly ok: false; readonly error: unknown; readonly why: string }

/** Commands around a question: BEGIN and COMMIT, and what else belongs to its transaction. */
export interface Around {
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** One row of texts. Leaves no transaction open. */
export async function askRow(connection: PgConnection, sql: string, around?: Around): Promise<Asked> {
  const steps = [
    ...(around?.before ?? []).map(command),
    { do: "learn", sql } as const,
    ...(around?.after ?? []).map(command),
  ]
  const exchange = await connection.perform({ protocol: "extended", steps })
  if (connection.dead === undefined && connection.transactionStatus !== "I") {
    await connection.perform({ protocol: "simple", sql: "rollback" })
  }
  const { error, learnt } = exchange
  if (error === undefined && learnt !== undefined) return { ok: true, fields: learnt }
  if (error === undefined) return { ok: true, fields: [] }
  return { ok: false, error, why: error instanceof Error ? error.message : "the question was not answered" }
}

function command(sql: string): Step {
  return { do: "command", sql }
}

export function sqlStateOf(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined
  return typeof code === "string" ? code : undefined
}
