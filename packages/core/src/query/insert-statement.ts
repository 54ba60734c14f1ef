import { sql, type Compilable, type RawBuilder } from "kysely"

import { sentName } from "../schema-check/naming.ts"
import type { ColumnDefinition, SchemaDefinition } from "../schema/define-schema.ts"
import { serializersOf, type Serialize } from "../schema/serializers.ts"
import { AS_GIVEN, PLAIN, type Chunk, type ColumnForm, type ColumnForms } from "./insert-chunk.ts"
import type { QueryBuilders } from "./session.ts"

/** Tables whose columns nobody knows more of than their names. */
export type AnyTables = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What is the same in every statement of one call. */
export interface InsertForm {
  readonly builders: QueryBuilders<AnyTables>
  readonly table: string
  readonly onConflict: "doNothing" | OnConflict | undefined
  readonly returning: readonly string[] | undefined
  readonly types: ColumnTypes
}

type InsertBuilder = ReturnType<QueryBuilders<AnyTables>["insertInto"]>
export type OnConflict = Parameters<InsertBuilder["onConflict"]>[0]

/** The statements for a chunk: one, but for rows that have no values at all. */
export function statementsFor(form: InsertForm, chunk: Chunk): readonly Compilable[] {
  const { builders, table, types } = form
  const { columns, rows } = chunk
  const into = builders.insertInto(table)
  if (columns.length === 0) return rows.map(() => finished(form, into.defaultValues()))
  const arrays = chunk.uniform ? types.of(columns) : undefined
  if (arrays !== undefined) return [finished(form, into.columns([...columns]).expression(unnested(chunk, arrays)))]
  return [finished(form, into.values(rows.map((row) => recordOf(columns, row))))]
}

function finished({ onConflict, returning }: InsertForm, insert: InsertBuilder): Compilable {
  const resolved =
    onConflict === undefined
      ? insert
      : insert.onConflict(onConflict === "doNothing" ? (conflict) => conflict.doNothing() : onConflict)
  return returning === undefined ? resolved : resolved.returning([...returning])
}

function recordOf(columns: readonly string[], row: readonly unknown[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(columns.map((column, index) => [column, row[index]]))
}

/** How a column's values travel: as an array of this type, and then cast, where an array of arrays would be taken apart. */
interface ArrayType {
  readonly array: string
  readonly cast: string | undefined
}

/** `select c1, c2::int8[] from unnest($1::text[], $2::text[]) as rows(c1, c2)` */
function unnested({ columns, rows }: Chunk, arrays: readonly ArrayType[]): RawBuilder<unknown> {
  const values = columns.map((_, index) => {
    const { array, cast } = arrays[index] ?? AS_TEXT
    const column = rows.map((row) => (cast === undefined ? row[index] : literalOf(row[index])))
    return sql`${column}::${sql.raw(array)}`
  })
  const names = columns.map((_, index) => `c${index + 1}`)
  const selected = names.map((name, index) => {
    const cast = arrays[index]?.cast
    return cast === undefined ? name : `${name}::${cast}`
  })
  return sql`select ${sql.raw(selected.join(", "))} from unnest(${sql.join(values)}) as given(${sql.raw(names.join(", "))})`
}

const AS_TEXT: ArrayType = { array: "text[]", cast: undefined }

/** An array that is one value among others: its own text, made by the driver as for a parameter of its own. */
function literalOf(value: unknown): unknown {
  return Array.isArray(value) ? { toPostgres: (prepare: (given: unknown) => unknown) => prepare(value) } : value
}

/** What the schema says of the types of a table's columns. */
export class ColumnTypes implements ColumnForms {
  readonly #schema: SchemaDefinition | undefined
  readonly #columns: Readonly<Record<string, ColumnDefinition>> | undefined
  readonly #serializers: ReadonlyMap<string, Serialize> | undefined
  /** Custom types write some values; if these are any of this table's, they see them as they were given. */
  readonly #writesSome: boolean
  readonly #forms = new Map<string, ColumnForm>()

  /** @param table as queries name it, which may not be as the schema does */
  constructor(schema: SchemaDefinition | undefined, table: string) {
    const { tables = {}, source = {} } = schema ?? {}
    const key = [table, sentName(table, source)].find((name) => Object.hasOwn(tables, name))
    const serializers = schema && serializersOf(schema)
    this.#schema = schema
    this.#columns = key === undefined ? undefined : tables[key]?.columns
    this.#serializers = key === undefined ? undefined : serializers?.get(key)
    this.#writesSome = serializers !== undefined && serializers.size > 0
  }

  formOf(column: string): ColumnForm {
    // Asked for every value.
    let form = this.#forms.get(column)
    if (form === undefined) {
      const name = this.#nameOf(column)
      form = name === undefined ? (this.#writesSome ? AS_GIVEN : PLAIN) : (this.#serializers?.get(name) ?? PLAIN)
      this.#forms.set(column, form)
    }
    return form
  }

  /** As the schema names it. */
  #nameOf(column: string): string | undefined {
    const columns = this.#columns
    if (columns === undefined) return undefined
    const source = this.#schema?.source ?? {}
    return [column, sentName(column, source)].find((name) => Object.hasOwn(columns, name))
  }

  travelAsArrays(columns: readonly string[]): boolean {
    return this.of(columns) !== undefined
  }

  /** Undefined if one of them is not known, or could be read as another value than as a parameter of its own. */
  of(columns: readonly string[]): readonly ArrayType[] | undefined {
    const arrays: ArrayType[] = []
    for (const column of columns) {
      const array = this.#arrayOf(column)
      if (array === undefined) return undefined
      arrays.push(array)
    }
    return arrays
  }

  #arrayOf(column: string): ArrayType | undefined {
    const name = this.#nameOf(column)
    if (name === undefined) return undefined
    const definition = this.#columns?.[name]
    // Never the domain itself: a cast to it would cut a text that is too long, where an INSERT refuses it.
    const type = definition?.base ?? definition?.type ?? ""
    const quoted = quotedType(type)
    if (quoted === undefined || this.#isDomain(elementOf(type)) || this.#mayBeComposite(type)) return undefined
    if (type.endsWith("[]")) return { array: "text[]", cast: quoted }
    // The elements of its arrays are not separated by commas.
    return this.#delimiterOf(type) === "," ? { array: `${quoted}[]`, cast: undefined } : undefined
  }

  /** Of an array of composites unnest makes a column of each attribute. */
  #mayBeComposite(type: string): boolean {
    const kind = this.#schema?.types?.[type]?.kind
    return kind === "composite" || (kind === undefined && type.includes(".") && !type.endsWith("[]"))
  }

  #isDomain(type: string): boolean {
    return this.#schema?.types?.[type]?.kind === "domain"
  }

  #delimiterOf(type: string): string {
    const definition = this.#schema?.types?.[type]
    if (type === "box") return ";"
    return definition?.kind === "base" ? (definition.delimiter ?? ",") : ","
  }
}

function elementOf(type: string): string {
  return type.replace(/(?:\[\])+$/, "")
}

const TYPE = /^(?:([^."\0]+)\.)?([^."[\]\0]+)((?:\[\])?)$/

/** Quoted, since `bit` and `char` without quotes mean one bit and one character. */
function quotedType(type: string): string | undefined {
  const [, schema = "pg_catalog", name, array] = TYPE.exec(type) ?? []
  return name === undefined ? undefined : `"${schema}"."${name}"${array}`
}
