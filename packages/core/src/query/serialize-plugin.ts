import {
  AliasNode,
  ColumnNode,
  ColumnUpdateNode,
  OperationNodeTransformer,
  PrimitiveValueListNode,
  ReferenceNode,
  TableNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  type InsertQueryNode,
  type KyselyPlugin,
  type OperationNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryId,
  type QueryResult,
  type RootOperationNode,
  type UnknownRow,
  type UpdateQueryNode,
} from "kysely"

import type { SchemaDefinition } from "../schema/define-schema.ts"
import { serializersOf, type Serialize } from "../schema/serializers.ts"
import { TableKeys } from "../schema/table-keys.ts"

/**
 * Values for columns of custom types are written as their policy says, where a query names table and column: in `values`, `set` and
 * `doUpdateSet`. Nothing where the policy has no such types.
 */
export function serializePlugins(schema: SchemaDefinition): readonly KyselyPlugin[] {
  const columnsOf = serializersOf(schema)
  return columnsOf.size === 0 ? [] : [new SerializePlugin(new SerializeTransformer(columnsOf, schema))]
}

class SerializePlugin implements KyselyPlugin {
  readonly #transformer: SerializeTransformer

  constructor(transformer: SerializeTransformer) {
    this.#transformer = transformer
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    return this.#transformer.transformNode(node, queryId)
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result)
  }
}

type Serializers = ReadonlyMap<string, Serialize>

class SerializeTransformer extends OperationNodeTransformer {
  readonly #tables: ReadonlyMap<string, Serializers>
  readonly #schema: SchemaDefinition
  readonly #keys: TableKeys

  constructor(tables: ReadonlyMap<string, Serializers>, schema: SchemaDefinition) {
    super()
    this.#tables = tables
    this.#schema = schema
    this.#keys = new TableKeys(schema)
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    const insert = super.transformInsertQuery(node, queryId)
    const serializers = this.#serializersOf(insert.into)
    if (serializers === undefined) return insert
    const { values, onConflict, columns } = insert
    return {
      ...insert,
      ...(values !== undefined && { values: rowsWith(values, columns ?? [], serializers) }),
      ...(onConflict?.updates !== undefined && {
        onConflict: { ...onConflict, updates: onConflict.updates.map((update) => updateWith(update, serializers)) },
      }),
    }
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    const update = super.transformUpdateQuery(node, queryId)
    const serializers = this.#serializersOf(update.table)
    if (serializers === undefined || update.updates === undefined) return update
    return { ...update, updates: update.updates.map((each) => updateWith(each, serializers)) }
  }

  #serializersOf(node: OperationNode | undefined): Serializers | undefined {
    if (node === undefined) return undefined
    if (AliasNode.is(node)) return this.#serializersOf(node.node)
    if (!TableNode.is(node)) return undefined
    const { schema, identifier } = node.table
    // With `withSchema` a query is by its type about the table of this name, whatever schema that names.
    const keys = [...this.#keys.of(schema?.name, identifier.name), identifier.name]
    const key = keys.find((name) => Object.hasOwn(this.#schema.tables, name))
    return key === undefined ? undefined : this.#tables.get(key)
  }
}

function rowsWith(values: OperationNode, columns: readonly ColumnNode[], serializers: Serializers): OperationNode {
  if (!ValuesNode.is(values)) return values
  const byPlace = columns.map(({ column }) => serializers.get(column.name))
  const rows = values.values.map((row) =>
    PrimitiveValueListNode.is(row)
      ? PrimitiveValueListNode.create(row.values.map((value, place) => byPlace[place]?.(value) ?? value))
      : ValueListNode.create(row.values.map((value, place) => valueWith(value, byPlace[place]))),
  )
  return ValuesNode.create(rows)
}

function updateWith(update: ColumnUpdateNode, serializers: Serializers): ColumnUpdateNode {
  const column = ReferenceNode.is(update.column) ? update.column.column : update.column
  if (!ColumnNode.is(column)) return update
  return ColumnUpdateNode.create(update.column, valueWith(update.value, serializers.get(column.column.name)))
}

function valueWith(node: OperationNode, serialize: Serialize | undefined): OperationNode {
  return serialize !== undefined && ValueNode.is(node) ? ValueNode.create(serialize(node.value)) : node
}
