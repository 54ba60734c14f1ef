import type { FieldDescription } from "./internals.ts"

/** Which column could not be decoded, and what its parser threw. */
export interface DecodeFailure {
  readonly column: string
  readonly typeOid: number
  readonly cause: unknown
}

export type TypeParserOf = (oid: number) => (text: string) => unknown

/** What becomes of the fields of one DataRow. */
export interface Decoder {
  /** How many columns it has been told of. */
  readonly width: number
  /** The row, or the first column whose parser threw. */
  decode(values: readonly (string | null)[]): { readonly row: object } | { readonly failure: DecodeFailure }
}

export type MakeDecoder = (fields: readonly FieldDescription[], parserOf: TypeParserOf) => Decoder

export const decodedRows: MakeDecoder = (fields, parserOf) => new RowDecoder(fields, parserOf)

/** Fields as the server has sent them, for whoever decodes them himself. */
export const rawRows: MakeDecoder = ({ length: width }) => ({ width, decode: (values) => ({ row: values }) })

/** Turns the fields of one DataRow into an object, by the parsers that `pg` has for their types. */
export class RowDecoder implements Decoder {
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

  get width(): number {
    return this.#names.length
  }

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
