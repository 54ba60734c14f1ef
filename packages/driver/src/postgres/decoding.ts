import type { FieldDescription } from "./internals.ts"

/** From the text of a value, which is never null, to the value. What it throws is a `decode_failed` of the column. */
export type Read = (text: string) => unknown

export interface Reader {
  /** The type's name, for errors. */
  readonly type: string
  readonly read: Read
  /** What reads it where it is the column of a table, if that is stricter. */
  readonly readColumn?: Read
  /** What reads one column, where that depends on which it is; then the server is asked for the names of table and column. */
  readonly readerOf?: (column: CatalogColumn) => Read
}

/**
 * How values are read, decided by whoever stands on the engine. Without it the parsers of `pg` read them.
 *
 * Numbers of types that are not built in mean something on one server only, and only as long as the type lives: so nothing is
 * known of them here, and each connection asks its own server about those that it meets.
 */
export interface Decoding {
  /** What reads the type with this number, if it is the same one on every server; undefined: ask the server what it is. */
  builtIn(oid: number): Reader | undefined
  /** What reads a type that the server has described. */
  described(type: CatalogType): Reader
}

/** A type as the catalogue has it, with everything that it is made of. */
export type CatalogType =
  /** `name`: with its schema, if that is not pg_catalog. */
  | { readonly kind: "base"; readonly name: string; readonly delimiter: string }
  | { readonly kind: "enum"; readonly name: string; readonly labels: readonly string[] }
  | { readonly kind: "domain"; readonly name: string; readonly base: CatalogType }
  | {
      readonly kind: "composite"
      readonly name: string
      readonly attributes: readonly { readonly name: string; readonly type: CatalogType }[]
    }
  | { readonly kind: "range"; readonly name: string; readonly subtype: CatalogType }
  | { readonly kind: "multirange"; readonly name: string; readonly range: CatalogType }
  | { readonly kind: "array"; readonly element: CatalogType }

export interface CatalogColumn {
  readonly schema: string
  readonly table: string
  readonly column: string
}

/** What reads the columns of an answer. */
export interface ColumnReaders {
  /** Undefined: nobody knows yet. */
  readerOf(field: FieldDescription): Read | undefined
  /** The name of its type, or its number. */
  typeOf(field: FieldDescription): string
}
