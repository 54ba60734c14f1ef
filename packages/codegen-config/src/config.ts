import type { Policy } from "@kysely-resilient/core/schema"

/** What to generate, from which database, into which file. */
export interface CodegenConfig {
  /**
   * A connection string, `postgres://…`. Default: the environment's `DATABASE_URL`, and without one its `PG*`
   * variables.
   */
  readonly connection?: string | undefined
  /**
   * The schemas whose tables are wanted. Tables of the first are named without their schema, so it should be the one
   * that `search_path` finds first; all others are named with it: `audit.log`. Default: `["public"]`.
   */
  readonly schemas?: readonly string[]
  /**
   * The file to be written. A relative path starts at the folder of the configuration file, or where a program runs
   * that has none.
   */
  readonly outFile: string | URL
  /**
   * Whether tables and columns are named as Kysely's CamelCasePlugin names them; queries then need that plugin.
   * Default: false.
   */
  readonly camelCase?: boolean
  /**
   * How values are read, which decides their types: what `policy()` gives, or the module that exports one,
   * `"./policy.ts#types"`. The module is needed where the policy has types of its own, for the generated file imports it.
   * Default: `policy()`.
   */
  readonly types?: Policy | string
  /** Types that tell one table's ids from another's. */
  readonly brands?: BrandOptions
  /** By `table.column`: what a json or jsonb column holds. */
  readonly json?: Readonly<Record<string, JsonType>>
  /** By the name of a view: what the catalogue cannot say of it. */
  readonly views?: Readonly<Record<string, ViewOptions>>
  /** By `table.column`: another type than the policy's, for types only. Nullability and who gives the value stay as they are. */
  readonly overrides?: Readonly<Record<string, ColumnOverride>>
  /** What is written beside the tables' types. */
  readonly emit?: EmitOptions
  /** Only tables and views that match one of these: `users`, `audit.*`. Default: all. */
  readonly include?: readonly string[]
  /** No tables and views that match one of these. Default: none. */
  readonly exclude?: readonly string[]
}

export interface BrandOptions {
  /**
   * The primary key of each table, where it is one column, has a type of its own, and so has every foreign key that
   * leads to it: `UserId` for `users.id` and for `posts.author_id`. Default: false.
   */
  readonly primaryKeys?: boolean
  /** By `table.column` of a primary key: what its type is called, instead of the table's name in the singular and the column's. */
  readonly names?: Readonly<Record<string, string>>
}

/**
 * A type that a module exports, `"./types.ts#UserMeta"`; or a validator that one exports, which every value is checked
 * with when it is read (Standard Schema: Zod, Valibot, ArkType and others, synchronous). Its output is the column's type.
 */
export type JsonType = string | { readonly decoder: string }

export interface ViewOptions {
  /** Columns of which you know that they are never null. */
  readonly notNull?: readonly string[]
}

/**
 * A type of TypeScript, or one that a module exports: `"./types.ts#Settings"`. `insert` is what writing takes, where
 * that is something else.
 */
export type ColumnOverride = string | { readonly select: string; readonly insert?: string }

export interface EmitOptions {
  /** `DBConstraints`, which gives errors the names of constraints, and the same as data. Default: true. */
  readonly constraints?: boolean
  /** Where foreign keys lead: `DBRelations`, and the same as data. Default: true. */
  readonly relations?: boolean
  /** The database's comments as JSDoc. Default: true. */
  readonly comments?: boolean
}
