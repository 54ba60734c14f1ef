import type { ColumnReaders, Read } from "./decoding.ts"
import type { FieldDescription } from "./internals.ts"

/** Which column could not be decoded, and what its parser threw. */
export interface DecodeFailure {
  readonly column: string
  /** Its name, or its number. */
  readonly type: string
  readonly cause: unknown
}

/** Turns the fields of one DataRow into an object, by what reads their types. */
export class RowDecoder {
  readonly #fields: readonly FieldDescription[]
  readonly #names: readonly string[]
  readonly #readers: ColumnReaders
  readonly #reads: readonly (Read | undefined)[]
  // A column may be called "__proto__": as an own property of what is spread, assigning to it stays an assignment.
  readonly #blank: Record<string, unknown>

  constructor(fields: readonly FieldDescription[], readers: ColumnReaders) {
    this.#fields = fields
    this.#readers = readers
    this.#names = fields.map((field) => field.name)
    this.#reads = fields.map((field) => readers.readerOf(field))
    this.#blank = blankRow(this.#names)
  }

  /** Is there a column of which nobody knows how to read it? */
  get incomplete(): boolean {
    return this.#reads.includes(undefined)
  }

  get fields(): readonly FieldDescription[] {
    return this.#fields
  }

  /** How many columns it has been told of. */
  get width(): number {
    return this.#names.length
  }

  /** The row, or the first column whose parser threw. */
  decode(
    values: readonly (string | null)[],
  ): { readonly row: Record<string, unknown> } | { readonly failure: DecodeFailure } {
    const row = { ...this.#blank }
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index]
      const name = this.#names[index]
      const read = this.#reads[index]
      if (value === undefined || name === undefined) continue
      try {
        // Of two columns of one name the last one counts, null or not.
        row[name] = value === null ? null : read === undefined ? unreadable() : read(value)
      } catch (cause) {
        const field = this.#fields[index]
        return { failure: { column: name, type: field === undefined ? "" : this.#readers.typeOf(field), cause } }
      }
    }
    return { row }
  }
}

/** An object without a prototype, or with properties that were defined, is slow to make and slow to spread: only if it must be. */
function blankRow(names: readonly string[]): Record<string, unknown> {
  const blank: Record<string, unknown> = {}
  for (const name of names) {
    if (name !== "__proto__") blank[name] = null
    else Object.defineProperty(blank, name, { value: null, writable: true, enumerable: true, configurable: true })
  }
  return blank
}

function unreadable(): never {
  throw new Error("The server does not say what this type is: it is gone, or this transaction is older than it")
}
