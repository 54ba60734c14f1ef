import type { Failure } from "../failure/failure.ts"
import type { Claim } from "../postgres/claim.ts"

interface Savepoint {
  readonly name: string
  /** What had failed when it was set. */
  readonly failureBefore: Failure | undefined
}

/**
 * What a transaction has been through, as far as its COMMIT must know. The first failure decides it, even if the
 * application swallowed it; only ROLLBACK TO a savepoint set before the failure undoes one. A conflict with another
 * transaction or the loss of the connection is not undone by that: the whole has to run again.
 */
export class TransactionRecord {
  #firstFailure: Failure | undefined
  /** The first that no savepoint undoes; it may have come behind one that a savepoint does. */
  #lastingFailure: Failure | undefined
  #savepoints: Savepoint[] = []
  /** False while every statement was proved to only read: then it does not matter what became of COMMIT. */
  mayHaveWritten = false
  /** Something ran behind which nobody asked for the transaction's number. */
  unasked = false
  /** The answer to that: its number, or that it has none so far. */
  claim: Claim | undefined

  get firstFailure(): Failure | undefined {
    return this.#firstFailure
  }

  /** Its number is known: once it has one it keeps it. */
  get numbered(): boolean {
    return this.claim !== undefined && this.claim.by !== "nothing"
  }

  failed(failure: Failure): void {
    this.#firstFailure ??= failure
    if (outlivesSavepoint(failure)) this.#lastingFailure ??= failure
  }

  savepoint(name: string): void {
    this.#savepoints.push({ name, failureBefore: this.#firstFailure })
  }

  release(name: string): void {
    const at = this.#find(name)
    if (at >= 0) this.#savepoints.length = at
  }

  rollbackTo(name: string): void {
    const at = this.#find(name)
    const savepoint = this.#savepoints[at]
    if (savepoint === undefined) return
    // The savepoint itself stays: ROLLBACK TO may be said again.
    this.#savepoints.length = at + 1
    this.#firstFailure = savepoint.failureBefore ?? this.#lastingFailure
  }

  /**
   * ROLLBACK TO did not succeed. If the connection was lost with it, what the savepoint was to undo is not why nothing of the
   * transaction stays: the loss is, and another run may succeed.
   */
  rollbackToFailed(name: string, failure: Failure): void {
    if (outlivesSavepoint(failure)) this.rollbackTo(name)
    this.failed(failure)
  }

  /** The innermost of that name, as PostgreSQL finds it. */
  #find(name: string): number {
    return this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
  }
}

function outlivesSavepoint(failure: Failure): boolean {
  return (
    failure.kind === "serialization_failure" ||
    failure.kind === "deadlock_detected" ||
    failure.connection.startsWith("discard")
  )
}
