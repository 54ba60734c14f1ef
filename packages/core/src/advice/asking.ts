import type { Clock, Deadline, LeaseHandle, Settled, StatementResult } from "@kysely-resilient/driver"
import { CompiledQuery } from "kysely"

import type { QueryError } from "../errors/database-error.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import { promised } from "../foundation/promised.ts"
import { collectFacts, type Answer } from "./collect.ts"
import type { Facts, Pings } from "./examined.ts"
import { PING, pingOf, pingsOf, type Ping } from "./pings.ts"

/** Enough for a median that means something. */
const PINGS_MAX = 20

/** However far away the server is, most of the time is for questions. */
const PINGS_MS = 1_500

/** To look something up in a catalogue takes a lock; behind somebody's DDL it is not worth waiting for. */
const LOCK_TIMEOUT_MS = 500

const LABEL = "kysely-resilient.examine"

export type Unsettled = Omit<Extract<Settled<unknown>, { readonly ok: false }>, "value">

/** One lease, and what is asked over it until its deadline. */
export class Asking {
  readonly #lease: LeaseHandle
  readonly #clock: Clock
  readonly #deadline: Deadline
  readonly #signal: AbortSignal | undefined
  #lost: Unsettled | undefined
  #refused: Unsettled | undefined

  constructor(lease: LeaseHandle, clock: Clock, deadline: Deadline, signal: AbortSignal | undefined) {
    this.#lease = lease
    this.#clock = clock
    this.#deadline = deadline
    this.#signal = signal
  }

  /** Why something could not be had. */
  get trouble(): Unsettled | undefined {
    return this.#lost ?? this.#refused
  }

  async ping(): Promise<Pings> {
    const startedAt = this.#clock.now()
    const pings: Ping[] = []
    // The first one also opens the connection.
    await this.#ping()
    for (let count = 0; count < PINGS_MAX && this.#clock.now() - startedAt < PINGS_MS; count += 1) {
      const ping = await this.#ping()
      if (ping !== undefined) pings.push(ping)
    }
    return pingsOf(pings)
  }

  /** In one transaction that may only read. */
  async collect(): Promise<Facts | undefined> {
    if (this.#lost !== undefined) return undefined
    this.#lease.begin({
      accessMode: "read only",
      lockTimeoutMs: LOCK_TIMEOUT_MS,
      deadline: this.#deadline,
      label: LABEL,
      ...(this.#signal && { signal: this.#signal }),
    })
    const facts = await collectFacts((sql) => this.#question(sql))
    await this.#lease.rollback("caller")
    return facts
  }

  /** In a savepoint of its own, so that one that is refused does not spoil the next. */
  async #question(sql: string): Promise<Answer> {
    if (this.#lost !== undefined) return refusedBy(this.#lost)
    const savepoint = await this.#lease.savepoint("question")
    const settled = savepoint.ok ? await this.#run(sql) : savepoint
    if (!settled.ok) this.#refused ??= settled
    const over = settled.ok ? this.#lease.releaseSavepoint("question") : this.#lease.rollbackTo("question")
    if (!(await over).ok && !settled.ok) this.#lost = settled
    return settled.ok ? { value: factsIn(settled.value) } : refusedBy(settled)
  }

  async #ping(): Promise<Ping | undefined> {
    if (this.#lost !== undefined) return undefined
    const askedAt = this.#clock.now()
    const settled = await this.#run(PING)
    if (settled.ok) return pingOf(factsIn(settled.value), askedAt, this.#clock)
    this.#lost = settled
    return undefined
  }

  #run(sql: string): Promise<Settled<StatementResult>> {
    return this.#lease.run(CompiledQuery.raw(sql), {
      label: LABEL,
      ours: true,
      readOnly: true,
      deadline: this.#deadline,
      ...(this.#signal && { signal: this.#signal }),
    })
  }
}

/** Why nothing could be had, for programs and for people. */
export function errorFrom({ failure, attempts, because, journal }: Unsettled): QueryError {
  return toDatabaseError(failure, { detail: "redact", attempts, because, journal })
}

function refusedBy(unsettled: Unsettled): Answer {
  const { kind, message } = errorFrom(unsettled)
  return { refused: { why: kind, message } }
}

function factsIn({ rows }: StatementResult): unknown {
  // One row with this one column is what is asked for.
  return promised<{ readonly facts: unknown } | undefined>(rows[0])?.facts
}
