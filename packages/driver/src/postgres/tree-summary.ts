import type { OperationNode } from "kysely"

import { SummaryWords } from "./summary-words.ts"

/** Enough for any statement that somebody wrote; a list of ten thousand values is not looked through to its end. */
const NODES_MAX = 2_000

/**
 * What a built query does, and to which tables: "SELECT users", "INSERT transfers", "SELECT users posts" for a join. Of a CTE its own
 * tables count and not its name. Undefined for what is no query of tables, such as DDL.
 */
export function treeSummary(root: OperationNode): string | undefined {
  if (!OPERATIONS.has(root.kind)) return undefined
  const walk = new Walk()
  walk.see(root)
  return walk.words.text
}

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["SelectQueryNode", "SELECT"],
  ["InsertQueryNode", "INSERT"],
  ["UpdateQueryNode", "UPDATE"],
  ["DeleteQueryNode", "DELETE"],
  ["MergeQueryNode", "MERGE"],
])

/** Where an operation names its tables, in the order of the text; what may hold other queries comes after. */
const TARGETS = ["into", "table", "from", "using", "joins"] as const

/** Column references name tables too, and say nothing new. Values say nothing that a summary may tell. */
const SILENT: ReadonlySet<string> = new Set([
  "ReferenceNode",
  "ColumnNode",
  "IdentifierNode",
  "ValueNode",
  "PrimitiveValueListNode",
  "DataTypeNode",
  "OperatorNode",
])

class Walk {
  readonly words = new SummaryWords()
  readonly #ctes = new Set<string>()
  #seen = 0

  see(node: OperationNode): void {
    this.#seen += 1
    if (this.#seen > NODES_MAX || SILENT.has(node.kind)) return
    const operation = OPERATIONS.get(node.kind)
    if (operation !== undefined) this.#query(node, operation)
    else if (isNamed(node)) this.#table(node.table)
    else if (node.kind === "CommonTableExpressionNode") this.#cte(node)
    else this.#below(node)
  }

  /** WITH stands before all else, and so do its tables. */
  #query(node: OperationNode, operation: string): void {
    this.#property(node, "with")
    this.words.operation(operation)
    for (const name of TARGETS) this.#property(node, name)
    for (const [name, value] of Object.entries(node)) {
      if (name === "with" || TARGETS.some((target) => target === name)) continue
      this.#value(value)
    }
  }

  #table({ schema, identifier }: QualifiedName): void {
    if (schema === undefined && this.#ctes.has(identifier.name)) return
    this.words.target(schema === undefined ? identifier.name : `${schema.name}.${identifier.name}`)
  }

  /** Its name is known before what is in it, which may be recursive. */
  #cte(node: OperationNode): void {
    const name: unknown = Reflect.get(node, "name")
    const table: unknown = isObject(name) ? Reflect.get(name, "table") : undefined
    if (isObject(table) && isNamed(table)) this.#ctes.add(table.table.identifier.name)
    this.#property(node, "expression")
  }

  #property(node: OperationNode, name: string): void {
    this.#value(Reflect.get(node, name))
  }

  #below(node: OperationNode): void {
    for (const child of Object.values(node)) this.#value(child)
  }

  #value(value: unknown): void {
    if (Array.isArray(value)) for (const child of value) this.#value(child)
    else if (isObject(value)) this.see(value)
  }
}

interface QualifiedName {
  readonly schema?: { readonly name: string }
  readonly identifier: { readonly name: string }
}

function isObject(value: unknown): value is OperationNode {
  return typeof value === "object" && value !== null && "kind" in value
}

function isNamed(node: OperationNode): node is OperationNode & { readonly table: QualifiedName } {
  return node.kind === "TableNode"
}
