import type { CatalogColumn, Decoding, Read, Reader } from "@kysely-resilient/driver"

import { codecOf, columnParser } from "./schema/codec-of.ts"
import type { ColumnDefinition, SchemaDefinition } from "./schema/define-schema.ts"
import { jsonCheck } from "./schema/json-check.ts"
import { BUILT_IN_NAMES } from "./schema/numbers.ts"
import type { Policy } from "./schema/policy.ts"
import { TableKeys } from "./schema/table-keys.ts"
import { declaredTree, dimensionsIn } from "./schema/declared-tree.ts"
import { treeOf, type TypeDefinitions, type TypeTree } from "./schema/type-tree.ts"

/** How the driver reads what this schema's types speak of; undefined where nothing was decided, and `pg` reads everything. */
export function decodingOf(schema: SchemaDefinition): Decoding | undefined {
  return schema.policy === undefined ? undefined : new SchemaDecoding(schema, schema.policy)
}

class SchemaDecoding implements Decoding {
  readonly #schema: SchemaDefinition
  readonly #policy: Policy
  readonly #keys: TableKeys
  readonly #asksServer: boolean
  readonly #dimensionsMax: ReadonlyMap<string, number>
  readonly #builtIn = new Map<number, Reader>()

  constructor(schema: SchemaDefinition, policy: Policy) {
    this.#schema = schema
    this.#policy = policy
    this.#keys = new TableKeys(schema)
    this.#asksServer = namesOwnTypes(schema, policy)
    this.#dimensionsMax = declaredDimensions(schema)
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

  described(tree: TypeTree): Reader {
    const type = nameOf(tree)
    const declared = declaredTree(tree, this.#schema.types)
    const read = codecOf(declared, this.#policy).parse
    if (tree.kind === "array") {
      const declaredMost = this.#dimensionsMax.get(type) ?? 1
      const upTo = (dimensions: number): Read => columnParser(declared, this.#policy, dimensions)
      return declaredMost === 1
        ? { type, read, readColumn: upTo(1) }
        : { type, read, readColumn: upTo(1), readerOf: (column) => upTo(this.#dimensionsOf(column)) }
    }
    const mayBeChecked = (type === "json" || type === "jsonb") && this.#schema.decoders !== undefined
    return mayBeChecked ? { type, read, readerOf: (column) => this.#checked(read, column) } : { type, read }
  }

  /** As many as the schema says that this very column has. */
  #dimensionsOf(at: CatalogColumn): number {
    const { tables } = this.#schema
    const table = this.#keyOf(at, tables)
    const definition = table === undefined ? undefined : tables[table]?.columns[at.column]
    return definition === undefined ? 1 : Math.max(1, dimensionsIn(sentTypeOf(definition, this.#schema.types)))
  }

  #checked(read: Read, at: CatalogColumn): Read {
    const { decoders = {}, tables } = this.#schema
    const table = this.#keyOf(at, tables)
    // A schema that was written by hand may say how a column is read, and of its table nothing else.
    const keys = table === undefined ? this.#keys.of(at.schema, at.table) : [table]
    const key = keys.map((name) => `${name}.${at.column}`).find((name) => Object.hasOwn(decoders, name))
    const decoder = key === undefined ? undefined : decoders[key]
    if (decoder === undefined) return read
    const check = jsonCheck(decoder)
    return (text) => check(read(text))
  }

  #keyOf({ schema, table }: CatalogColumn, tables: SchemaDefinition["tables"]): string | undefined {
    return this.#keys.of(schema, table).find((name) => Object.hasOwn(tables, name))
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
function declaredDimensions({ tables, types }: SchemaDefinition): ReadonlyMap<string, number> {
  const most = new Map<string, number>()
  for (const column of Object.values(tables).flatMap(({ columns }) => Object.values(columns))) {
    const name = sentTypeOf(column, types)
    const dimensions = dimensionsIn(name)
    if (dimensions < 2) continue
    const array = name.slice(0, name.length - 2 * (dimensions - 1))
    most.set(array, Math.max(most.get(array) ?? 1, dimensions))
  }
  return most
}

/** The type as which the server sends it: it never names the domain that a column has, but those of the elements of an array. */
function sentTypeOf({ type, base }: Pick<ColumnDefinition, "type" | "base">, types: TypeDefinitions = {}): string {
  const definition = Object.hasOwn(types, type) ? types[type] : undefined
  if (definition?.kind === "domain") return sentTypeOf({ type: definition.base }, types)
  return type.endsWith("[]") ? type : (base ?? type)
}

function nameOf(tree: TypeTree): string {
  return tree.kind === "array" ? `${nameOf(tree.element)}[]` : tree.name
}
