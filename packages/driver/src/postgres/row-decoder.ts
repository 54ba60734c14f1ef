import type { FieldDescription } from "./internals.ts"

/** Which column could not be decoded, and what its parser threw. */
export interface DecodeFailure {
  readonly column: string
  readonly typeOid: number
  readonly cause: unknown
}

export type TypeParserOf = (oid: number) => (text: string) => unknown

/** Turns the fields of one DataRow into an object, by the parsers that `pg` has for their types. */
export class RowDecoder {
  readonly #names: readonly string[]
  readonly #parsers: readonly ((text: string) => unknown)[]
  readonly #fields: readonly FieldDescription[]
  // A column may be called "__proto__": as an own property of what is spread, assigning to it stays an assignment.
  readonly #blank: Record<string, unknown>

  constructor(fields: readonly FieldDescription[], parserOf: TypeParserOf) {
    this.#fields = fields
    this.#names = fields.map((field) => field.name)
    this.#parsers = fields.map((field) => parserOf(field.dataTypeID))
    const blank: Record<string, unknown> = Object.create(null)
    for (const name of this.#names) blank[name] = null
    this.#blank = { ...blank }
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
      const parse = this.#parsers[index]
      if (value === undefined || name === undefined || parse === undefined) continue
      try {
        // Of two columns of one name the last one counts, null or not.
        row[name] = value === null ? null : parse(value)
      } catch (cause) {
        return { failure: { column: name, typeOid: this.#fields[index]?.dataTypeID ?? 0, cause } }
      }
    }
    return { row }
  }
}
