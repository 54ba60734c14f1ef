import type { DriverEvent } from "@kysely-resilient/driver"
import { err, type Result, type ResultAsync } from "neverthrow"

import { judge, toldBy } from "./judge.ts"
import type { Ledger, Token } from "./ledger.ts"
import type { Finished, Operation, Outcome, Terms } from "./operation.ts"
import type { Scoreboard } from "./scoreboard.ts"
import { LIMIT_MS } from "./store.ts"
import type { Trouble } from "./trouble.ts"

/** What goes with every statement of an operation. */
export interface Said {
  readonly name: string
  readonly timeoutMs: number
}

type Answer<T> = Result<T, Trouble>
type Answering<T> = ResultAsync<T, Trouble> | Promise<Answer<T>>
type Work<T> = (said: Said) => Answering<T>
/** What is wrong with an answer, if something is. */
type Check<T> = (value: T) => string | undefined

/** A write that ended without anybody knowing. */
export interface Unknown {
  readonly token: Token
  readonly operation: Finished
  readonly trouble: Trouble
}

/** An operation that is not answered so long after its deadline hangs; a busy machine may take a second or two. */
const GRACE_MS = 5_000
const NOTES_MAX = 40

interface DeskParts {
  readonly ledger: Ledger
  readonly board: Scoreboard
  readonly now: () => number
  /** Told of every operation that is over. */
  readonly onEnd: (label: string) => void
  /** How long of a time there was no server, at most without a pause. */
  readonly outageMs: (from: number, until: number) => number
}

/** Where operations are handed in: it notes what was asked for, and what its caller was told in the end. */
export class Desk {
  readonly #ledger: Ledger
  readonly #board: Scoreboard
  readonly #now: () => number
  readonly #onEnd: (label: string) => void
  readonly #outageMs: DeskParts["outageMs"]
  readonly #running = new Map<string, Operation>()
  #count = 0
  #hung = 0
  /** What callers should not have seen, for whoever has to find out why; the first few. */
  readonly avoidable: string[] = []
  /** Answers that came without an error and were wrong. */
  readonly wrong: string[] = []
  readonly unknown: Unknown[] = []
  readonly late: string[] = []

  constructor({ ledger, board, now, onEnd, outageMs }: DeskParts) {
    this.#ledger = ledger
    this.#board = board
    this.#now = now
    this.#onEnd = onEnd
    this.#outageMs = outageMs
  }

  /** An operation that changes nothing. */
  async read<T>(kind: string, work: Work<T>, check: Check<T>, terms: Terms = {}): Promise<boolean> {
    const { answer, operation } = await this.#perform(kind, work, terms, false)
    const problem = answer.isOk() ? check(answer.value) : undefined
    if (problem !== undefined) keep(this.wrong, `${operation.label}: ${problem}`)
    return answer.isOk()
  }

  /** An operation that makes `rows` rows of the ledger under its token, all of them or none. */
  async write<T>(
    kind: string,
    worker: number,
    rows: number,
    work: (token: Token, said: Said) => Answering<T>,
    terms: Terms = {},
  ): Promise<{ readonly token: Token; readonly answer: Answer<T> }> {
    const token = this.reserve(worker, rows)
    return { token, answer: await this.writeReserved(kind, token, work, terms) }
  }

  /** A token for later: what is written under another one has to know it. Nothing is told of it yet. */
  reserve(worker: number, rows: number): Token {
    const token = this.#ledger.announce(worker, rows)
    this.#ledger.settle(token, "failed")
    return token
  }

  async writeReserved<T>(
    kind: string,
    token: Token,
    work: (token: Token, said: Said) => Answering<T>,
    terms: Terms = {},
  ): Promise<Answer<T>> {
    this.#ledger.settle(token, "pending")
    const { answer, operation } = await this.#perform(kind, (said) => work(token, said), terms, true)
    this.#ledger.settle(token, answer.isOk() ? "ok" : toldBy(answer.error))
    if (answer.isErr() && answer.error.effect === "unknown") {
      this.unknown.push({ token, operation, trouble: answer.error })
    }
    return answer
  }

  /** The token of something that never is to stay: a part that is rolled back, a transaction that nobody commits. */
  doom(worker: number): Token {
    return this.reserve(worker, 1)
  }

  /** What the driver tells; an event with a label belongs to an operation. */
  readonly observe = (event: DriverEvent): void => {
    if (!("label" in event) || event.label === undefined) return
    const operation = this.#running.get(event.label)
    if (operation === undefined) return
    if (event.name === "query.retried" || event.name === "transaction.rerun") operation.troubledAt = this.#now()
    if (event.name === "effect.resolved") operation.resolved = true
  }

  get running(): number {
    return this.#running.size
  }

  /** Whether an operation is under way that began before `at`. */
  hasRunningSince(at: number): boolean {
    for (const { startedAt } of this.#running.values()) if (startedAt <= at) return true
    return false
  }

  /** Operations that were answered too late, and those that still are not and should have been. */
  get hung(): number {
    const now = this.#now()
    for (const operation of this.#running.values()) this.#mark(operation, now)
    return this.#hung
  }

  async #perform<T>(
    kind: string,
    work: Work<T>,
    terms: Terms,
    writes: boolean,
  ): Promise<{ readonly answer: Answer<T>; readonly operation: Finished }> {
    const limitMs = terms.limitMs ?? LIMIT_MS
    const startedAt = this.#now()
    this.#count += 1
    const operation: Operation = {
      kind,
      label: `${kind}#${this.#count}`,
      startedAt,
      overdueAt: startedAt + (terms.overallMs ?? limitMs) + GRACE_MS,
      troubledAt: Number.NEGATIVE_INFINITY,
      resolved: false,
      hung: false,
    }
    this.#running.set(operation.label, operation)
    const answer = await answerOf(work, { name: operation.label, timeoutMs: limitMs })
    const endedAt = this.#now()
    this.#running.delete(operation.label)
    this.#onEnd(operation.label)
    this.#mark(operation, endedAt)
    const outcome: Outcome = answer.isOk()
      ? "ok"
      : judge(answer.error, terms, {
          writes,
          tookMs: endedAt - startedAt,
          outageMs: this.#outageMs(startedAt, endedAt),
        })
    const finished = { ...operation, endedAt, outcome }
    this.#board.finish(finished)
    if (answer.isErr() && outcome === "avoidable") keep(this.avoidable, wordsOf(finished, answer.error))
    return { answer, operation: finished }
  }

  #mark(operation: Operation, now: number): void {
    if (operation.hung || now <= operation.overdueAt) return
    operation.hung = true
    this.#hung += 1
    keep(this.late, `${operation.label}: not answered after ${Math.round(now - operation.startedAt)} ms`)
  }
}

/** No operation throws; one that does is a finding. */
async function answerOf<T>(work: Work<T>, said: Said): Promise<Answer<T>> {
  try {
    return await work(said)
  } catch (error) {
    return err({ kind: "threw", effect: "unknown", because: undefined, attempts: 1, message: String(error) })
  }
}

export function wordsOf({ label, startedAt, endedAt }: Finished, trouble: Trouble): string {
  const { kind, effect, attempts, because, message } = trouble
  const why = because ?? "no reason given"
  return `${label} after ${Math.round(endedAt - startedAt)} ms: ${kind}, ${effect}, tried ${attempts}×, ${why}: ${message}`
}

function keep(notes: string[], note: string): void {
  if (notes.length < NOTES_MAX) notes.push(note)
}
