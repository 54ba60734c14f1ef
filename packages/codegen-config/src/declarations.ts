import {
  AliasDeclarationNode,
  ExportStatementNode,
  InterfaceDeclarationNode,
  ObjectExpressionNode,
  PropertyNode,
  type ExpressionNode,
} from "kysely-codegen"
import { typeScriptOf, type TypeExpression } from "@kysely-resilient/core/schema"
import { columnTypeName, queryName, queryNameOf, type Column, type Table } from "@kysely-resilient/core/schema-check"
import type { SchemaSource } from "@kysely-resilient/core/schema"
import type { ColumnTypes, Decisions } from "./column-types.ts"
import { partsOfExpression } from "./expressions.ts"
import { helperText } from "./helpers.ts"
import type { Names } from "./names.ts"
import { identifier, literals, type Nodes } from "./nodes.ts"
import { StableSerializer } from "./serializer.ts"

/** One table with what its columns are. */
export interface TypedTable {
  readonly table: Table
  readonly columns: readonly { readonly column: Column; readonly types: ColumnTypes }[]
}

export interface Declared {
  readonly tables: readonly TypedTable[]
  readonly decisions: Decisions
  readonly names: Names
  readonly nodes: Nodes
  readonly source: SchemaSource
  readonly comments: boolean
}

/**
 * Every declaration of types: ids, enums and composites, what columns of built-in types are, the tables, and `DB`. What the
 * tables use is found out by writing them, so they are written first and stand last.
 */
export function declarations(declared: Declared, comments: ReadonlyMap<string, string>): readonly string[] {
  const serializer = new StableSerializer(comments)
  const text = (node: ExportStatementNode): string => serializer.serializeStatements([node]).trimEnd()
  const ofTables = [...tableNodes(declared), databaseNode(declared)].map(text)
  const ofColumns = aliasNodes(declared).map(text)
  // A composite may use an enum or another composite, so these are written whether or not a column is of them.
  const ofTypes = [...brandTexts(declared, text), ...typeTexts(declared, text)]
  const { names, nodes } = declared
  const helpers = [...names.helpers].flatMap(([helper, name]) =>
    nodes.used.has(name) ? helperText(helper, name, (library) => libraryName(declared, library)) : [],
  )
  return [...helpers, ...ofTypes, ...ofColumns, ...ofTables]
}

function libraryName({ names, nodes }: Declared, library: string): string {
  const name = names.helpers.get(library) ?? names.libraries.get(library) ?? library
  nodes.used.add(name)
  return name
}

function tableNodes({ tables, decisions, names, nodes, source, comments }: Declared): readonly ExportStatementNode[] {
  return sortedBy(tables, ({ table }) => names.tables.get(table.key) ?? "").map(({ table, columns }) => {
    const properties = columns.map(({ column, types }) => {
      const node = nodes.column(table, column, types, decisions)
      return property(queryName(column.name, source), node, comments ? column.comment : null)
    })
    return interfaceNode(names.tables.get(table.key) ?? table.key, properties)
  })
}

function databaseNode({ tables, names, source }: Declared): ExportStatementNode {
  const properties = tables.map(({ table }) =>
    property(queryNameOf(table, source), identifier(names.tables.get(table.key) ?? table.key), null),
  )
  return interfaceNode("DB", properties)
}

function brandTexts(
  { tables, decisions, names, nodes }: Declared,
  text: (node: ExportStatementNode) => string,
): readonly string[] {
  const { brands, policy, types } = decisions
  const base = new Map<string, TypeExpression>()
  for (const { table, columns } of tables) {
    for (const { column } of columns) {
      const brand = brands.get(`${table.key}.${column.name}`)
      if (brand && !base.has(brand.of)) base.set(brand.of, typeScriptOf(columnTypeName(column), types, policy).select)
    }
  }
  return sortedBy([...base], ([of]) => names.brands.get(of) ?? of).flatMap(([of, expression]) => {
    const name = names.brands.get(of) ?? of
    if (!nodes.used.has(name)) return []
    const plain = text(typeNode("Plain", nodes.of(expression)))
      .slice("export type Plain = ".length)
      .replace(/;$/, "")
    return [
      `/** An id from ${docText(of)}. */
export type ${name} = ${/^[\w.]+$/.test(plain) ? plain : `(${plain})`} & { readonly "~brand": ${JSON.stringify(of)} };

/** Says of a value from outside that it is such an id. It checks nothing. */
export const ${name} = (id: ${plain}): ${name} => id as ${name};`,
    ]
  })
}

/** A name of the database's inside of a comment. */
function docText(name: string): string {
  return name.replaceAll("*/", "*\\/").replaceAll(/[\r\n\u2028\u2029]/g, " ")
}

function typeTexts(
  { tables, names, nodes, source }: Declared,
  text: (node: ExportStatementNode) => string,
): readonly string[] {
  const parts = tables.flatMap(({ columns }) =>
    columns.flatMap(({ types }) => [...partsOfExpression(types.select), ...partsOfExpression(types.insert)]),
  )
  const byType = new Map(
    parts.flatMap((part) => (part.kind === "enum" || part.kind === "object" ? [[part.type, part] as const] : [])),
  )
  return sortedBy([...byType], ([type]) => names.types.get(type) ?? type).flatMap(([type, part]) => {
    const name = names.types.get(type) ?? type
    if (part.kind === "object") {
      return [
        text(
          interfaceNode(
            name,
            part.fields.map((field) => property(queryName(field.name, source), nodes.of(field.type), null)),
          ),
        ),
      ]
    }
    const labels = part.labels.map((label) => JSON.stringify(label)).join(", ")
    return [
      text(typeNode(name, literals(part.labels))),
      `/** The labels of ${name}, in the order in which they sort. */
export const ${names.labels.get(type) ?? `${name}Labels`} = [${labels}] as const;`,
    ]
  })
}

function aliasNodes({ tables, names, nodes }: Declared): readonly ExportStatementNode[] {
  const columns = tables.flatMap((table) => table.columns.map(({ types }) => types))
  const byName = new Map(
    columns.flatMap(({ alias, select, insert }) => {
      const name = alias === undefined ? undefined : names.aliases.get(alias)
      return name !== undefined && nodes.used.has(name) ? [[name, { select, insert }] as const] : []
    }),
  )
  return sortedBy([...byName], ([name]) => name).map(([name, { select, insert }]) =>
    typeNode(name, nodes.columnType(select, insert)),
  )
}

function property(key: string, value: ExpressionNode, comment: string | null): PropertyNode {
  return new PropertyNode(key, value, comment)
}

function interfaceNode(name: string, properties: readonly PropertyNode[]): ExportStatementNode {
  const sorted = sortedBy(properties, ({ key }) => key)
  return new ExportStatementNode(new InterfaceDeclarationNode(identifier(name), new ObjectExpressionNode([...sorted])))
}

function typeNode(name: string, value: ExpressionNode): ExportStatementNode {
  return new ExportStatementNode(new AliasDeclarationNode(name, value))
}

function sortedBy<T>(values: readonly T[], nameOf: (value: T) => string): readonly T[] {
  return values.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}
