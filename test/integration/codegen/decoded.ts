import type { Database } from "@kysely-resilient/core"
import { valueOf } from "../../support/results.ts"

/** The last row of each table, as a database with the generated schema reads it; a table without one could prove nothing. */
export async function lastRows(
  db: Pick<Database<unknown>, "query">,
  tables: readonly string[],
): Promise<readonly { readonly table: string; readonly row: object }[]> {
  const found = []
  for (const table of tables) {
    const quoted = table
      .split(".")
      .map((part) => `"${part.replaceAll('"', '""')}"`)
      .join(".")
    const text = `select * from ${quoted} offset (select count(*) - 1 from ${quoted})`
    const [row] = valueOf(await db.query<object>(text)).rows
    if (!row) throw new Error(`${table} is empty`)
    found.push({ table, row })
  }
  return found
}

/** What came out of a database, as a TypeScript program that only compiles if the generated types say the same. */
export function decodedProgram(
  rows: readonly { readonly table: string; readonly row: object }[],
  module = "./schema.gen.ts",
): string {
  const checks = rows.map(({ table, row }, index) => {
    const selected = `Selectable<DB[${JSON.stringify(table)}]>`
    const kinds = Object.entries(row)
      .filter(([, value]) => kindOf(value) !== undefined)
      .map(
        ([column, value]) =>
          `  ${JSON.stringify(column)}: Told<${selected}[${JSON.stringify(column)}], ${kindOf(value)}>`,
      )
    return [
      `export const row${index}: ${selected} = ${literal(row)}`,
      `export const kinds${index}: {\n${kinds.join("\n")}\n} = ${literal(Object.fromEntries(kindsTrue(row)))}`,
    ].join("\n")
  })
  return `import type { Selectable } from "kysely"
import type { DB } from ${JSON.stringify(module)}

// The type must not say more than the value showed: a string is not "string or number". Only unknown may be anything.
type Told<T, Kind> = unknown extends Bare<T> ? true : [Shown<T>] extends [Kind] ? true : false
type Bare<T> = unknown extends T ? T : T extends null ? never : T extends readonly (infer E)[] ? Bare<E> : T
type Shown<T> = T extends null ? never : T extends readonly (infer E)[] ? Shown<E>[] : T

${checks.join("\n")}
`
}

function kindsTrue(row: object): readonly (readonly [string, true])[] {
  return Object.entries(row).flatMap(([column, value]) =>
    kindOf(value) === undefined ? [] : [[column, true] as const],
  )
}

/** Undefined for what shows nothing: null, and arrays of nothing else. */
function kindOf(value: unknown): string | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) {
    const item = value.map(kindOf).find((kind) => kind !== undefined)
    return item && `${item}[]`
  }
  if (value instanceof Date) return "Date"
  if (Buffer.isBuffer(value)) return "Buffer"
  return typeof value
}

export function literal(value: unknown): string {
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (Buffer.isBuffer(value)) return `Buffer.from(${JSON.stringify(value.toString("hex"))}, "hex")`
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (typeof value === "number") return String(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  return `{ ${entries.map(([key, part]) => `${JSON.stringify(key)}: ${literal(part)}`).join(", ")} }`
}
