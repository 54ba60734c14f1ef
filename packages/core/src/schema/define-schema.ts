import type { Policy } from "./policy.ts"
import type { StandardSchema } from "./standard-schema.ts"
import type { TypeDefinition } from "./type-definition.ts"
import type { TableConstraints } from "./table-constraints.ts"

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
  /** By table name, as queries name it: what the type `Constraints` says, as data. */
  readonly constraints?: Readonly<Record<string, TableConstraints>>
  /** By table name and then by the name of the foreign key, both as queries name them. */
  readonly relations?: Readonly<Record<string, Readonly<Record<string, Relation>>>>
  /** Which part of a database it was made from, to compare the two. */
  readonly source?: SchemaSource
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

/** Where a foreign key leads. */
export interface Relation {
  readonly table: string
  readonly columns: readonly string[]
  /** The columns of the other table, in the order of `columns`. */
  readonly references: readonly string[]
  /** At most one row here for a row there: the columns are unique. */
  readonly unique: boolean
  /** There may be no row there: a column may be null. */
  readonly optional: boolean
}

export interface SchemaSource {
  /** Tables of the first are named without it. */
  readonly schemas: readonly [string, ...string[]]
  /** Queries name tables and columns as Kysely's CamelCasePlugin does. */
  readonly camelCase?: true
  /** Only tables that match one of these patterns. */
  readonly include?: readonly string[]
  /** And no tables that match one of these. */
  readonly exclude?: readonly string[]
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
