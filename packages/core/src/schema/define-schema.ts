import type { Policy } from "./policy.ts"
import type { StandardSchema } from "./standard-schema.ts"
import type { TypeDefinition } from "./type-definition.ts"

/** One column, as far as the types of queries depend on it. */
export interface ColumnDefinition {
  /** As PostgreSQL calls it inside: `int8`, `numeric[]`, `public.signal_kind`. */
  readonly type: string
  /** What the type is under its domains, if it has any. */
  readonly base?: string
  /** Of an enum, or of an array of enums, in the order in which it sorts. */
  readonly labels?: readonly string[]
  readonly nullable: boolean
  /** Who gives the value: `default`: the database, if the caller does not. `always`: the database alone. */
  readonly generated?: "default" | "always"
}

export interface TableDefinition {
  readonly kind: "table" | "view"
  readonly columns: Readonly<Record<string, ColumnDefinition>>
}

/** What a schema is at run time: plain data, written by the code generator. */
export interface SchemaDefinition {
  /** By table name; a table outside the default schema is named with its schema: `audit.log`. */
  readonly tables: Readonly<Record<string, TableDefinition>>
  /** By table name, then by constraint name: what the type `Constraints` says, as data. */
  readonly constraints?: Readonly<Record<string, object>>
  /** Of the structure: two databases with the same hash need the same types. */
  readonly hash?: string
  /** How values are read: what `policy()` returned. Without one the parsers of `pg` read them. */
  readonly policy?: Policy
  /**
   * By name (`public.mood`): every type of its columns that is not built in, and the types that those are made of. Where there
   * is one, the driver asks the server what it knows of such types when a value of one arrives for the first time.
   */
  readonly types?: Readonly<Record<string, TypeDefinition>>
  /**
   * By `table.column`, both named as in `tables`: what json and jsonb columns hold. Each value is validated when it is read, and what
   * does not fit fails its query with `decode_failed`. Works together with a policy, and must be synchronous.
   */
  readonly decoders?: Readonly<Record<string, StandardSchema>>
}

/**
 * A database's structure as a value that carries its types: `DB` is Kysely's interface of tables, `Constraints` says by
 * table which constraints there are. `createDatabase({ schema })` reads both from it, so nobody writes type arguments.
 */
export interface Schema<DB, Constraints = unknown> extends SchemaDefinition {
  /** Never there at run time. */
  readonly "~types"?: { readonly db: DB; readonly constraints: Constraints }
}

/** Gives a structure its types. Generated files call it; it depends on nothing and does nothing but freeze. */
export function defineSchema<DB, Constraints = unknown>(definition: SchemaDefinition): Schema<DB, Constraints> {
  return Object.freeze({ ...definition })
}
