import type { OperationNode, OperationNodeKind, RawNode } from "kysely"

import { isHarmless } from "./functions.ts"

/** It writes or locks. */
export const WRITING = 1
/** Something in it only the text can tell: SQL of the caller's own, a function or a kind of node that is not known. */
export const OPAQUE = 2

/** What a tree does, as the sum of the above; 0: it is one SELECT that only reads, by its nodes alone. */
export function traitsOf(node: OperationNode): number {
  switch (LOOKS.get(node.kind) ?? "unknown") {
    case "leaf":
      return 0
    case "below":
      return traitsBelow(node)
    case "write":
      return WRITING | traitsBelow(node)
    case "function":
      return (callsHarmless(node) ? 0 : OPAQUE) | traitsBelow(node)
    case "modifier":
      return modifierTraits(node)
    case "explain":
      // EXPLAIN plans and does not run; ANALYZE would have to be among the options.
      return "options" in node && node.options !== undefined ? OPAQUE : 0
    case "raw":
      return isRaw(node) ? (isBuilders(node) ? 0 : OPAQUE) | traitsOfAll(node.parameters) : OPAQUE
    case "unknown":
      break
  }
  return OPAQUE
}

/** All that hangs below a node, whatever the property: a child that a later Kysely adds is looked at too. */
function traitsBelow(node: OperationNode): number {
  let traits = 0
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) traits |= traitsOfAll(child)
    else if (isObject(child)) traits |= traitsOf(child)
  }
  return traits
}

function traitsOfAll(children: readonly unknown[]): number {
  let traits = 0
  for (const child of children) traits |= isObject(child) ? traitsOf(child) : OPAQUE
  return traits
}

/** A node, or something that is of no known kind. */
function isObject(child: unknown): child is OperationNode {
  return typeof child === "object" && child !== null
}

function callsHarmless(node: OperationNode): boolean {
  return "func" in node && typeof node.func === "string" && isHarmless(node.func)
}

/** DISTINCT, or a lock on rows, or something of the caller's own. */
function modifierTraits(node: OperationNode): number {
  if (!("modifier" in node) || node.modifier === undefined) return OPAQUE
  return node.modifier === "Distinct" ? 0 : WRITING | traitsBelow(node)
}

/**
 * Raw SQL between its children, if Kysely's own builders made it: the direction of ORDER BY, ON true, the wrapper of
 * `sql.lit` and its like, and the helpers of `kysely/helpers/postgres`, without which half of all reads with relations
 * could not be proved. Fragments are compared as a whole: a caller's could make a call of harmless pieces.
 */
function isBuilders({ sqlFragments, parameters }: RawNode): boolean {
  const [first, second] = sqlFragments
  if (first === undefined || second === undefined) return first !== undefined && WORDS.has(first)
  if (sqlFragments.length === 2) return HELPERS.get(first) === second
  // sql.join: every other child is a comma.
  return sqlFragments.every(isNothing) && parameters.every((child, index) => index % 2 === 0 || isComma(child))
}

const WORDS: ReadonlySet<string> = new Set(["asc", "desc", "true", ", "])

/** What stands before a helper's only child, and what after it. */
const HELPERS: ReadonlyMap<string, string> = new Map([
  ["", ""],
  ["(select coalesce(json_agg(agg), '[]') from ", " as agg)"],
  ["(select to_json(obj) from ", " as obj)"],
  ["json_build_object(", ")"],
])

function isRaw(node: OperationNode): node is RawNode {
  return node.kind === "RawNode"
}

function isNothing(fragment: string): boolean {
  return fragment === ""
}

function isComma(node: OperationNode): boolean {
  return isRaw(node) && node.sqlFragments.length === 1 && node.sqlFragments[0] === ", "
}

/** How to look at a node: at what is below it, at nothing more, or in a way of its own. */
type Look = "below" | "leaf" | "write" | "function" | "modifier" | "raw" | "explain" | "unknown"

/** Only what is listed is known; Kysely's next node kind proves nothing until somebody has looked at it. */
const LOOKS: ReadonlyMap<OperationNodeKind, Look> = new Map([
  ...kinds("leaf", [
    "CollateNode",
    "ColumnNode",
    "CommonTableExpressionNameNode",
    "DataTypeNode",
    "DefaultInsertValueNode",
    "IdentifierNode",
    "JSONPathLegNode",
    "MatchedNode",
    "OperatorNode",
    "PrimitiveValueListNode",
    "ReferenceNode",
    "SchemableIdentifierNode",
    "SelectAllNode",
    "TableNode",
    "ValueNode",
  ]),
  ...kinds("below", [
    "AliasNode",
    "AndNode",
    "BinaryOperationNode",
    "CaseNode",
    "CastNode",
    "ColumnUpdateNode",
    "CommonTableExpressionNode",
    "FetchNode",
    "FromNode",
    "GroupByItemNode",
    "GroupByNode",
    "HavingNode",
    "JSONOperatorChainNode",
    "JSONPathNode",
    "JSONReferenceNode",
    "JoinNode",
    "LimitNode",
    "ListNode",
    "OffsetNode",
    "OnConflictNode",
    "OnNode",
    "OrNode",
    "OrderByItemNode",
    "OrderByNode",
    "OverNode",
    "ParensNode",
    "PartitionByItemNode",
    "PartitionByNode",
    "ReturningNode",
    "SelectQueryNode",
    "SelectionNode",
    "SetOperationNode",
    "TupleNode",
    "UnaryOperationNode",
    "UsingNode",
    "ValueListNode",
    "ValuesNode",
    "WhenNode",
    "WhereNode",
    "WithNode",
  ]),
  ...kinds("write", ["InsertQueryNode", "UpdateQueryNode", "DeleteQueryNode", "MergeQueryNode"]),
  ...kinds("function", ["FunctionNode", "AggregateFunctionNode"]),
  ...kinds("modifier", ["SelectModifierNode"]),
  ...kinds("raw", ["RawNode"]),
  ...kinds("explain", ["ExplainNode"]),
])

function kinds(look: Look, of: readonly OperationNodeKind[]): [OperationNodeKind, Look][] {
  return of.map((kind) => [kind, look])
}
