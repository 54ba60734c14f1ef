import type { CatalogColumn, Decoding, Reader } from "@kysely-resilient/driver"

import { codecOf, columnParser } from "./schema/codec-of.ts"
import type { SchemaDefinition } from "./schema/define-schema.ts"
import { jsonCheck } from "./schema/json-check.ts"
import { BUILT_IN_NAMES } from "./schema/numbers.ts"
import type { Policy } from "./schema/policy.ts"
import { treeOf } from "./schema/type-tree.ts"

const JSON_TYPES: ReadonlySet<number> = new Set(
  [...BUILT_IN_NAMES].filter(([, name]) => name === "json" || name === "jsonb").map(([oid]) => oid),
)

/** How the driver reads what this schema's types speak of; undefined where nothing was decided, and `pg` reads everything. */
export function decodingOf(schema: SchemaDefinition): Decoding | undefined {
  return schema.policy === undefined ? undefined : new SchemaDecoding(schema, schema.policy)
}

class SchemaDecoding implements Decoding {
  readonly checkedTypes: ReadonlySet<number>
  readonly #schema: SchemaDefinition
  readonly #policy: Policy
  readonly #asksServer: boolean
  readonly #dimensionsMax: ReadonlyMap<string, number>
  readonly #builtIn = new Map<number, Reader>()

  constructor(schema: SchemaDefinition, policy: Policy) {
    this.#schema = schema
    this.#policy = policy
    this.#asksServer = namesOwnTypes(schema, policy)
    this.#dimensionsMax = declaredDimensions(schema)
    this.checkedTypes = Object.keys(schema.decoders ?? {}).length > 0 ? JSON_TYPES : new Set()
  }

  builtIn(oid: number): Reader | undefined {
    const known = this.#builtIn.get(oid)
    if (known !== undefined) return known
    const name = BUILT_IN_NAMES.get(oid)
    if (name === undefined && this.#asksServer) return undefined
    const reader = this.described(treeOf(name ?? String(oid)))
    this.#builtIn.set(oid, reader)
    return reader
  }

  described(tree: Parameters<Decoding["described"]>[0]): Reader {
    const type = nameOf(tree)
    const read = codecOf(tree, this.#policy).parse
    if (tree.kind !== "array") return { type, read }
    return { type, read, readColumn: columnParser(tree, this.#policy, this.#dimensionsMax.get(type) ?? 1) }
  }

  checkOf({ schema, table, column }: CatalogColumn): ((value: unknown) => unknown) | undefined {
    const { tables, decoders = {} } = this.#schema
    const qualified = `${schema}.${table}`
    // Tables are named without their schema where it is the first; and that may be another one (`withSchema`, search_path).
    const name = Object.hasOwn(tables, qualified) ? qualified : table
    const key = `${name}.${column}`
    const decoder = Object.hasOwn(decoders, key) ? decoders[key] : undefined
    return decoder === undefined ? undefined : jsonCheck(decoder)
  }
}

/** Are there types whose numbers differ from server to server? */
function namesOwnTypes({ types = {}, tables }: SchemaDefinition, { custom }: Policy): boolean {
  if (Object.keys(types).length > 0) return true
  const numbered = new Set(BUILT_IN_NAMES.values())
  if (Object.keys(custom).some((name) => !numbered.has(name.replace(/^pg_catalog\./, "")))) return true
  return Object.values(tables).some(({ columns }) =>
    Object.values(columns).some(({ type, base }) => !numbered.has((base ?? type).replace(/(\[\])+$/, "[]"))),
  )
}

/** By array type: the most dimensions with which a column of it was declared. */
function declaredDimensions({ tables }: SchemaDefinition): ReadonlyMap<string, number> {
  const most = new Map<string, number>()
  for (const { columns } of Object.values(tables)) {
    for (const { type, base } of Object.values(columns)) {
      const [brackets] = /(?:\[\]){2,}$/.exec(base ?? type) ?? []
      if (brackets === undefined) continue
      const array = `${(base ?? type).slice(0, -brackets.length)}[]`
      most.set(array, Math.max(most.get(array) ?? 1, brackets.length / 2))
    }
  }
  return most
}

function nameOf(tree: Parameters<Decoding["described"]>[0]): string {
  return tree.kind === "array" ? `${nameOf(tree.element)}[]` : tree.name
}
