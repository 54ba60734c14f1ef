import type { TypeExpression } from "@kysely-resilient/core/schema"
import { posix } from "node:path"
import type { Reference } from "./reference.ts"

/** What a column can be beyond what the policy makes of its type. */
export type ColumnExpression =
  | TypeExpression
  /** The ids of one table; `of` is the column that they come from. */
  | { readonly kind: "brand"; readonly of: string }
  /** A type that the user's module exports. */
  | { readonly kind: "reference"; readonly reference: Reference }
  /** What the user's validator gives, or what it takes. */
  | { readonly kind: "decoded" | "encoded"; readonly reference: Reference }
  /** What may be inserted for JSON of this type. */
  | { readonly kind: "json"; readonly of: ColumnExpression }
  | { readonly kind: "either"; readonly of: readonly ColumnExpression[] }

/** The expression and everything in it. */
export function partsOfExpression(expression: ColumnExpression): readonly ColumnExpression[] {
  return [expression, ...childrenOf(expression).flatMap(partsOfExpression)]
}

function childrenOf(expression: ColumnExpression): readonly ColumnExpression[] {
  switch (expression.kind) {
    case "array":
    case "json":
      return [expression.of]
    case "either":
    case "union":
      return expression.of
    case "library":
      return expression.of ? [expression.of] : []
    case "object":
      return expression.fields.map(({ type }) => type)
    default:
      return []
  }
}

/** What the user's modules must export for it. A custom type of the policy says where it is as the policy's module would. */
export function referenceIn(expression: ColumnExpression, policyModule: string | undefined): Reference | undefined {
  if ("reference" in expression) return expression.reference
  if (expression.kind !== "written" || expression.from === undefined) return undefined
  const { from, text: name } = expression
  if (policyModule === undefined || !/^\.{1,2}\//.test(from)) return { module: from, name }
  const path = posix.join(posix.dirname(policyModule), from)
  return { module: path.startsWith(".") ? path : `./${path}`, name }
}
