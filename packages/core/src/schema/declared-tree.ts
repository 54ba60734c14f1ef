import type { TypeDefinitions, TypeTree } from "./type-tree.ts"

/**
 * What the server says of a type, with the dimensions that the schema has for the arrays in it: of a composite's attributes, and of
 * domains. To PostgreSQL they are all the same; the types in TypeScript are not.
 */
export function declaredTree(tree: TypeTree, definitions: TypeDefinitions = {}): TypeTree {
  const within = (part: TypeTree): TypeTree => declaredTree(part, definitions)
  switch (tree.kind) {
    case "base":
    case "enum":
      return tree
    case "array":
      return { ...tree, element: within(tree.element) }
    case "range":
      return { ...tree, subtype: within(tree.subtype) }
    case "multirange":
      return { ...tree, range: within(tree.range) }
    case "domain": {
      const definition = Object.hasOwn(definitions, tree.name) ? definitions[tree.name] : undefined
      return { ...tree, base: limited(within(tree.base), definition?.kind === "domain" ? definition.base : undefined) }
    }
    case "composite": {
      const definition = Object.hasOwn(definitions, tree.name) ? definitions[tree.name] : undefined
      const declared = new Map(
        definition?.kind === "composite" ? definition.attributes.map(({ name, type }) => [name, type]) : [],
      )
      const attributes = tree.attributes.map(({ name, type }) => ({
        name,
        type: limited(within(type), declared.get(name)),
      }))
      return { ...tree, attributes }
    }
  }
}

/** With how many dimensions a type was declared: as many as it has `[]` behind its name. */
export function dimensionsIn(type: string): number {
  return (/(?:\[\])*$/.exec(type)?.[0].length ?? 0) / 2
}

function limited(tree: TypeTree, declared: string | undefined): TypeTree {
  return tree.kind === "array" && declared !== undefined ? { ...tree, dimensionsMax: dimensionsIn(declared) } : tree
}
