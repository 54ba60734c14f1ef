import {
  ArrayExpressionNode,
  GenericExpressionNode,
  IdentifierNode,
  LiteralNode,
  RawExpressionNode,
  UnionExpressionNode,
  type ExpressionNode,
} from "kysely-codegen"
import type { Column, Table } from "@kysely-resilient/core/schema-check"
import { mayBeNull, type ColumnTypes, type Decisions } from "./column-types.ts"
import { referenceIn, type ColumnExpression } from "./expressions.ts"
import type { Names } from "./names.ts"
import { referenceKey } from "./reference.ts"

/** Writes types with the names of one file, and remembers which of them it used. */
export class Nodes {
  readonly #names: Names
  readonly #policyModule: string | undefined
  /** Names of imports and helpers that something refers to. */
  readonly used: Set<string> = new Set()
  /** By their keys: references of which the value is needed and not only the type. */
  readonly values: Set<string> = new Set()

  constructor(names: Names, policyModule: string | undefined) {
    this.#names = names
    this.#policyModule = policyModule
  }

  column(table: Table, column: Column, types: ColumnTypes, decisions: Decisions): ExpressionNode {
    const nullable = mayBeNull(table, column, decisions)
    const orNull = (node: ExpressionNode): ExpressionNode => (nullable ? union([node, identifier("null")]) : node)
    if (column.generated === "always") return this.#generic("GeneratedAlways", [orNull(this.of(types.select))])
    const node = orNull(this.#split(types))
    return column.generated === "default" ? this.#generic("Generated", [node]) : node
  }

  #split({ select, insert, alias }: ColumnTypes): ExpressionNode {
    const name = alias === undefined ? undefined : this.#names.aliases.get(alias)
    return name === undefined ? this.columnType(select, insert) : identifier(this.#use(name))
  }

  columnType(select: ColumnExpression, insert: ColumnExpression): ExpressionNode {
    if (JSON.stringify(select) === JSON.stringify(insert)) return this.of(select)
    const [read, written] = [this.of(select), this.of(insert)]
    return this.#generic("ColumnType", [read, written, written])
  }

  of(expression: ColumnExpression): ExpressionNode {
    switch (expression.kind) {
      case "keyword":
      case "global":
        return identifier(expression.name)
      case "library":
        return expression.of
          ? this.#generic(expression.name, [this.of(expression.of)])
          : identifier(this.#library(expression.name))
      case "written":
      case "reference":
        return this.#written(expression)
      case "decoded":
        return this.#validated("Decoded", expression)
      case "encoded":
        return this.#validated("Encoded", expression)
      case "enum":
      case "object":
        return identifier(this.#use(this.#names.types.get(expression.type) ?? expression.type))
      case "brand":
        return identifier(this.#use(this.#names.brands.get(expression.of) ?? expression.of))
      case "array":
        return expression.readonly
          ? new GenericExpressionNode("ReadonlyArray", [this.of(expression.of)])
          : new ArrayExpressionNode(this.of(expression.of))
      case "json":
        return this.#generic("JsonOf", [this.of(expression.of)])
      case "union":
      case "either":
        return union(expression.of.map((member) => this.of(member)))
    }
  }

  #written(expression: Extract<ColumnExpression, { readonly kind: "written" | "reference" }>): ExpressionNode {
    const reference = referenceIn(expression, this.#policyModule)
    if (reference)
      return identifier(this.#use(this.#names.references.get(referenceKey(reference))?.name ?? reference.name))
    // Its text may bind less than what it is put into.
    const text = expression.kind === "written" ? expression.text : ""
    return new RawExpressionNode(/^[\p{ID_Continue}$.]+(?:\[\])*$/u.test(text) ? text : `(${text})`)
  }

  #validated(
    helper: "Decoded" | "Encoded",
    { reference }: Extract<ColumnExpression, { readonly kind: "decoded" | "encoded" }>,
  ): ExpressionNode {
    const key = referenceKey(reference)
    const name = this.#use(this.#names.references.get(key)?.name ?? reference.name)
    this.values.add(key)
    return this.#generic(helper, [new RawExpressionNode(`typeof ${name}`)])
  }

  /** Of a helper, of Kysely's or of ours. */
  #generic(wanted: string, args: ExpressionNode[]): ExpressionNode {
    return new GenericExpressionNode(this.#library(wanted), args)
  }

  #library(wanted: string): string {
    return this.#use(this.#names.helpers.get(wanted) ?? this.#names.libraries.get(wanted) ?? wanted)
  }

  #use(name: string): string {
    this.used.add(name)
    return name
  }
}

export function identifier(name: string): IdentifierNode {
  return new IdentifierNode(name)
}

/** Nobody's value: an enum without labels. */
export function literals(labels: readonly string[]): ExpressionNode {
  return labels.length === 0 ? identifier("never") : union(labels.map((label) => new LiteralNode(label)))
}

/** Null comes last, and what is in it already is not said again. */
export function union(members: readonly ExpressionNode[]): ExpressionNode {
  const flat = members.flatMap((member) => (member.type === "UnionExpression" ? member.args : [member]))
  const isNull = (node: ExpressionNode): boolean => node.type === "Identifier" && node.name === "null"
  const rest = flat.filter((node) => !isNull(node))
  if (rest.some((node) => node.type === "Identifier" && node.name === "unknown")) return identifier("unknown")
  const all = flat.length === rest.length ? rest : [...rest, identifier("null")]
  const [only, ...others] = all
  return only && others.length === 0 ? only : new UnionExpressionNode(all)
}
