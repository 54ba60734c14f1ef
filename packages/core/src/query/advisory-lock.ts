import { CompiledQuery } from "kysely"
import { err, ok, type Result, type ResultAsync } from "neverthrow"

import type { DatabaseError } from "../errors/database-error.ts"
import { open, type AnyResult, type Awaitable, type ErrOf, type OkOf } from "./results.ts"
import { isDuration, isFlag, refuse, shown, type ReadOptions } from "./run-options.ts"
import type { RawAnswer } from "./shapes.ts"
import type { TransactionOptions } from "./transaction-options.ts"

export interface AdvisoryLockOptions extends Pick<TransactionOptions, "timeoutMs" | "signal" | "retry" | "name"> {
  /** `false`: if somebody else has it, the callback does not run, and `{ locked: false }` is the answer. Default: it is waited for. */
  readonly wait?: boolean
  /**
   * How long to wait for the lock, milliseconds; then `lock_timeout`. Statements of the callback are not concerned. Default: the server's
   * `lock_timeout`, and the transaction's own deadline.
   */
  readonly lockTimeoutMs?: number
}

/** With `wait: false`: was the lock free, and what did the callback answer? */
export type Locked<T> = { readonly locked: true; readonly value: T } | { readonly locked: false }

export interface WithAdvisoryLock<Tx, E> {
  <R extends AnyResult>(
    key: string | bigint,
    body: (tx: Tx) => Awaitable<R>,
    options: AdvisoryLockOptions & { readonly wait: false; readonly lockTimeoutMs?: never },
  ): ResultAsync<Locked<OkOf<R>>, ErrOf<R> | E>
  <R extends AnyResult>(
    key: string | bigint,
    body: (tx: Tx) => Awaitable<R>,
    options?: AdvisoryLockOptions & { readonly wait?: true },
  ): ResultAsync<OkOf<R>, ErrOf<R> | E>
}

interface AdvisoryLockPlan {
  readonly key: string | bigint
  readonly wait: boolean
  readonly lockTimeoutMs: number | undefined
  readonly transaction: TransactionOptions
}

const INT8_MIN = -(2n ** 63n)
const INT8_MAX = 2n ** 63n - 1n

/** What `lock_timeout` can hold. */
const TIMEOUT_MAX = 2 ** 31 - 1

export function readAdvisoryLock(
  key: unknown,
  { wait, lockTimeoutMs, ...transaction }: AdvisoryLockOptions = {},
): ReadOptions<AdvisoryLockPlan> {
  if (typeof key !== "string" && typeof key !== "bigint")
    return refuse(`The key must be a text or a bigint; it is ${shown(key)}`)
  if (typeof key === "bigint" && (key < INT8_MIN || key > INT8_MAX))
    return refuse("The key does not fit 64 bits: give a text")
  if (!isFlag(wait)) return refuse(`wait must be true or false; it is ${shown(wait)}`)
  if (lockTimeoutMs !== undefined && !(isDuration(lockTimeoutMs) && lockTimeoutMs <= TIMEOUT_MAX))
    return refuse(
      `lockTimeoutMs must be milliseconds above 0, and at most ${TIMEOUT_MAX}; it is ${shown(lockTimeoutMs)}`,
    )
  if (wait === false && lockTimeoutMs !== undefined)
    return refuse("wait: false and lockTimeoutMs contradict each other")
  // A snapshot that is older than the lock would not show what its last holder has done.
  const plan = { ...transaction, isolation: "read committed" } as const
  return { ok: true, value: { key, wait: wait !== false, lockTimeoutMs, transaction: plan } }
}

/** What it needs of a transaction, in the name of whoever asked for the lock: errors say where that was. */
export interface LockingTx {
  readonly query: (query: CompiledQuery) => Promise<Result<RawAnswer<Record<string, unknown>>, DatabaseError>>
  readonly batch: (queries: Readonly<Record<string, CompiledQuery>>) => Promise<Result<unknown, DatabaseError>>
}

/** One call of `withAdvisoryLock`, over all runs of its transaction. The server frees the lock with the transaction, whatever ends it. */
export class AdvisoryLock {
  readonly #plan: AdvisoryLockPlan
  #mayRerun = true

  constructor(plan: AdvisoryLockPlan) {
    this.#plan = plan
  }

  /** Who has waited for the lock as long as he wanted does not wait again. */
  get mayRerun(): boolean {
    return this.#mayRerun
  }

  async run<R>(
    tx: LockingTx,
    body: () => Awaitable<R>,
  ): Promise<R | Result<Locked<OkOf<R>>, DatabaseError | ErrOf<R>>> {
    const { wait } = this.#plan
    const taken = wait ? await this.#take(tx) : await this.#try(tx)
    if (taken.isErr()) {
      const { kind } = taken.error
      this.#mayRerun = kind !== "lock_timeout" && kind !== "lock_not_available"
      return err(taken.error)
    }
    if (wait) return body()
    if (!taken.value) return ok({ locked: false })
    const answer = await body()
    const opened = open<R>(answer)
    return opened.is === "ok" ? ok({ locked: true, value: opened.value }) : answer
  }

  async #try(tx: LockingTx): Promise<Result<boolean, DatabaseError>> {
    const answer = await tx.query(
      CompiledQuery.raw(`select pg_try_advisory_xact_lock(${this.#key}) as locked`, [this.#plan.key]),
    )
    return answer.isErr() ? err(answer.error) : ok(answer.value.rows[0]?.locked === true)
  }

  async #take(tx: LockingTx): Promise<Result<boolean, DatabaseError>> {
    const { key, lockTimeoutMs } = this.#plan
    const lock = `select pg_advisory_xact_lock(${this.#key})`
    const answer =
      lockTimeoutMs === undefined
        ? await tx.query(CompiledQuery.raw(lock, [key]))
        : await tx.batch({
            limit: CompiledQuery.raw(LIMIT, [`${Math.ceil(lockTimeoutMs)}ms`]),
            lock: CompiledQuery.raw(lock, [key]),
            unlimit: CompiledQuery.raw(UNLIMIT),
          })
    return answer.isErr() ? err(answer.error) : ok(true)
  }

  /** The server's own hash, so that psql and other programs can take the same lock. */
  get #key(): string {
    return typeof this.#plan.key === "bigint" ? "$1::int8" : "hashtextextended($1, 0)"
  }
}

/** The limit is for the lock alone: what it was before waits in a setting of our own, which is gone with the transaction. */
const BEFORE = "kysely_resilient.lock_timeout"
const LIMIT = `select set_config('lock_timeout', $1, set_config('${BEFORE}', current_setting('lock_timeout'), true) is not null)`
const UNLIMIT = `select set_config('lock_timeout', current_setting('${BEFORE}'), true)`
