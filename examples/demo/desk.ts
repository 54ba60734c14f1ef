import { randomUUID } from "node:crypto"
import type { Result } from "neverthrow"

import type { Entry } from "./app/journal.ts"
import type { Named, StoreError } from "./app/store.ts"
import { judge, toldBy } from "./judge.ts"
import type { Ledger } from "./ledger.ts"
import type { OperationKind } from "./operation.ts"
import type { Scoreboard } from "./scoreboard.ts"

type Answer<T> = Result<T, StoreError>
type Write<T> = (entry: Entry, options: Named) => PromiseLike<Answer<T>>

/** Where operations are handed in: it notes what was asked for, and what its caller was told in the end. */
export class Desk {
  readonly #ledger: Pick<Ledger, "announce" | "settle">
  readonly #board: Scoreboard
  readonly #sequences = new Map<number, number>()

  constructor(ledger: Pick<Ledger, "announce" | "settle">, board: Scoreboard) {
    this.#ledger = ledger
    this.#board = board
  }

  /** An operation that changes nothing. */
  async read<T>(kind: OperationKind, work: (options: Named) => PromiseLike<Answer<T>>): Promise<Answer<T>> {
    const operation = this.#board.begin(kind)
    const answer = await work({ name: operation.label })
    this.#board.end(operation, answer.isOk() ? "ok" : judge(answer.error, kind))
    return answer
  }

  /** An operation that writes its entry together with whatever else it writes. */
  async write<T>(kind: OperationKind, worker: number, work: Write<T>): Promise<Answer<T>> {
    const entry = this.#newEntry(kind, worker)
    const answer = await this.read(kind, (options) => work(entry, options))
    this.#ledger.settle(entry.entry, answer.isOk() ? "ok" : toldBy(answer.error))
    return answer
  }

  /** A write that nobody ever commits: whatever its caller is told on the way, nothing of it may be there in the end. */
  async doomedWrite<T>(kind: OperationKind, worker: number, work: Write<T>): Promise<Answer<T>> {
    const entry = this.#newEntry(kind, worker)
    const answer = await this.read(kind, (options) => work(entry, options))
    this.#ledger.settle(entry.entry, "failed")
    return answer
  }

  #newEntry(kind: OperationKind, worker: number): Entry {
    const sequence = (this.#sequences.get(worker) ?? 0) + 1
    this.#sequences.set(worker, sequence)
    const entry: Entry = { entry: randomUUID(), worker, sequence, payload: kind }
    this.#ledger.announce(entry.entry)
    return entry
  }
}
