import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  ReferenceNode,
  TableNode,
  type OperationNode,
  type WithNode,
} from "kysely"

import type { SchemaDefinition } from "../schema/define-schema.ts"
import { TableKeys } from "../schema/table-keys.ts"

/** What a part of a query can name columns of. */
interface Source {
  readonly name: string
  /** The table of the schema; undefined for what is none: a subquery, a CTE, a function. */
  readonly table: string | undefined
}

interface Frame {
  readonly sources: readonly Source[]
  /** The names of CTEs, which hide tables. */
  readonly hidden: ReadonlySet<string>
}

/** A column of a table of the schema, both as the schema names them. */
export interface KnownColumn {
  readonly table: string
  readonly column: string
}

/**
 * Which column of which table does a reference mean, at the place of the query that is being looked at? Undefined wherever that is not
 * certain: what is not certain is left as it is.
 */
export class ValueScope {
  readonly #tables: SchemaDefinition["tables"]
  readonly #keys: TableKeys
  #frames: readonly Frame[] = []

  constructor(schema: SchemaDefinition) {
    this.#tables = schema.tables
    this.#keys = new TableKeys(schema)
  }

  /** The queries inside of a query see its tables too, unless they name others so. */
  within<T>(from: readonly (OperationNode | undefined)[], withs: WithNode | undefined, look: () => T): T {
    const outer = this.#frames
    const names = withs?.expressions.map(({ name }) => name.table.table.identifier.name) ?? []
    const hidden = new Set([...(outer[0]?.hidden ?? []), ...names])
    this.#frames = [{ sources: from.flatMap((node) => this.#sourcesOf(node, hidden)), hidden }, ...outer]
    try {
      return look()
    } finally {
      this.#frames = outer
    }
  }

  columnOf(node: OperationNode): KnownColumn | undefined {
    if (!ReferenceNode.is(node) || !ColumnNode.is(node.column)) return undefined
    const column = node.column.column.name
    const named = node.table?.table.identifier.name
    for (const { sources } of this.#frames) {
      const mine =
        named === undefined
          ? sources.filter((source) => this.#has(source, column))
          : sources.filter(({ name }) => name === named)
      // Two that have it: the server does not know either which is meant.
      if (mine.length > 0) return mine.length === 1 ? this.#columnIn(mine[0], column) : undefined
      if (named === undefined && sources.some(({ table }) => table === undefined)) return undefined
    }
    return undefined
  }

  /** The schema's name for the table that a node stands for. */
  tableOf(node: OperationNode | undefined): string | undefined {
    if (node === undefined) return undefined
    if (AliasNode.is(node)) return this.tableOf(node.node)
    if (!TableNode.is(node)) return undefined
    const { schema, identifier } = node.table
    // With `withSchema` a query is by its type about the table of this name, whatever schema that names.
    const keys = [...this.#keys.of(schema?.name, identifier.name), identifier.name]
    return keys.find((name) => Object.hasOwn(this.#tables, name))
  }

  #columnIn(source: Source | undefined, column: string): KnownColumn | undefined {
    return source?.table === undefined ? undefined : { table: source.table, column }
  }

  #has({ table }: Source, column: string): boolean {
    const columns = table === undefined ? undefined : this.#tables[table]?.columns
    return columns !== undefined && Object.hasOwn(columns, column)
  }

  #sourcesOf(node: OperationNode | undefined, hidden: ReadonlySet<string>): readonly Source[] {
    if (node === undefined) return []
    const { alias, inner } = AliasNode.is(node)
      ? { alias: node.alias, inner: node.node }
      : { alias: undefined, inner: node }
    const aliased = alias !== undefined && IdentifierNode.is(alias) ? alias.name : undefined
    if (!TableNode.is(inner)) return [{ name: aliased ?? "", table: undefined }]
    const { schema, identifier } = inner.table
    const isCte = schema === undefined && hidden.has(identifier.name)
    return [{ name: aliased ?? identifier.name, table: isCte ? undefined : this.tableOf(inner) }]
  }
}
