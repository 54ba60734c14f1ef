import {
  DatabaseMetadata,
  ExtendsClauseNode,
  GenericExpressionNode,
  IdentifierNode,
  InferClauseNode,
  LiteralNode,
  ModuleReferenceNode,
  PostgresDialect,
  TemplateNode,
  type Definitions,
  type ExpressionNode,
} from "kysely-codegen"
import { decodingOf, partDefinitions, union, type Decoding } from "./decoding.ts"
import { enumsOf, type Names } from "./names.ts"
import { typeName, type Column, type Table } from "./tables.ts"

/**
 * What kysely-codegen is given: which tables there are, what every column's type is, and what the names in those types
 * mean.
 */
export interface Dialect {
  readonly dialect: PostgresDialect
  readonly metadata: DatabaseMetadata
  readonly overrides: { readonly columns: Record<string, ExpressionNode> }
}

/**
 * kysely-codegen with every decision about types taken out of its hands. Its own mapping is wrong about identities,
 * domains and most arrays, and its string options need TypeScript's JavaScript API, which TypeScript 7 does not have:
 * so every column is an override, and every override a syntax node.
 */
export function dialectFor(tables: readonly Table[], names: Names, unqualifiedSchema: string): Dialect {
  const dialect = new PostgresDialect({ defaultSchemas: [unqualifiedSchema] })
  Object.assign(dialect.adapter.definitions, definitionsFor(tables, names))
  Object.assign(dialect.adapter.imports, importsFor(names))
  return { dialect, metadata: metadataOf(tables), overrides: { columns: columnNodes(tables, names) } }
}

function metadataOf(tables: readonly Table[]): DatabaseMetadata {
  return new DatabaseMetadata({
    tables: tables.map(({ schema, name, kind, columns }) => ({
      schema,
      name,
      isView: kind === "view",
      // An override is the whole type, so what it says of null is not said twice here.
      columns: columns.map((column) => ({
        name: column.name,
        comment: column.comment,
        dataType: typeName(column.type),
        isNullable: false,
      })),
    })),
  })
}

function columnNodes(tables: readonly Table[], names: Names): Record<string, ExpressionNode> {
  return Object.fromEntries(
    tables.flatMap(({ schema, name, columns }) =>
      columns.map((column) => [`${schema}.${name}.${column.name}`, columnNode(column, names)]),
    ),
  )
}

function columnNode({ type, nullable, generated }: Column, names: Names): ExpressionNode {
  const decoding = decodingOf(type, names)
  const orNull = (node: ExpressionNode): ExpressionNode => (nullable ? union(node, identifier("null")) : node)
  if (generated === "always") return new GenericExpressionNode(names.imports.GeneratedAlways, [orNull(decoding.select)])
  const node = orNull(decodedNode(decoding, names))
  return generated === "default" ? new GenericExpressionNode(names.aliases.Generated, [node]) : node
}

function decodedNode({ select, insert, alias }: Decoding, names: Names): ExpressionNode {
  if (alias) return identifier(alias)
  return select === insert ? select : columnType(names, select, insert)
}

function columnType(names: Names, select: ExpressionNode, insert: ExpressionNode, update = insert): ExpressionNode {
  return new GenericExpressionNode(names.imports.ColumnType, [select, insert, update])
}

function importsFor({ imports }: Names): Record<string, ModuleReferenceNode> {
  return Object.fromEntries(
    Object.entries(imports).map(([source, name]) => [name, new ModuleReferenceNode("kysely", source)]),
  )
}

/** kysely-codegen writes those that some column uses. */
function definitionsFor(tables: readonly Table[], names: Names): Definitions {
  const decodings = tables.flatMap((table) => table.columns.map(({ type }) => decodingOf(type, names)))
  return {
    [names.aliases.Generated]: generatedTemplate(names),
    ...partDefinitions(names),
    ...Object.fromEntries(
      decodings.flatMap(({ alias, select, insert }) => (alias ? [[alias, columnType(names, select, insert)]] : [])),
    ),
    ...Object.fromEntries(
      enumsOf(tables).map((type) => [
        names.enums.get(typeName(type)) ?? "",
        union(...(type.labels ?? []).map((label) => new LiteralNode(label))),
      ]),
    ),
  }
}

/** `Generated<T>`: optional in inserts. Unlike Kysely's own it keeps what `T` says of inserts and updates. */
function generatedTemplate(names: Names): TemplateNode {
  const optional = (node: ExpressionNode): ExpressionNode => union(node, identifier("undefined"))
  const [s, i, u, t] = [identifier("S"), identifier("I"), identifier("U"), identifier("T")]
  const [inferS, inferI, inferU] = [new InferClauseNode("S"), new InferClauseNode("I"), new InferClauseNode("U")]
  const split = new ExtendsClauseNode(
    t,
    columnType(names, inferS, inferI, inferU),
    columnType(names, s, optional(i), u),
    columnType(names, t, optional(t), t),
  )
  return new TemplateNode(["T"], split)
}

function identifier(name: string): IdentifierNode {
  return new IdentifierNode(name)
}
