import type { SchemaDefinition } from "./define-schema.ts"
import { customTypeOf } from "./codec-of.ts"
import type { Policy } from "./policy.ts"
import { treeOf, type TypeTree } from "./type-tree.ts"

/** A parameter on its way; `pg` asks for its text when it is sent. */
class Serialized {
  readonly #text: () => string

  constructor(text: () => string) {
    this.#text = text
  }

  toPostgres(): string {
    return this.#text()
  }
}

/** From what the application gives to what travels. */
export type Serialize = (value: unknown) => unknown

/** By table and column, both as the schema names them: columns of custom types that know how to write their values. */
export function serializersOf({
  tables,
  types,
  policy,
}: SchemaDefinition): ReadonlyMap<string, ReadonlyMap<string, Serialize>> {
  const found = new Map<string, ReadonlyMap<string, Serialize>>()
  if (policy === undefined || !Object.values(policy.custom).some((type) => type.serialize !== undefined)) return found
  for (const [name, table] of Object.entries(tables)) {
    const columns = Object.entries(table.columns).flatMap(([column, { type }]) => {
      const serialize = serializerOf(treeOf(type, types), policy)
      return serialize === undefined ? [] : [[column, serialize] as const]
    })
    if (columns.length > 0) found.set(name, new Map(columns))
  }
  return found
}

function serializerOf(tree: TypeTree, policy: Policy): Serialize | undefined {
  if (tree.kind === "domain") return serializerOf(tree.base, policy)
  if (tree.kind === "array") {
    const element = serializerOf(tree.element, policy)
    return element && ((value) => (Array.isArray(value) ? value.map(element) : value))
  }
  const type = customTypeOf(tree.name, policy.custom)
  if (type?.serialize === undefined) return undefined
  const serialize = type.serialize.bind(type)
  // Who has written a value already leaves nothing to do for whoever comes later.
  return (value) =>
    value === null || value === undefined || value instanceof Serialized
      ? value
      : new Serialized(() => serialize(value))
}
