/**
 * A program of the size of a real application's database layer, to measure what its types cost: the same queries with
 * Kysely's own `execute` and with a session's terminals.
 */

/** How a query ends; the first on a Kysely of its own, without this library. */
export type Ending = "query.execute()" | "db.all(query)" | "query.$call(db.all)"

export interface Size {
  readonly tables: number
  readonly columns: number
  readonly queries: number
}

/** By file name. */
export function sourcesOf(size: Size, ending: Ending): Readonly<Record<string, string>> {
  return { "schema.ts": schemaSource(size, ending), "queries.ts": queriesSource(size, ending) }
}

const TYPES = ["string", "number", "Date", "string | null", "number | null", "boolean", "bigint", "Generated<Date>"]

/** What a generated file holds: the tables, and what writing to each can violate. */
function schemaSource({ tables, columns }: Size, ending: Ending): string {
  const names = Array.from({ length: tables }, (_, table) => `t${table}`)
  const table = (name: string): string => {
    const fields = Array.from({ length: columns - 2 }, (_, column) => `  c${column}: ${TYPES[column % TYPES.length]}`)
    return `export interface ${name.toUpperCase()} {\n  id: Generated<bigint>\n  ref: bigint\n${fields.join("\n")}\n}`
  }
  const constraints = (name: string, index: number): string => {
    const next = `t${(index + 1) % tables}`
    const previous = `t${(index + tables - 1) % tables}`
    const key = (of: string): string =>
      `readonly columns: readonly ["ref"]; readonly references: { readonly table: "${of}"; readonly columns: readonly ["id"] }`
    return `  ${name}: {
    own: {
      ${name}_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] }
      ${name}_c0_key: { readonly kind: "unique"; readonly columns: readonly ["c0"] }
      ${name}_c1_check: { readonly kind: "check"; readonly columns: readonly ["c1"] }
      ${name}_ref_fkey: { readonly kind: "foreign_key"; ${key(next)}; readonly deferrable: true }
    }
    inbound: {
      ${previous}_ref_fkey: { readonly kind: "foreign_key"; readonly table: "${previous}"; ${key(name)} }
    }
    notNull: "id" | "ref" | "c0" | "c1" | "c2" | "c5"
  }`
  }
  const native = ending === "query.execute()"
  return `${native ? NATIVE_IMPORTS : IMPORTS}

${names.map(table).join("\n\n")}

export interface DB {
${names.map((name) => `  ${name}: ${name.toUpperCase()}`).join("\n")}
}

export interface DBConstraints {
${names.map(constraints).join("\n")}
}

${native ? NATIVE_DATABASE : DATABASE}
`
}

const IMPORTS = `import { createDatabase } from "@kysely-resilient/core"
import { defineSchema } from "@kysely-resilient/core/schema"
import type { Generated } from "kysely"`
const DATABASE = `const schema = defineSchema<DB, DBConstraints>({ tables: {} })
export const db = createDatabase({ schema })`

const NATIVE_IMPORTS = `import { Kysely, PostgresDialect, type Generated } from "kysely"
import { Pool } from "pg"`
const NATIVE_DATABASE = `export const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool: new Pool() }) })`

function queriesSource({ tables, queries }: Size, ending: Ending): string {
  const functions = Array.from({ length: queries }, (_, number) => {
    const make = QUERIES[number % QUERIES.length]
    if (make === undefined) throw new Error("there are queries")
    const [a, b, c] = [number, number + 7, number + 13].map((index) => `t${index % tables}`)
    return `export const q${number} = () =>\n  ${ended(make(a ?? "", b ?? "", c ?? ""), ending)}\n`
  })
  return `import { sql } from "kysely"\nimport { jsonArrayFrom } from "kysely/helpers/postgres"\nimport { db } from "./schema.ts"\n\n${functions.join("\n")}`
}

function ended(query: string, ending: Ending): string {
  if (ending === "query.execute()") return `${query}.execute()`
  return ending === "db.all(query)" ? `db.all(${query})` : `${query}.$call(db.all)`
}

const QUERIES: readonly ((a: string, b: string, c: string) => string)[] = [
  (a, b) => `db.selectFrom("${a}").innerJoin("${b}", "${b}.id", "${a}.ref")
    .select(["${a}.id", "${a}.c0", "${b}.c1", "${b}.c3"]).where("${a}.c1", ">", 5).orderBy("${b}.c0").limit(10)`,
  (a, b, c) => `db.selectFrom("${a} as x").leftJoin("${b} as y", "y.id", "x.ref").leftJoin("${c} as z", "z.id", "y.ref")
    .select((eb) => ["x.id", "y.c0", "z.c1", eb.fn.count<bigint>("z.id").as("n")]).groupBy(["x.id", "y.c0", "z.c1"])`,
  (a, b) => `db.with("one", (q) => q.selectFrom("${a}").select(["id", "c0", "ref"]).where("c5", "=", true))
    .with("two", (q) => q.selectFrom("one").innerJoin("${b}", "${b}.id", "one.ref").select(["one.c0", "${b}.c2"]))
    .selectFrom("two").selectAll()`,
  (a) => `db.insertInto("${a}").values({ ref: 1n, ${VALUES} })
    .onConflict((oc) => oc.column("c0").doUpdateSet((eb) => ({ c1: eb.ref("excluded.c1") }))).returning(["id", "c0"])`,
  (a) =>
    `db.updateTable("${a}").set({ c0: "x" }).where("id", "=", 1n).$if(true, (q) => q.set("c1", 2)).returning(["id", "c1"])`,
  (a) => `db.deleteFrom("${a}").where("c1", "<", 3).returningAll()`,
  (a) =>
    `db.selectFrom("${a}").select(["id", "c0"]).$if(true, (q) => q.select("c1")).$if(false, (q) => q.select("c2"))`,
  (a) => `db.withRecursive("tree", (q) => q.selectFrom("${a}").select(["id", "ref"]).where("c1", "=", 0)
      .unionAll(q.selectFrom("${a}").innerJoin("tree", "tree.id", "${a}.ref").select(["${a}.id", "${a}.ref"])))
    .selectFrom("tree").selectAll()`,
  (a, b) => `db.selectFrom("${a}").select((eb) => [
      "${a}.id",
      jsonArrayFrom(eb.selectFrom("${b}").select(["${b}.id", "${b}.c0"]).whereRef("${b}.ref", "=", "${a}.id")).as("items"),
      eb.fn.sum<number>("${a}.c1").over((ob) => ob.partitionBy("${a}.c0").orderBy("${a}.id")).as("running"),
    ])`,
  (a, b) => `db.selectFrom("${a}").selectAll("${a}").where((eb) => eb.or([eb("c1", ">", 1), eb("c0", "like", "a%"),
      eb.exists(eb.selectFrom("${b}").select(sql.lit(1).as("one")).whereRef("${b}.ref", "=", "${a}.id"))]))`,
]

const VALUES = Array.from({ length: 13 }, (_, column) => {
  const values = ['"s"', "1", "new Date()", "null", "null", "true", "1n", "new Date()"]
  return `c${column}: ${values[column % values.length]}`
}).join(", ")
