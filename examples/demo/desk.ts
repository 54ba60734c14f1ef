import { randomUUID } from "node:crypto"
import type { Result, ResultAsync } from "neverthrow"

import type { Entry } from "./app/journal.ts"
import type { Named, StoreError } from "./app/store.ts"
import { judge, toldBy } from "./judge.ts"
import type { Ledger } from "./ledger.ts"
import type { OperationKind } from "./operation.ts"
import type { Scoreboard } from "./scoreboard.ts"

type Answer<T> = Result<T, StoreError>
type Read<T> = (options: Named) => ResultAsync<T, StoreError> | Promise<Answer<T>>
type Write<T> = (entry: Entry, options: Named) => ReturnType<Read<T>>

const AVOIDABLE_KEPT_MAX = 20

/** Where operations are handed in: it notes what was asked for, and what its caller was told in the end. */
export class Desk {
  readonly #ledger: Pick<Ledger, "announce" | "settle">
  readonly #board: Scoreboard
  readonly #sequences = new Map<number, number>()
  /** What callers should not have seen, for whoever has to find out why; the first few. */
  readonly avoidable: string[] = []

  constructor(ledger: Pick<Ledger, "announce" | "settle">, board: Scoreboard) {
    this.#ledger = ledger
    this.#board = board
  }

  /** An operation that changes nothing. */
  read<T>(kind: OperationKind, work: Read<T>): Promise<Answer<T>> {
    return this.#perform(kind, work, "ok")
  }

  /** A read whose caller has each row as soon as it comes; `delivered` says how many it has. */
  stream<T>(work: Read<T>, delivered: () => number): Promise<Answer<T>> {
    return this.#perform("stream", work, "ok", delivered)
  }

  /** An operation that writes its entry together with whatever else it writes. */
  async write<T>(kind: OperationKind, worker: number, work: Write<T>): Promise<Answer<T>> {
    const entry = this.#newEntry(kind, worker)
    const answer = await this.#perform(kind, (options) => work(entry, options), "ok")
    this.#ledger.settle(entry.entry, answer.isOk() ? "ok" : toldBy(answer.error))
    return answer
  }

  /** A write that nobody ever commits: whatever its caller is told on the way, nothing of it may be there in the end. */
  async doomedWrite<T>(kind: OperationKind, worker: number, work: Write<T>): Promise<Answer<T>> {
    const entry = this.#newEntry(kind, worker)
    const answer = await this.#perform(kind, (options) => work(entry, options), "undone")
    this.#ledger.settle(entry.entry, "failed")
    return answer
  }

  async #perform<T>(
    kind: OperationKind,
    work: Read<T>,
    ifOk: "ok" | "undone",
    delivered: () => number = () => 0,
  ): Promise<Answer<T>> {
    const operation = this.#board.begin(kind)
    const answer = await work({ name: operation.label })
    const outcome = answer.isOk() ? ifOk : judge(answer.error, kind, delivered())
    this.#board.end(operation, outcome)
    if (answer.isErr() && outcome === "avoidable") this.#keep(operation.label, answer.error)
    return answer
  }

  #keep(label: string, { kind, attempts, because, message }: StoreError): void {
    if (this.avoidable.length >= AVOIDABLE_KEPT_MAX) return
    this.avoidable.push(`${label} (${kind}, tried ${attempts}×, ${because ?? "no reason given"}): ${message}`)
  }

  #newEntry(kind: OperationKind, worker: number): Entry {
    const sequence = (this.#sequences.get(worker) ?? 0) + 1
    this.#sequences.set(worker, sequence)
    const entry: Entry = { entry: randomUUID(), worker, sequence, payload: kind }
    this.#ledger.announce(entry.entry)
    return entry
  }
}
