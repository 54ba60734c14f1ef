import type { Policy } from "@kysely-resilient/core/schema"

/** A type as the random schema declares it, with all that it is made of. */
export type RandomType =
  | { readonly kind: "base"; readonly name: string; readonly sql: string }
  | { readonly kind: "enum"; readonly sql: string; readonly labels: readonly string[] }
  | { readonly kind: "domain"; readonly sql: string; readonly base: RandomType; readonly notNull: boolean }
  | {
      readonly kind: "composite"
      readonly sql: string
      readonly attributes: readonly { readonly name: string; readonly type: RandomType }[]
    }
  | { readonly kind: "range"; readonly sql: string; readonly subtype: RandomType }
  | { readonly kind: "multirange"; readonly sql: string; readonly range: RandomType }
  | { readonly kind: "array"; readonly sql: string; readonly element: RandomType; readonly dimensions: 1 | 2 }

export interface RandomColumn {
  readonly name: string
  readonly type: RandomType
  readonly nullable: boolean
  /** What follows the type in `create table`. */
  readonly clause: string
  /** The database alone gives the value. */
  readonly always: boolean
  readonly comment: string | undefined
}

export interface RandomTable {
  /** In SQL, with its schema. */
  readonly sql: string
  /** As the generated file names it, but for camelCase. */
  readonly key: string
  readonly columns: readonly RandomColumn[]
  readonly comment: string | undefined
  /** For each row and each column that is not `always`, in their order: SQL. */
  readonly rows: readonly (readonly string[])[]
}

export interface RandomSchema {
  readonly schemas: readonly [string, ...string[]]
  /** In their order: types, which may need those before them. */
  readonly types: readonly string[]
  readonly tables: readonly RandomTable[]
  /** A view of the first table. */
  readonly view: { readonly sql: string; readonly key: string }
  readonly choices: Policy["choices"]
  readonly camelCase: boolean
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** Everything that makes it, as one script. */
export function scriptOf({ schemas, types, tables, view }: RandomSchema): string {
  return [
    ...schemas.map((name) => `create schema ${quoted(name)}`),
    ...types,
    ...tables.flatMap(({ sql, columns, comment, rows }) => {
      const given = columns.filter(({ always }) => !always).map(({ name }) => quoted(name))
      return [
        `create table ${sql} (${columns.map(({ name, type, clause }) => `${quoted(name)} ${type.sql} ${clause}`).join(", ")})`,
        ...(comment === undefined ? [] : [`comment on table ${sql} is ${text(comment)}`]),
        ...columns.flatMap(({ name, comment: of }) =>
          of === undefined ? [] : [`comment on column ${sql}.${quoted(name)} is ${text(of)}`],
        ),
        ...rows.map((row) =>
          given.length === 0
            ? `insert into ${sql} default values`
            : `insert into ${sql} (${given.join(", ")}) values (${row.join(", ")})`,
        ),
      ]
    }),
    `create view ${view.sql} as select * from ${tables[0]?.sql}`,
  ].join(";\n")
}
