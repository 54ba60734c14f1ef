/** Names one intended write: whoever intends it, and the how-manieth of its writes it is. */
export interface Token {
  readonly worker: number
  readonly seq: number
}

/** What the caller of one write was told about it. `pending`: nothing yet. */
export type Told = "pending" | "ok" | "failed" | "unknown"

const WORDS: readonly Told[] = ["pending", "ok", "failed", "unknown"]

/** Writes of one worker are two bytes each: a drill may run for hours, and its own memory must not be what grows. */
const GROWTH = 4_096

/** What was promised and told of the writes of one worker. */
class Page {
  #told = new Uint8Array(GROWTH)
  #rows = new Uint8Array(GROWTH)
  size = 0

  add(rows: number): number {
    const seq = this.size
    this.size += 1
    if (seq >= this.#told.length) {
      this.#told = grown(this.#told)
      this.#rows = grown(this.#rows)
    }
    this.#rows[seq] = rows
    return seq
  }

  tell(seq: number, told: Told): void {
    this.#told[seq] = WORDS.indexOf(told)
  }

  told(seq: number): Told {
    return WORDS[this.#told[seq] ?? 0] ?? "pending"
  }

  rows(seq: number): number {
    return this.#rows[seq] ?? 0
  }
}

/** One write as its caller knows it. */
export interface Announced extends Token {
  readonly told: Told
  /** How many rows of the ledger it makes, if it is done, and done once. */
  readonly rows: number
}

/** Keeps, per token, what its caller was told. The database is asked only at the end. */
export class Ledger {
  readonly #pages = new Map<number, Page>()

  /** Before anything is sent: a token that nobody announced must never be found. */
  announce(worker: number, rows: number): Token {
    const page = this.#pages.get(worker) ?? new Page()
    this.#pages.set(worker, page)
    return { worker, seq: page.add(rows) }
  }

  settle({ worker, seq }: Token, told: Told): void {
    this.#pages.get(worker)?.tell(seq, told)
  }

  find({ worker, seq }: Token): Announced | undefined {
    const page = this.#pages.get(worker)
    return page === undefined || seq >= page.size
      ? undefined
      : { worker, seq, told: page.told(seq), rows: page.rows(seq) }
  }

  *[Symbol.iterator](): Generator<Announced> {
    for (const [worker, page] of this.#pages) {
      for (let seq = 0; seq < page.size; seq += 1) yield { worker, seq, told: page.told(seq), rows: page.rows(seq) }
    }
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2)
  larger.set(bytes)
  return larger
}
