import type { ColumnDefinition } from "@kysely-resilient/core/schema"
import type { Structure } from "./structure.ts"

/** One thing in which a database is not what the generated file says. */
export type Difference =
  | { readonly kind: "table_missing" | "table_added"; readonly table: string }
  | { readonly kind: "column_missing" | "column_added"; readonly table: string; readonly column: string }
  | {
      readonly kind: "table_changed"
      readonly table: string
      readonly property: "kind"
      readonly file: string
      readonly database: string
    }
  | {
      readonly kind: "column_changed"
      readonly table: string
      readonly column: string
      readonly property: (typeof properties)[number]
      readonly file: string
      readonly database: string
    }

/** In the order of the tables' and columns' names; empty if every type of the file is still right. */
export function differences(file: Structure, database: Structure): readonly Difference[] {
  return keysOf(file, database).flatMap((table): readonly Difference[] => {
    const [expected, actual] = [file[table], database[table]]
    if (!actual) return [{ kind: "table_missing", table }]
    if (!expected) return [{ kind: "table_added", table }]
    const changed: readonly Difference[] =
      expected.kind === actual.kind
        ? []
        : [{ kind: "table_changed", table, property: "kind", file: expected.kind, database: actual.kind }]
    const columns = keysOf(expected.columns, actual.columns)
    return [
      ...changed,
      ...columns.flatMap((column) =>
        columnDifferences(table, column, expected.columns[column], actual.columns[column]),
      ),
    ]
  })
}

const properties = ["type", "base", "labels", "nullable", "generated"] as const

function columnDifferences(
  table: string,
  column: string,
  expected: ColumnDefinition | undefined,
  actual: ColumnDefinition | undefined,
): readonly Difference[] {
  if (!actual) return [{ kind: "column_missing", table, column }]
  if (!expected) return [{ kind: "column_added", table, column }]
  return properties.flatMap((property) => {
    const [file, database] = [valueText(expected[property]), valueText(actual[property])]
    return file === database ? [] : [{ kind: "column_changed", table, column, property, file, database }]
  })
}

function valueText(value: ColumnDefinition[(typeof properties)[number]]): string {
  if (value === undefined) return "none"
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

function keysOf(a: object, b: object): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()
}

/** `prices.volume: type is int8 in the file and int4 in the database` */
export function describe(difference: Difference): string {
  const place = "column" in difference ? `${difference.table}.${difference.column}` : difference.table
  if ("property" in difference) {
    const { property, file, database } = difference
    return `${place}: ${property} is ${file} in the file and ${database} in the database`
  }
  return difference.kind === "table_missing" || difference.kind === "column_missing"
    ? `${place}: is in the file and not in the database`
    : `${place}: is in the database and not in the file`
}
