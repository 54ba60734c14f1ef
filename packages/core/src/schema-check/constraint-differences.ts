import type { InboundConstraint, OwnConstraint, TableConstraints } from "../schema/table-constraints.ts"
import type { SchemaDrift } from "./drift.ts"
import { renamedIn, type Renamed } from "./renamed.ts"
import { namesOf, own, textOf } from "./sorted.ts"

/** One table, and what is told of it and of others elsewhere, so that nothing is told twice. */
export interface ComparedTable {
  /** As the database names it. */
  readonly table: string
  /** As queries name it; constraints are named as queries name things. */
  readonly queryName: string
  /** The tables that are compared themselves, with their foreign keys. */
  readonly known: ReadonlySet<string>
  /** By table: the columns that have another name in the database. */
  readonly renamed: ReadonlyMap<string, Renamed>
  /** The columns of whose nulls nothing was told yet, to the database's names. */
  readonly columns: ReadonlyMap<string, string>
}

type Constraint = OwnConstraint | InboundConstraint

export function constraintDifferences(
  promised: TableConstraints,
  enforced: TableConstraints,
  compared: ComparedTable,
): readonly SchemaDrift[] {
  const { table, known, columns } = compared
  // A foreign key of a table that is not compared itself is told here, where it can be violated, too.
  const strange = ({ inbound }: TableConstraints): Readonly<Record<string, Constraint>> =>
    Object.fromEntries(Object.entries(inbound).filter(([, foreignKey]) => !known.has(foreignKey.table)))
  return [
    ...namedDifferences(table, withNewNames(promised.own, compared), enforced.own),
    ...namedDifferences(table, withNewNames(strange(promised), compared), strange(enforced)),
    ...[...columns].flatMap(([queryName, column]) => nullDifference(table, column, queryName, promised, enforced)),
  ]
}

/** So that a renamed column is told once, and not once more for each constraint on it. */
function withNewNames<C extends Constraint>(
  constraints: Readonly<Record<string, C>>,
  { queryName, renamed }: ComparedTable,
): Readonly<Record<string, Constraint>> {
  const namesIn = (table: string, columns: readonly string[]): readonly string[] =>
    columns.map((column) => renamed.get(table)?.get(column) ?? column)
  return Object.fromEntries(
    Object.entries(constraints).map(([name, constraint]): readonly [string, Constraint] => {
      const { references, columns } = constraint
      // Of a stranger's table it is not known which columns were renamed.
      const ownTable = "table" in constraint ? constraint.table : queryName
      const target = references && { ...references, columns: namesIn(references.table, references.columns) }
      return [name, { ...constraint, columns: namesIn(ownTable, columns), ...(target && { references: target }) }]
    }),
  )
}

function namedDifferences(
  table: string,
  file: Readonly<Record<string, Constraint>>,
  database: Readonly<Record<string, Constraint>>,
): readonly SchemaDrift[] {
  const renamed = renamedIn(file, database)
  const newNames = new Set(renamed.values())
  return namesOf(file, database).flatMap((constraint): readonly SchemaDrift[] => {
    const [told, found] = [own(file, constraint), own(database, constraint)]
    const newName = renamed.get(constraint)
    const place = `${table}: the constraint ${constraint}`
    if (newName !== undefined) {
      const message = `${place} is called ${newName} in the database`
      return [{ kind: "constraint_renamed", table, constraint, database: newName, breaking: true, message }]
    }
    if (told && found) return changes(table, constraint, told, found)
    if (told) {
      const message = `${place} is in the file and not in the database`
      return [{ kind: "constraint_missing", table, constraint, breaking: true, message }]
    }
    // What it refuses arrives as a violation without a name, which every type allows for.
    const message = `${place} is in the database and not in the file`
    return newNames.has(constraint) ? [] : [{ kind: "constraint_added", table, constraint, breaking: false, message }]
  })
}

const properties = ["kind", "columns", "references", "deferrable", "expression", "partial"] as const

function changes(table: string, constraint: string, told: Constraint, found: Constraint): readonly SchemaDrift[] {
  const part = (of: OwnConstraint, property: (typeof properties)[number]): string => textOf(of[property])
  return properties.flatMap((property): readonly SchemaDrift[] => {
    const [file, database] = [part(told, property), part(found, property)]
    if (file === database) return []
    const message = `${table}: ${property} of the constraint ${constraint} is ${file} in the file and ${database} in the database`
    return [{ kind: "constraint_changed", table, constraint, property, file, database, breaking: true, message }]
  })
}

function nullDifference(
  table: string,
  column: string,
  queryName: string,
  promised: TableConstraints,
  enforced: TableConstraints,
): readonly SchemaDrift[] {
  const [told, found] = [promised.notNull.includes(queryName), enforced.notNull.includes(queryName)]
  if (told === found) return []
  const [file, database] = [String(told), String(found)]
  const message = `${table}.${column}: refusing null is ${file} in the file and ${database} in the database`
  return [{ kind: "column_changed", table, column, property: "refusesNull", file, database, breaking: true, message }]
}
