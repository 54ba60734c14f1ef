import type { SchemaDefinition } from "./define-schema.ts"

const SERVERS_OWN: ReadonlySet<string> = new Set(["pg_catalog", "information_schema", "pg_toast"])

/**
 * Which of a definition's tables is the one that the server names? Tables of the first schema are named without it, and those of the
 * others with theirs. Of a schema that the definition does not know (`withSchema`, a search_path, temporary tables) the same tables are expected as
 * of the first; of one that it knows, those that it names and no others.
 */
export class TableKeys {
  readonly #first: string | undefined
  readonly #others: ReadonlySet<string>

  constructor({ source, tables }: Pick<SchemaDefinition, "source" | "tables">) {
    const [first, ...others] = source?.schemas ?? []
    this.#first = first
    this.#others = new Set(source === undefined ? schemasIn(tables) : others)
  }

  /** The names that it may have, the likeliest first. */
  of(schema: string | undefined, table: string): readonly [string, ...string[]] {
    if (schema === undefined || schema === this.#first) return [table]
    const full = `${schema}.${table}`
    return this.#others.has(schema) || SERVERS_OWN.has(schema) ? [full] : [full, table]
  }

  /** Where the table of this name is; no schema: wherever the search_path finds it. A name may have dots in it. */
  place(key: string): { readonly schema: string | undefined; readonly table: string } {
    const schema = [...this.#others].find((other) => key.startsWith(`${other}.`))
    return schema === undefined ? { schema: this.#first, table: key } : { schema, table: key.slice(schema.length + 1) }
  }
}

/** Of a definition that was written by hand. */
function schemasIn(tables: SchemaDefinition["tables"]): readonly string[] {
  return Object.keys(tables).flatMap((key) => {
    const dot = key.indexOf(".")
    return dot < 0 ? [] : [key.slice(0, dot)]
  })
}
