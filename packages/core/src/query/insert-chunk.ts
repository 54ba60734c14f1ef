import { types } from "node:util"

/** Rows for one statement. Values are in the order of `columns`; one that is undefined is left to the column's default. */
export interface Chunk {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  /** Every row has a value for every column, null included, and none is an expression. */
  readonly uniform: boolean
}

/** A row that is none, or a value that cannot be sent. The message is our own, and quotes no value. */
export class UnsendableRow extends Error {}

/** So many rows, or characters, make the price of one statement small, and are few enough to hold. */
const ROWS_MAX = 5_000
const CHARACTERS_MAX = 4_000_000

/** Where each value is a parameter of its own: less than the protocol's 65,535, and a text that is not long to parse. */
const PARAMETERS_MAX = 30_000

/** So many rows that are alike are worth a statement of their own; fewer join those that are not. */
const ALIKE_MIN = 100

export type Row = Readonly<Record<string, unknown>>

/** Objects become JSON. */
export const PLAIN = "plain"

/** Whoever sees the query later knows more of its values. */
export const AS_GIVEN = "as-given"

/** How the values of a column travel; a function makes of each what is sent. */
export type ColumnForm = typeof PLAIN | typeof AS_GIVEN | ((value: unknown) => unknown)

/** How values travel to the columns of one table. */
export interface ColumnForms {
  /** Can these columns travel as one parameter each? Then the number of values is no limit. */
  travelAsArrays(columns: readonly string[]): boolean
  formOf(column: string): ColumnForm
}

/** A chunk while rows are added to it. */
export class GrowingChunk {
  readonly #forms: ColumnForms
  readonly #indexes = new Map<string, number>()
  readonly #rows: unknown[][] = []
  #uniform = true
  #arrays = false
  #characters = 0

  constructor(forms: ColumnForms) {
    this.#forms = forms
  }

  /**
   * Adds a row, if there is a place in it for this one; in an empty chunk there always is.
   *
   * @param number for messages: 1 for the first row of all
   */
  offer(row: Row, number: number): boolean {
    const columns = Object.keys(row)
    const { length } = this.#rows
    const alike = this.#uniform && this.#alike(row, columns)
    if (length > 0 && !this.#takes(row, columns, alike)) return false
    if (length > 0) this.#uniform = alike
    const values: unknown[] = Array.from({ length: this.#indexes.size })
    for (const column of columns) {
      const value = row[column]
      if (value === undefined) continue
      let index = this.#indexes.get(column)
      if (index === undefined) {
        index = this.#indexes.size
        this.#indexes.set(column, index)
      }
      if (length === 0 && isExpression(value)) this.#uniform = false
      const form = this.#forms.formOf(column)
      const sent = sendable(value, form, number, column)
      values[index] = sent
      // A policy's text is made when it is sent.
      this.#characters += lengthOf(typeof form === "function" ? value : sent)
    }
    this.#rows.push(values)
    if (length === 0) this.#arrays = this.#uniform && this.#forms.travelAsArrays([...this.#indexes.keys()])
    return true
  }

  #takes(row: Row, columns: readonly string[], alike: boolean): boolean {
    const { length } = this.#rows
    if (length >= ROWS_MAX || this.#characters >= CHARACTERS_MAX) return false
    if (alike && this.#arrays) return true
    if (this.#uniform && !alike && length >= ALIKE_MIN) return false
    return (length + 1) * this.#widthWith(row, columns, alike) <= PARAMETERS_MAX
  }

  done(): Chunk | undefined {
    if (this.#rows.length === 0) return undefined
    return { columns: [...this.#indexes.keys()], rows: this.#rows, uniform: this.#uniform && this.#indexes.size > 0 }
  }

  /** Has it values for the same columns, and no expression? */
  #alike(row: Row, columns: readonly string[]): boolean {
    let count = 0
    for (const column of columns) {
      const value = row[column]
      if (value === undefined) continue
      if (!this.#indexes.has(column) || isExpression(value)) return false
      count += 1
    }
    return count === this.#indexes.size
  }

  #widthWith(row: Row, columns: readonly string[], alike: boolean): number {
    const width = this.#indexes.size
    if (alike) return width
    return width + columns.filter((column) => row[column] !== undefined && !this.#indexes.has(column)).length
  }
}

/** Kysely's: types forbid it here, and JavaScript does not. */
function isExpression(value: unknown): boolean {
  return typeof value === "object" && value !== null && "toOperationNode" in value
}

/** Objects become JSON at once, which is what the driver would make of them: so it is known how long they are. */
function sendable(given: unknown, form: ColumnForm, row: number, column: string): unknown {
  const value = typeof form === "function" && !isExpression(given) ? form(given) : given
  const refuse = (why: string): never => {
    throw new UnsendableRow(`Row ${row}, column "${column}": ${why}`)
  }
  switch (typeof value) {
    case "function":
    case "symbol":
      return refuse(`a ${typeof value} has no form in SQL`)
    case "object":
      break
    default:
      return value
  }
  if (value === null || Array.isArray(value) || ArrayBuffer.isView(value) || isExpression(value)) return value
  if (types.isDate(value))
    return Number.isNaN(value.getTime()) ? refuse("an invalid Date. Pass a valid one, or null") : value
  if ("toPostgres" in value || form === AS_GIVEN) return value
  const json: string | undefined = JSON.stringify(value)
  return json ?? refuse("its toJSON gives undefined. Pass null instead")
}

/** About how long it is as text. */
function lengthOf(value: unknown): number {
  if (typeof value === "string") return value.length
  if (ArrayBuffer.isView(value)) return value.byteLength * 2
  if (Array.isArray(value)) return value.reduce<number>((length, item: unknown) => length + lengthOf(item) + 1, 0)
  return 20
}
