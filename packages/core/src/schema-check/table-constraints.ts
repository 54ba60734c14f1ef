import type { Relation, SchemaSource } from "../schema/define-schema.ts"
import type { InboundConstraint, OwnConstraint, TableConstraints } from "../schema/table-constraints.ts"
import type { ConstraintRow } from "./catalog.ts"
import { queryName } from "./naming.ts"
import { partsOf } from "./pg-type.ts"
import { sorted, sortedNames } from "./sorted.ts"
import { keyOf, queryNameOf, type Table } from "./tables.ts"

export type Constraints = Readonly<Record<string, TableConstraints>>
export type Relations = Readonly<Record<string, Readonly<Record<string, Relation>>>>

/**
 * What writing to each table can violate, named as queries name things. Only what is certain: a name that two different
 * things bear says nothing about which of them was violated, so it is left out. Views have none of their own, and what a
 * foreign table must fulfil is checked by another server.
 */
export function constraintsOf(
  tables: readonly Table[],
  rows: readonly ConstraintRow[],
  source: SchemaSource,
): Constraints {
  const checked = tables.filter(({ kind, foreign }) => kind === "table" && !foreign)
  const ownRows = Map.groupBy(rows, (row) => (row.own ? keyOf(placeOf(row), source) : undefined))
  const inboundRows = Map.groupBy(rows, ({ references }) =>
    references?.own ? keyOf(placeOf(references), source) : undefined,
  )
  return sorted(
    checked.map((table) => [
      queryNameOf(table, source),
      tableConstraints(table, ownRows.get(table.key) ?? [], inboundRows.get(table.key) ?? [], source),
    ]),
  )
}

function tableConstraints(
  table: Table,
  ownRows: readonly ConstraintRow[],
  inboundRows: readonly ConstraintRow[],
  source: SchemaSource,
): TableConstraints {
  const own = certain([
    ...ownRows.map((row) => [row.name, ownConstraint(row, source)] as const),
    ...domainChecks(table, source),
  ])
  const inbound = certain(inboundRows.flatMap((row) => inboundConstraint(row, source)))
  const aliases = certain([...ownRows, ...inboundRows].flatMap((row) => row.aliases.map((alias) => [alias, row.name])))
  const known = [...aliases].filter(([alias, name]) => {
    // What is one thing's own name cannot stand for another.
    const taken = own.has(alias) || inbound.has(alias)
    return !taken && (own.has(name) || inbound.has(name))
  })
  return {
    own: sorted(own),
    inbound: sorted(inbound),
    notNull: sortedNames(
      table.columns.flatMap(({ name, refusesNull }) => (refusesNull ? queryName(name, source) : [])),
    ),
    ...(known.length > 0 && { aliases: sorted(known) }),
  }
}

const kinds = { u: "unique", c: "check", x: "exclusion", f: "foreign_key" } as const

function ownConstraint(row: ConstraintRow, source: SchemaSource): OwnConstraint {
  return {
    kind: kinds[row.kind],
    // A check has no order of its own, and the catalogue's is that in which its columns were made.
    columns: row.kind === "c" ? sortedNames(queryNames(row.columns, source)) : queryNames(row.columns, source),
    ...(row.references && { references: targetOf(row.references, source) }),
    ...(row.deferrable && { deferrable: true }),
    ...(row.expression && { expression: true }),
    ...(row.partial && { partial: true }),
  }
}

function inboundConstraint(
  row: ConstraintRow,
  source: SchemaSource,
): readonly (readonly [string, InboundConstraint])[] {
  if (!row.references) return []
  const inbound: InboundConstraint = {
    kind: "foreign_key",
    table: queryName(keyOf(placeOf(row), source), source),
    columns: queryNames(row.columns, source),
    references: targetOf(row.references, source),
    ...(row.deferrable && { deferrable: true }),
  }
  return [[row.name, inbound]]
}

function targetOf(
  { schema, table, columns }: NonNullable<ConstraintRow["references"]>,
  source: SchemaSource,
): NonNullable<OwnConstraint["references"]> {
  return { table: queryName(keyOf({ schema, name: table }, source), source), columns: queryNames(columns, source) }
}

/** The checks of every domain in a column's type, also inside of arrays, composites and ranges. */
function domainChecks(table: Table, source: SchemaSource): readonly (readonly [string, OwnConstraint])[] {
  const found = table.columns.flatMap(({ name, type }) => {
    const checks = partsOf(type).flatMap((part) => part.checks ?? [])
    return [...new Set(checks)].map((check) => ({ check, column: queryName(name, source) }))
  })
  return [...Map.groupBy(found, ({ check }) => check)].map(([check, places]) => [
    check,
    { kind: "check", columns: sortedNames(places.map(({ column }) => column)) },
  ])
}

/** By name; without names that stand for two different things. */
function certain<T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, T> {
  const groups = Map.groupBy(entries, ([name]) => name)
  return new Map(
    [...groups].flatMap(([name, [first, ...others]]): readonly (readonly [string, T])[] => {
      const same = others.every(([, value]) => JSON.stringify(value) === JSON.stringify(first?.[1]))
      return first && same ? [[name, first[1]]] : []
    }),
  )
}

/** Where each foreign key between two of the tables leads. */
export function relationsOf(tables: readonly Table[], rows: readonly ConstraintRow[], source: SchemaSource): Relations {
  const byKey = new Map(tables.map((table) => [table.key, table]))
  const ownRows = Map.groupBy(rows, (row) => (row.own ? keyOf(placeOf(row), source) : undefined))
  const byTable = Map.groupBy(
    rows.filter((row) => row.own && row.references && byKey.has(keyOf(placeOf(row.references), source))),
    (row) => keyOf(placeOf(row), source),
  )
  return sorted(
    [...byTable].flatMap(([key, foreignKeys]): readonly (readonly [string, Relations[string]])[] => {
      const table = byKey.get(key)
      if (!table) return []
      const uniqueKeys = (ownRows.get(key) ?? []).filter(isUniqueKey)
      const relations = foreignKeys.flatMap((row) => relation(row, table, uniqueKeys, source))
      return [[queryNameOf(table, source), sorted(relations)]]
    }),
  )
}

function relation(
  { name, columns, references }: ConstraintRow,
  table: Table,
  uniqueKeys: readonly ConstraintRow[],
  source: SchemaSource,
): readonly (readonly [string, Relation])[] {
  if (!references) return []
  const target = targetOf(references, source)
  const unique = uniqueKeys.some((key) => key.columns.every((column) => columns.includes(column)))
  const optional = table.columns.some((column) => column.nullable && columns.includes(column.name))
  return [
    [name, { table: target.table, columns: queryNames(columns, source), references: target.columns, unique, optional }],
  ]
}

/** No two rows agree in its columns, whatever else they hold. */
function isUniqueKey({ kind, expression, partial }: ConstraintRow): boolean {
  return kind === "u" && !expression && !partial
}

function placeOf({ schema, table }: { readonly schema: string; readonly table: string }): {
  readonly schema: string
  readonly name: string
} {
  return { schema, name: table }
}

function queryNames(names: readonly string[], source: SchemaSource): readonly string[] {
  return names.map((name) => queryName(name, source))
}
