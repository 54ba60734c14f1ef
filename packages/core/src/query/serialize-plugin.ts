import {
  AliasNode,
  AndNode,
  type BinaryOperationNode,
  ColumnNode,
  ColumnUpdateNode,
  IdentifierNode,
  InsertQueryNode,
  OperationNodeTransformer,
  OperatorNode,
  PrimitiveValueListNode,
  ReferenceNode,
  TupleNode,
  UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  type WhenNode,
  type DeleteQueryNode,
  type KyselyPlugin,
  type MergeQueryNode,
  type OperationNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryId,
  type QueryResult,
  type RootOperationNode,
  type SelectQueryNode,
  type UnknownRow,
} from "kysely"

import type { SchemaDefinition } from "../schema/define-schema.ts"
import { serializersOf, type Serialize } from "../schema/serializers.ts"
import { ValueScope } from "./value-scope.ts"

/**
 * Values for columns of custom types are written as their policy says, where a query says which column it is: in `values`, `set`,
 * `doUpdateSet` and their like in `merge`, and where a value is compared with the column. Nothing where the policy has no such types.
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

/** On the right of these stands something else than a value of the column's type: a pattern, a key, nothing at all. */
const OF_ANOTHER_TYPE: ReadonlySet<string> = new Set(
  ["is", "is not", "like", "not like", "ilike", "not ilike", "match", "regexp", "~", "~*", "!~", "!~*", "^@"].concat([
    "?",
    "?&",
    "?|",
    "->",
    "->>",
    "@@",
    "@@@",
    "!!",
    "||",
    "<<",
    ">>",
  ]),
)

class SerializeTransformer extends OperationNodeTransformer {
  readonly #tables: ReadonlyMap<string, Serializers>
  readonly #scope: ValueScope

  constructor(tables: ReadonlyMap<string, Serializers>, schema: SchemaDefinition) {
    super()
    this.#tables = tables
    this.#scope = new ValueScope(schema)
  }

  protected override transformSelectQuery(node: SelectQueryNode, queryId?: QueryId): SelectQueryNode {
    const joined = (node.joins ?? []).map(({ table }) => table)
    const from = [...(node.from?.froms ?? []), ...joined]
    return this.#scope.within(from, node.with, () => super.transformSelectQuery(node, queryId))
  }

  protected override transformDeleteQuery(node: DeleteQueryNode, queryId?: QueryId): DeleteQueryNode {
    const joined = (node.joins ?? []).map(({ table }) => table)
    const from = [...node.from.froms, ...(node.using?.tables ?? []), ...joined]
    return this.#scope.within(from, node.with, () => super.transformDeleteQuery(node, queryId))
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    // The row that an insert could not insert.
    const excluded = node.into && AliasNode.create(node.into, IdentifierNode.create("excluded"))
    const insert = this.#scope.within([node.into, excluded], node.with, () => super.transformInsertQuery(node, queryId))
    return insertWith(insert, this.#serializersOf(insert.into))
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    const joined = (node.joins ?? []).map(({ table }) => table)
    const from = [node.table, ...(node.from?.froms ?? []), ...joined]
    const update = this.#scope.within(from, node.with, () => super.transformUpdateQuery(node, queryId))
    return updateWith(update, this.#serializersOf(update.table))
  }

  protected override transformMergeQuery(node: MergeQueryNode, queryId?: QueryId): MergeQueryNode {
    const from = [node.into, node.using?.table]
    const merge = this.#scope.within(from, node.with, () => super.transformMergeQuery(node, queryId))
    const serializers = this.#serializersOf(merge.into)
    if (serializers === undefined || merge.whens === undefined) return merge
    return { ...merge, whens: merge.whens.map((when) => whenWith(when, serializers)) }
  }

  protected override transformBinaryOperation(node: BinaryOperationNode, queryId?: QueryId): BinaryOperationNode {
    const operation = super.transformBinaryOperation(node, queryId)
    const { leftOperand: left, operator, rightOperand: right } = operation
    const name = OperatorNode.is(operator) ? operator.operator : ""
    if (OF_ANOTHER_TYPE.has(name)) return operation
    const several = name === "in" || name === "not in"
    return {
      ...operation,
      leftOperand: this.#compared(left, right, false),
      rightOperand: this.#compared(right, left, several),
    }
  }

  /** The operand as it is written beside the other one. */
  #compared(operand: OperationNode, other: OperationNode, several: boolean): OperationNode {
    if (TupleNode.is(other)) return this.#tupleCompared(operand, other)
    const column = this.#scope.columnOf(other)
    const serialize = column && this.#tables.get(column.table)?.get(column.column)
    if (serialize === undefined) return operand
    // Kysely makes a list of every array, also where one value is asked for.
    if (PrimitiveValueListNode.is(operand))
      return several
        ? PrimitiveValueListNode.create(operand.values.map(serialize))
        : ValueNode.create(serialize(operand.values))
    if (ValueListNode.is(operand) && several)
      return ValueListNode.create(operand.values.map((value) => valueWith(value, serialize)))
    // The two of `between`.
    if (AndNode.is(operand))
      return AndNode.create(valueWith(operand.left, serialize), valueWith(operand.right, serialize))
    return valueWith(operand, serialize)
  }

  #tupleCompared(operand: OperationNode, { values: others }: TupleNode): OperationNode {
    const alike = (tuple: OperationNode): OperationNode =>
      TupleNode.is(tuple) && tuple.values.length === others.length
        ? TupleNode.create(tuple.values.map((value, place) => this.#compared(value, others[place] ?? value, false)))
        : tuple
    return ValueListNode.is(operand) ? ValueListNode.create(operand.values.map(alike)) : alike(operand)
  }

  #serializersOf(node: OperationNode | undefined): Serializers | undefined {
    const table = this.#scope.tableOf(node)
    return table === undefined ? undefined : this.#tables.get(table)
  }
}

function insertWith(insert: InsertQueryNode, serializers: Serializers | undefined): InsertQueryNode {
  if (serializers === undefined) return insert
  const { values, onConflict, columns } = insert
  return {
    ...insert,
    ...(values !== undefined && { values: rowsWith(values, columns ?? [], serializers) }),
    ...(onConflict?.updates !== undefined && {
      onConflict: { ...onConflict, updates: onConflict.updates.map((update) => setWith(update, serializers)) },
    }),
  }
}

function updateWith(update: UpdateQueryNode, serializers: Serializers | undefined): UpdateQueryNode {
  if (serializers === undefined || update.updates === undefined) return update
  return { ...update, updates: update.updates.map((each) => setWith(each, serializers)) }
}

/** What a MERGE does names no table: it is the merge's own. */
function whenWith(when: WhenNode, serializers: Serializers): WhenNode {
  const { result } = when
  if (result === undefined) return when
  if (InsertQueryNode.is(result)) return { ...when, result: insertWith(result, serializers) }
  return UpdateQueryNode.is(result) ? { ...when, result: updateWith(result, serializers) } : when
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

function setWith(update: ColumnUpdateNode, serializers: Serializers): ColumnUpdateNode {
  const column = ReferenceNode.is(update.column) ? update.column.column : update.column
  if (!ColumnNode.is(column)) return update
  return ColumnUpdateNode.create(update.column, valueWith(update.value, serializers.get(column.column.name)))
}

function valueWith(node: OperationNode, serialize: Serialize | undefined): OperationNode {
  return serialize !== undefined && ValueNode.is(node) && node.immediate !== true
    ? ValueNode.create(serialize(node.value))
    : node
}
