import type { TypeDefinition } from "./type-definition.ts"

/**
 * A type of PostgreSQL with all that it is made of. The generator makes it of the schema's definitions, the driver of
 * what the catalogue of its server says; what a type means is worked out from this alone (`codec.ts`), so the two agree.
 */
export type TypeTree =
  /** `name`: without a schema if it is built in. `delimiter`: between elements of its arrays. */
  | { readonly kind: "base"; readonly name: string; readonly delimiter: string }
  | { readonly kind: "enum"; readonly name: string; readonly labels: readonly string[] }
  | { readonly kind: "domain"; readonly name: string; readonly base: TypeTree }
  | { readonly kind: "composite"; readonly name: string; readonly attributes: readonly AttributeTree[] }
  | { readonly kind: "range"; readonly name: string; readonly subtype: TypeTree }
  | { readonly kind: "multirange"; readonly name: string; readonly range: TypeTree }
  /** `dimensionsMax`: more of them are an error. */
  | { readonly kind: "array"; readonly element: TypeTree; readonly dimensionsMax?: number }

export interface AttributeTree {
  readonly name: string
  readonly type: TypeTree
}

export type TypeDefinitions = Readonly<Record<string, TypeDefinition>>

/** The type of this name. What neither the definitions nor PostgreSQL itself know is taken for a base type. */
export function treeOf(name: string, definitions: TypeDefinitions = {}): TypeTree {
  if (name.endsWith("[]")) return { kind: "array", element: treeOf(name.slice(0, -2), definitions) }
  const definition = definitionOf(name, definitions)
  switch (definition.kind) {
    case "base":
      return { kind: "base", name, delimiter: definition.delimiter ?? "," }
    case "enum":
      return { kind: "enum", name, labels: definition.labels }
    case "domain":
      return { kind: "domain", name, base: treeOf(definition.base, definitions) }
    case "range":
      return { kind: "range", name, subtype: treeOf(definition.subtype, definitions) }
    case "multirange":
      return { kind: "multirange", name, range: treeOf(definition.range, definitions) }
    case "composite": {
      const attributes = definition.attributes.map((attribute) => ({
        name: attribute.name,
        type: treeOf(attribute.type, definitions),
      }))
      return { kind: "composite", name, attributes }
    }
  }
}

function definitionOf(name: string, definitions: TypeDefinitions): TypeDefinition {
  return (
    (Object.hasOwn(definitions, name) ? definitions[name] : undefined) ??
    BUILT_IN_RANGES.get(name) ??
    (name === "box" ? { kind: "base", delimiter: ";" } : { kind: "base" })
  )
}

const RANGES = { int4: "int4", int8: "int8", num: "numeric", ts: "timestamp", tstz: "timestamptz", date: "date" }

const BUILT_IN_RANGES: ReadonlyMap<string, TypeDefinition> = new Map(
  Object.entries(RANGES).flatMap(([prefix, subtype]): (readonly [string, TypeDefinition])[] => [
    [`${prefix}range`, { kind: "range", subtype }],
    [`${prefix}multirange`, { kind: "multirange", range: `${prefix}range` }],
  ]),
)

/** What a domain restricts in the end: what the server names when it sends rows. */
export function withoutDomains(tree: TypeTree): TypeTree {
  return tree.kind === "domain" ? withoutDomains(tree.base) : tree
}

/** What separates the elements of its arrays (`typdelim`), which an array has from its elements and a domain from what it restricts. */
export function delimiterOf(tree: TypeTree): string {
  const plain = withoutDomains(tree)
  if (plain.kind === "array") return delimiterOf(plain.element)
  return plain.kind === "base" ? plain.delimiter : ","
}
