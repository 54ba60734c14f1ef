import type { ColumnDefinition, SchemaDefinition, TableDefinition } from "../schema/define-schema.ts"
import { constraintDifferences } from "./constraint-differences.ts"
import type { SchemaDrift } from "./drift.ts"
import { renamedIn, type Renamed } from "./renamed.ts"
import { namesOf, own, textOf } from "./sorted.ts"
import { typeDifferences } from "./type-differences.ts"

/** What is compared: a schema's own word, or what a database comes to. What it says nothing of is not compared. */
export type Compared = Pick<SchemaDefinition, "tables" | "types" | "constraints">

/**
 * In the order of the tables', columns' and constraints' names; empty if every type is still right. `named` gives the name
 * that queries use for one of the database's, as constraints are named for queries.
 */
export function differences(
  file: Compared,
  database: Compared,
  named: (name: string) => string = (name) => name,
): readonly SchemaDrift[] {
  const tables = namesOf(file.tables, database.tables)
  const known = new Set(tables.map(named))
  const renamed = new Map(
    tables.map((table) => {
      const columns = renamedIn(own(file.tables, table)?.columns ?? {}, own(database.tables, table)?.columns ?? {})
      return [table, columns] as const
    }),
  )
  const forQueries = new Map(
    [...renamed].map(([table, columns]) => [
      named(table),
      new Map([...columns].map(([from, to]) => [named(from), named(to)])),
    ]),
  )
  const ofTables = tables.flatMap((table) => {
    const [expected, actual] = [own(file.tables, table), own(database.tables, table)]
    if (!actual) return [tableDrift("table_missing", table)]
    if (!expected) return [tableDrift("table_added", table)]
    const [promised, enforced] = [own(file.constraints, named(table)), own(database.constraints, named(table))]
    const alike = Object.keys(expected.columns).filter(
      (column) => own(actual.columns, column)?.nullable === own(expected.columns, column)?.nullable,
    )
    return [
      ...kindDifference(table, expected, actual),
      ...columnDifferences(table, expected, actual, renamed.get(table) ?? new Map()),
      ...(promised && enforced
        ? constraintDifferences(promised, enforced, {
            table,
            queryName: named(table),
            known,
            renamed: forQueries,
            columns: new Map(alike.map((column) => [named(column), column])),
          })
        : []),
    ]
  })
  return [...ofTables, ...typeDifferences(file.types ?? {}, database.types ?? {}, file.tables)]
}

function tableDrift(kind: "table_missing" | "table_added", table: string): SchemaDrift {
  return kind === "table_missing"
    ? { kind, table, breaking: true, message: `${table}: ${onlyInFile}` }
    : { kind, table, breaking: false, message: `${table}: ${onlyInDatabase}` }
}

const onlyInFile = "is in the file and not in the database"
const onlyInDatabase = "is in the database and not in the file"

function kindDifference(table: string, expected: TableDefinition, actual: TableDefinition): readonly SchemaDrift[] {
  const [file, database] = [expected.kind, actual.kind]
  if (file === database) return []
  const message = `${table}: is a ${file} in the file and a ${database} in the database`
  return [{ kind: "table_changed", table, property: "kind", file, database, breaking: true, message }]
}

function columnDifferences(
  table: string,
  expected: TableDefinition,
  actual: TableDefinition,
  renamed: Renamed,
): readonly SchemaDrift[] {
  const newNames = new Set(renamed.values())
  return namesOf(expected.columns, actual.columns).flatMap((column): readonly SchemaDrift[] => {
    const [told, found] = [own(expected.columns, column), own(actual.columns, column)]
    const place = `${table}.${column}`
    const database = renamed.get(column)
    if (database !== undefined) {
      const message = `${place}: is called ${database} in the database`
      return [{ kind: "column_renamed", table, column, database, breaking: true, message }]
    }
    if (told && found) return propertyDifferences(table, column, told, found)
    if (told) return [{ kind: "column_missing", table, column, breaking: true, message: `${place}: ${onlyInFile}` }]
    if (!found || newNames.has(column)) return []
    // Every insert of the file's fails if the new column needs a value.
    const needed = actual.kind === "table" && !found.nullable && found.generated === undefined
    const message = `${place}: ${onlyInDatabase}${needed ? ", and has to be given a value" : ""}`
    return [{ kind: "column_added", table, column, breaking: needed, message }]
  })
}

function propertyDifferences(
  table: string,
  column: string,
  told: ColumnDefinition,
  found: ColumnDefinition,
): readonly SchemaDrift[] {
  return (["type", "base", "labels", "nullable", "generated"] as const).flatMap((property): readonly SchemaDrift[] => {
    const [file, database] = [textOf(told[property]), textOf(found[property])]
    if (file === database) return []
    const place = `${table}.${column}`
    const message =
      property === "labels" && told.labels && found.labels
        ? labelsMessage(place, told.labels, found.labels)
        : `${place}: ${property} is ${file} in the file and ${database} in the database`
    return [{ kind: "column_changed", table, column, property, file, database, breaking: true, message }]
  })
}

function labelsMessage(place: string, told: readonly string[], found: readonly string[]): string {
  const only = (these: readonly string[], those: readonly string[], where: string): readonly string[] => {
    const labels = these.filter((label) => !those.includes(label)).map((label) => JSON.stringify(label))
    return labels.length === 0 ? [] : [`${labels.join(", ")} only in the ${where}`]
  }
  const parts = [...only(told, found, "file"), ...only(found, told, "database")]
  return parts.length > 0
    ? `${place}: of the enum's labels, ${parts.join(" and ")}`
    : `${place}: the enum's labels sort as ${textOf(told)} in the file and as ${textOf(found)} in the database`
}
