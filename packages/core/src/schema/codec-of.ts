import { builtIn, TEXT } from "./built-in.ts"
import type { Codec, Parse } from "./codec.ts"
import type { CustomType, Policy } from "./policy.ts"
import { arrayParser } from "./text/array.ts"
import { compositeParser } from "./text/composite.ts"
import { multirangeParser, rangeParser } from "./text/range.ts"
import { NULL, STRING, union, type TypeExpression } from "./type-expression.ts"
import { delimiterOf, treeOf, withoutDomains, type TypeDefinitions, type TypeTree } from "./type-tree.ts"

/**
 * For the generator: what a column of this type is in TypeScript. `name` as in `ColumnDefinition.type`, with one `[]` for each
 * dimension that the column was declared with; `definitions` has the types that are not built in.
 */
export function typeScriptOf(
  name: string,
  definitions: TypeDefinitions,
  policy: Policy,
): Pick<Codec, "select" | "insert"> {
  const { select, insert } = codecOf(treeOf(name, definitions), policy)
  return { select, insert }
}

/**
 * How a table's column of this type is read. PostgreSQL lets it hold arrays of any dimensions, whatever it was declared with;
 * its type in TypeScript does not.
 */
export function columnParser(tree: TypeTree, policy: Policy, dimensionsMax: number): Parse {
  const plain = withoutDomains(tree)
  return (plain.kind === "array" ? arrayCodec(plain.element, policy, dimensionsMax) : codecOf(plain, policy)).parse
}

export function codecOf(tree: TypeTree, policy: Policy): Codec {
  switch (tree.kind) {
    case "domain":
      // The server sends its values as those of the base type, and so they are read, wherever they come.
      return codecOf(tree.base, policy)
    case "array":
      return arrayCodec(tree.element, policy, tree.dimensionsMax)
    default:
      return customCodec(tree.name, policy) ?? ownCodec(tree, policy)
  }
}

function ownCodec(tree: Exclude<TypeTree, { readonly kind: "domain" | "array" }>, policy: Policy): Codec {
  const { choices } = policy
  switch (tree.kind) {
    case "base":
      return builtIn(tree.name, policy)
    case "enum": {
      const labels: TypeExpression = { kind: "enum", type: tree.name, labels: tree.labels }
      return { select: labels, insert: labels, parse: TEXT.parse }
    }
    case "composite":
      // What the catalogue is made of differs between versions: nobody's types speak of it.
      return choices.composite === "string" || isBuiltIn(tree.name) ? TEXT : compositeCodec(tree, policy)
    case "range": {
      if (choices.range === "string") return TEXT
      const bound = codecOf(tree.subtype, policy)
      return { select: rangeOf(bound), insert: STRING, parse: rangeParser(bound.parse) }
    }
    case "multirange": {
      const range = withoutDomains(tree.range)
      if (choices.range === "string" || range.kind !== "range") return TEXT
      const bound = codecOf(range.subtype, policy)
      return { select: { kind: "array", of: rangeOf(bound) }, insert: STRING, parse: multirangeParser(bound.parse) }
    }
  }
}

function rangeOf(bound: Codec): TypeExpression {
  return { kind: "library", name: "Range", of: bound.select }
}

function compositeCodec(tree: Extract<TypeTree, { readonly kind: "composite" }>, policy: Policy): Codec {
  const attributes = tree.attributes.map(({ name, type }) => ({ name, codec: codecOf(type, policy) }))
  return {
    select: {
      kind: "object",
      type: tree.name,
      // Nothing forbids null here: PostgreSQL has no NOT NULL for attributes.
      fields: attributes.map(({ name, codec }) => ({ name, type: orNull(codec.select) })),
    },
    insert: STRING,
    parse: compositeParser(attributes.map(({ name, codec }) => ({ name, parse: codec.parse }))),
  }
}

/** A type with two dimensions is an array of arrays; the innermost of them has the elements. */
function arrayCodec(element: TypeTree, policy: Policy, dimensionsMax = Number.POSITIVE_INFINITY): Codec {
  const { choices } = policy
  const nullable = choices.elements === "nullable"
  const delimiter = delimiterOf(element)
  const inner = element.kind === "array" ? arrayCodec(element.element, policy) : codecOf(element, policy)
  const item = (type: TypeExpression): TypeExpression => (nullable && element.kind !== "array" ? orNull(type) : type)
  return {
    select: { kind: "array", of: item(inner.select) },
    insert: isWritten(element, delimiter) ? { kind: "array", of: item(inner.insert), readonly: true } : STRING,
    parse: element.kind === "array" ? inner.parse : arrayParser(inner.parse, { delimiter, nullable, dimensionsMax }),
  }
}

/** pg writes commas between elements, whatever their type, and takes an array in an array for one more dimension. */
function isWritten(element: TypeTree, delimiter: string): boolean {
  return delimiter === "," && !(element.kind === "domain" && withoutDomains(element).kind === "array")
}

function customCodec(name: string, { custom }: Policy): Codec | undefined {
  const type = customTypeOf(name, custom)
  if (type === undefined) return undefined
  const select: TypeExpression = {
    kind: "written",
    text: type.ts,
    ...(type.from !== undefined && { from: type.from }),
  }
  return {
    select,
    insert: type.serialize === undefined ? STRING : select,
    parse: (text) => type.parse(text),
  }
}

/** Built-in types have no schema in their names, but in the policy they have. */
export function customTypeOf(name: string, custom: Policy["custom"]): CustomType | undefined {
  const key = isBuiltIn(name) ? `pg_catalog.${name}` : name
  return Object.hasOwn(custom, key) ? custom[key] : undefined
}

function isBuiltIn(name: string): boolean {
  return !name.includes(".")
}

/** What may be anything may be null already. */
function orNull(type: TypeExpression): TypeExpression {
  return type.kind === "keyword" && type.name === "unknown" ? type : union(type, NULL)
}
