import { keyOf, type Catalog, type Table } from "@kysely-resilient/core/schema-check"
import type { SchemaSource } from "@kysely-resilient/core/schema"
import { pascalCase, singular } from "./identifiers.ts"

/** The type of one table's ids. */
export interface Brand {
  /** `users.id`: where its values come from, which is what tells it from all others. */
  readonly of: string
  /** What it would like to be called. */
  readonly wanted: string
}

/** By `table.column`, the key itself and every column that leads to it. */
export type Brands = ReadonlyMap<string, Brand>

/**
 * A primary key of one column is a type of its own, unless it is a foreign key itself: then its values come from there. Every
 * column of a foreign key has the type of what it refers to, and a column of a view that of the column that it passes on.
 */
export function brandsOf(
  tables: readonly Table[],
  { constraints }: Pick<Catalog, "constraints">,
  source: SchemaSource,
  names: Readonly<Record<string, string>>,
): Brands {
  const keyOfRow = ({ schema, table }: { readonly schema: string; readonly table: string }): string =>
    keyOf({ schema, name: table }, source)
  const keys = new Set(
    constraints.flatMap((row) =>
      row.own && row.primary && row.columns.length === 1 ? row.columns.map((name) => `${keyOfRow(row)}.${name}`) : [],
    ),
  )
  const leadsTo = new Map<string, string>()
  for (const row of constraints) {
    if (!row.own || !row.references) continue
    const target = keyOfRow(row.references)
    for (const [index, column] of row.columns.entries()) {
      const from = `${keyOfRow(row)}.${column}`
      const to = `${target}.${row.references.columns[index]}`
      // Of several foreign keys on one column any says the same, or they lead to tables that share their ids.
      const known = leadsTo.get(from)
      if (from !== to && (known === undefined || to < known)) leadsTo.set(from, to)
    }
  }
  const rootOf = (column: string): string | undefined => {
    const path = [column]
    let next = leadsTo.get(column)
    while (next !== undefined && !path.includes(next)) {
      path.push(next)
      next = leadsTo.get(next)
    }
    // Tables that refer to each other in a circle share their ids: any of them will do, if it is always the same.
    const circle = next === undefined ? [] : path.slice(path.indexOf(next)).toSorted()
    return circle.find((name) => keys.has(name)) ?? path.findLast((name) => keys.has(name))
  }
  return new Map(
    tables.flatMap((table) =>
      table.columns.flatMap(({ name, origin }): readonly (readonly [string, Brand])[] => {
        const root = rootOf(origin ? `${origin.table}.${origin.column}` : `${table.key}.${name}`)
        if (root === undefined) return []
        const given = Object.hasOwn(names, root) ? names[root] : undefined
        return [[`${table.key}.${name}`, { of: root, wanted: given ?? brandName(root) }]]
      }),
    ),
  )
}

/** `users.id` and `users.user_id` are both a `UserId`. */
function brandName(column: string): string {
  const at = column.lastIndexOf(".")
  const table = pascalCase(singular(column.slice(0, at)))
  const name = pascalCase(column.slice(at + 1))
  return name.toLowerCase().startsWith(table.toLowerCase()) ? name : `${table}${name}`
}
