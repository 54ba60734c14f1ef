import { CamelCasePlugin } from "kysely"

import { customTypeOf } from "./schema/codec-of.ts"
import type { SchemaDefinition } from "./schema/define-schema.ts"
import type { Policy } from "./schema/policy.ts"
import { treeOf, type TypeTree } from "./schema/type-tree.ts"

/**
 * Columns of composites whose attributes the types name as CamelCasePlugin does, where the plugin that there is leaves them alone. Empty
 * where the two agree.
 */
export function unrenamedInside(
  { tables, types, source, policy }: SchemaDefinition,
  plugins: readonly unknown[],
): readonly string[] {
  const leaves = plugins.some(
    (plugin) => plugin instanceof CamelCasePlugin && plugin.opt.maintainNestedObjectKeys === true,
  )
  if (!leaves || source?.camelCase !== true || policy === undefined) return []
  return Object.entries(tables).flatMap(([table, { columns }]) =>
    Object.entries(columns).flatMap(([column, { type }]) =>
      hasAttributes(treeOf(type, types), policy) ? [`${table}.${column}`] : [],
    ),
  )
}

function hasAttributes(tree: TypeTree, policy: Policy): boolean {
  switch (tree.kind) {
    case "base":
    case "enum":
      return false
    case "domain":
      return hasAttributes(tree.base, policy)
    case "array":
      return hasAttributes(tree.element, policy)
    case "range":
      return policy.choices.range === "object" && hasAttributes(tree.subtype, policy)
    case "multirange":
      return hasAttributes(tree.range, policy)
    case "composite":
      return policy.choices.composite === "object" && customTypeOf(tree.name, policy.custom) === undefined
  }
}
