import { GrowingChunk, UnsendableRow, type Chunk, type ColumnForms, type Row } from "./insert-chunk.ts"

export type Rows<R> = Iterable<R> | AsyncIterable<R>

/** Goes through rows once, chunk by chunk; never holds more than a chunk and one row. */
export class RowReader {
  readonly #rows: Iterator<unknown> | AsyncIterator<unknown>
  readonly #forms: ColumnForms
  #count = 0
  /** Read, and without a place in the chunk before. */
  #held: Row | undefined
  #over = false

  constructor(rows: Rows<unknown>, forms: ColumnForms) {
    this.#rows = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]()
    this.#forms = forms
  }

  /** Undefined after the last. Throws `UnsendableRow`, and whatever going through the rows throws. */
  async read(): Promise<Chunk | undefined> {
    const chunk = new GrowingChunk(this.#forms)
    for (;;) {
      // Waiting takes longer than a row does: only where there is something to wait for.
      const soon = this.#held ?? this.#advance()
      const row = soon instanceof Promise ? await soon : soon
      this.#held = row
      if (row === undefined || !chunk.offer(row, this.#count)) return chunk.done()
      this.#held = undefined
    }
  }

  /** Is there nothing after what was read? May have to look. */
  async ended(): Promise<boolean> {
    this.#held ??= await this.#advance()
    return this.#held === undefined
  }

  /** Nobody wants the rest. */
  async leave(): Promise<void> {
    this.#held = undefined
    if (this.#over) return
    this.#over = true
    try {
      await this.#rows.return?.()
    } catch {
      // There is an error already, and that is the news.
    }
  }

  #advance(): Row | undefined | Promise<Row | undefined> {
    if (this.#over) return undefined
    const next = this.#rows.next()
    return next instanceof Promise ? next.then((result) => this.#rowOf(result)) : this.#rowOf(next)
  }

  #rowOf(next: IteratorResult<unknown>): Row | undefined {
    if (next.done === true) {
      this.#over = true
      return undefined
    }
    this.#count += 1
    const row: unknown = next.value
    if (isRow(row)) return row
    throw new UnsendableRow(`Row ${this.#count} is no object of columns and values`)
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
