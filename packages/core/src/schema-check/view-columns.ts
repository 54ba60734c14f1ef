import type { ColumnRow, RelationRow } from "./catalog.ts"
import { isNode, listOf, parseTree, type Tree, type TreeNode } from "./node-tree.ts"

/** A column of a view that passes on a table's column as it is. */
export interface ViewColumn {
  readonly table: RelationRow
  readonly column: ColumnRow
  /** The view can make it null although the table holds no null. */
  readonly mayBeNull: boolean
}

interface Passed {
  readonly relationOid: number
  readonly number: number
  readonly mayBeNull: boolean
}

/** A relation's column in a view's FROM: a table, partitioned or foreign table, or another view. */
const isRelation = "0"
const isJoin = "2"
const innerJoin = "0"

/**
 * Which columns of views are a table's, through views on views, as the parsed query says it. Whatever is not simply that
 * gives undefined: expressions, aggregates, columns of subqueries, of CTEs, of UNION, of GROUPING SETS and (in
 * PostgreSQL 18) of GROUP BY, and the columns that USING and NATURAL merge.
 */
export function viewColumns(
  relations: readonly RelationRow[],
): (view: RelationRow, column: ColumnRow) => ViewColumn | undefined {
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]))
  const read = new Map<number, ReadonlyMap<number, Passed>>()
  const find = (view: RelationRow, column: ColumnRow): ViewColumn | undefined => {
    const targets = read.get(view.oid) ?? passedOn(view.rule)
    read.set(view.oid, targets)
    const passed = targets.get(column.number)
    const from = passed && byOid.get(passed.relationOid)
    const origin = from?.columns.find(({ number }) => number === passed?.number)
    if (!passed || !from || !origin) return undefined
    const further = from.rule === null ? { table: from, column: origin, mayBeNull: false } : find(from, origin)
    // A materialized view holds what was true when it was refreshed: the table may have become stricter since.
    const stored = view.kind === "m"
    return further && { ...further, mayBeNull: further.mayBeNull || passed.mayBeNull || stored }
  }
  return find
}

/** By the number of the view's column. */
function passedOn(rule: string | null): ReadonlyMap<number, Passed> {
  const [query, ...others] = rule === null ? [] : listOf(parseTree(rule))
  if (!isNode(query, "QUERY") || others.length > 0) return new Map()
  if (query.fields.get(":setOperations") !== "<>" || query.fields.get(":groupingSets") !== "<>") return new Map()
  const tables = listOf(query.fields.get(":rtable"))
  const outerJoins = tables.some((tree) => {
    const entry = entryIn(tree)
    return entry?.fields.get(":rtekind") === isJoin && entry.fields.get(":jointype") !== innerJoin
  })
  return new Map(
    listOf(query.fields.get(":targetList")).flatMap((target): readonly (readonly [number, Passed])[] => {
      if (!isNode(target, "TARGETENTRY") || target.fields.get(":resjunk") !== "false") return []
      const variable = target.fields.get(":expr")
      if (!isNode(variable, "VAR") || variable.fields.get(":varlevelsup") !== "0") return []
      const entry = entryIn(tables[numberIn(variable, ":varno") - 1])
      if (entry?.fields.get(":rtekind") !== isRelation) return []
      const passed = {
        relationOid: numberIn(entry, ":relid"),
        number: numberIn(variable, ":varattno"),
        mayBeNull: isNulled(variable, outerJoins),
      }
      return [[numberIn(target, ":resno"), passed]]
    }),
  )
}

/** An entry of the list of what a query reads, by the name that it has since PostgreSQL 16 or by that before. */
function entryIn(tree: Tree | undefined): TreeNode | undefined {
  return isNode(tree, "RANGETBLENTRY") || isNode(tree, "RTE") ? tree : undefined
}

function numberIn(node: TreeNode, field: string): number {
  return Number(node.fields.get(field))
}

/** Since PostgreSQL 16 each column says which outer joins can make it null; before, one of them anywhere is enough. */
function isNulled(variable: TreeNode, outerJoins: boolean): boolean {
  const joins = variable.fields.get(":varnullingrels")
  return joins === undefined ? outerJoins : listOf(joins).length !== 1
}
