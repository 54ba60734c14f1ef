import { success, type Outcome } from "../failure/failure.ts"
import type { Clock, Timer } from "../foundation/clock.ts"
import { ended, type PgConnection } from "../postgres/connection.ts"
import type { Step } from "../postgres/exchange.ts"

interface SideParts {
  readonly open: () => Promise<Outcome<PgConnection>>
  readonly clock: Clock
  /** How long one piece of work may take before its connection is given up, milliseconds. */
  readonly patienceMs: number
}

/** Kept for a moment, because doubts come in swarms. Milliseconds. */
const LINGER_MS = 1_000

/**
 * A connection of its own for what must not wait for a slot of the pool: opened when it is needed, used by one at a time, closed
 * soon after.
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
    const { clock, patienceMs, open } = this.#parts
    if (this.#connection?.reusable !== true) {
      this.#letGo()
      const opened = await open()
      if (!opened.ok) return opened
      this.#connection = opened.value
    }
    const connection = this.#connection
    connection.wake()
    const timer = clock.after(patienceMs, () =>
      connection.destroy(ended(`The server did not answer within ${patienceMs} ms`)),
    )
    try {
      return success(await work(connection))
    } finally {
      timer.cancel()
      connection.rest()
      if (this.#closed) this.#letGo()
      else this.#closing = clock.after(LINGER_MS, () => this.#letGo(), { background: true })
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
