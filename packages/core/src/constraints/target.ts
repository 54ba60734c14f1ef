import type { AliasNode, IdentifierNode, OperationNode, RootOperationNode, TableNode } from "kysely"

/** What a statement does to the table that it is about; a MERGE may do what an UPDATE may. */
export type Writing = "insert" | "update" | "delete"

/** What is known of a statement while it runs: enough to say afterwards what it can have violated, and small. */
export interface Statement {
  readonly kind: RootOperationNode["kind"]
  /** What it writes to, if it is a write. */
  readonly target: OperationNode | undefined
}

const WRITINGS: ReadonlyMap<string, Writing> = new Map([
  ["InsertQueryNode", "insert"],
  ["UpdateQueryNode", "update"],
  ["MergeQueryNode", "update"],
  ["DeleteQueryNode", "delete"],
] as const)

export function writingOf(statement: Statement): Writing | undefined {
  return WRITINGS.get(statement.kind)
}

export function statementOf(node: RootOperationNode): Statement {
  return { kind: node.kind, target: targetOf(node) }
}

/** The node that says what a statement writes to. Called for every statement: it makes nothing. */
export function targetOf(node: RootOperationNode): OperationNode | undefined {
  switch (node.kind) {
    case "InsertQueryNode":
    case "MergeQueryNode":
      return node.into
    case "UpdateQueryNode":
      return node.table
    case "DeleteQueryNode":
      return node.from.froms.length === 1 ? node.from.froms[0] : undefined
    default:
      return undefined
  }
}

/** A table as the statement names it, for the server. */
export interface Place {
  readonly schema: string | undefined
  readonly table: string
  /** What the statement calls it, if not by its name. */
  readonly alias: string | undefined
}

/** Where a target is, if it is one table. */
export function placeOf(target: OperationNode | undefined): Place | undefined {
  if (target === undefined) return undefined
  if (isAlias(target)) {
    const inner = placeOf(target.node)
    const alias = target.alias
    if (inner === undefined || !isIdentifier(alias)) return undefined
    return { ...inner, alias: alias.name === inner.table ? undefined : alias.name }
  }
  if (!isTable(target)) return undefined
  const { schema, identifier } = target.table
  return { schema: schema?.name, table: identifier.name, alias: undefined }
}

function isAlias(node: OperationNode): node is AliasNode {
  return node.kind === "AliasNode"
}

function isTable(node: OperationNode): node is TableNode {
  return node.kind === "TableNode"
}

function isIdentifier(node: OperationNode): node is IdentifierNode {
  return node.kind === "IdentifierNode"
}
