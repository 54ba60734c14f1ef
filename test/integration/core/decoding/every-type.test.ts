import { readFile } from "node:fs/promises"
import { join } from "node:path"

import { generate } from "@kysely-resilient/codegen-config"
import { createDatabase } from "@kysely-resilient/core"
import {
  defineSchema,
  policy,
  typeScriptOf,
  type PolicyChoices,
  type Schema,
  type TypeDefinition,
} from "@kysely-resilient/core/schema"
import { BUILT_IN_NAMES } from "@kysely-resilient/core/src/schema/numbers.ts"
import { findInstalledPostgres, startLocalPostgres, type OwnServer } from "@kysely-resilient/testing"
import type { Client } from "pg"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { valueOf } from "../../../support/results.ts"
import { scratchFolder, typeErrors } from "../../codegen/type-check.ts"
import { definitionsOf, nameOf, readTypes, type CatalogRow } from "./catalogue.ts"
import { OWN_TYPES } from "./own-types.sql.ts"
import { MADE_BY_THE_SERVER, sampleOf } from "./samples.ts"
import { checkPolicy } from "@kysely-resilient/core/policy-check"
import { fits } from "@kysely-resilient/core/src/policy-check/fits.ts"

/** A column of the table of all types. */
interface Column {
  readonly name: string
  /** As the schema names it. */
  readonly type: string
  readonly sql: string
  readonly value: string
  /** In the row that has null wherever it may be. */
  readonly nullValue: string
}

/** For each type a column of it, one of its array with a null, and one of its array in two dimensions. */
function columnsOf(types: ReadonlyMap<number, CatalogRow>): readonly Column[] {
  return [...types.values()].flatMap(({ oid, sql, element, kind, notNull }, index) => {
    const sample = sampleOf(oid, types)
    if (element !== null || sample === undefined) return []
    const type = nameOf(oid, types)
    const nothing = kind === "d" && notNull ? sample : "null"
    const name = `c${index}`
    return [
      { name, type, sql, value: sample, nullValue: nothing },
      {
        name: `${name}s`,
        type: `${type}[]`,
        sql: `${sql}[]`,
        value: `array[${sample}, ${nothing}]::${sql}[]`,
        nullValue: "null",
      },
      {
        name: `${name}ss`,
        type: `${type}[][]`,
        sql: `${sql}[][]`,
        value: `array[array[${sample}, ${nothing}], array[${sample}, ${sample}]]::${sql}[][]`,
        nullValue: "'{}'",
      },
    ]
  })
}

/** The other choice wherever there is one. */
const OTHERWISE: PolicyChoices = {
  int8: "number",
  numeric: "number",
  timestamptz: "string",
  timestamp: "Date",
  date: "Date",
  interval: "parts",
  json: "string",
  range: "object",
  composite: "string",
}

const installed = findInstalledPostgres()
const servers: readonly (readonly [string, (() => Promise<OwnServer>) | undefined])[] = [
  ["this run's server", undefined],
  ...(installed === undefined
    ? []
    : [["the installed version", () => startLocalPostgres({ binDir: installed })] as const]),
]

describe.each(servers)("a table with every type of %s", (_, start) => {
  let server: OwnServer | undefined
  let types: ReadonlyMap<number, CatalogRow>
  let definitions: Readonly<Record<string, TypeDefinition>>
  let columns: readonly Column[]

  beforeAll(async () => {
    server = await start?.()
  })
  afterAll(() => server?.stop())

  const database = testDatabase(`${import.meta.url}${start === undefined ? "" : "-installed"}`, {
    server: () => server ?? { url: inject("postgresUrl") },
    setup: async (client) => {
      await client.query(OWN_TYPES)
    },
  })

  beforeAll(async () => {
    const client = await database.connect()
    types = await readTypes(client)
    definitions = definitionsOf(types)
    columns = columnsOf(types)
    await makeTables(client, columns)
  })

  async function rowsOf(table: string, choices?: PolicyChoices): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const declared = columns.map(({ name, type }) => [name, { type, nullable: true }] as const)
    const schema = defineSchema({
      tables: Object.fromEntries(
        ["every_type", "every_view", "every_snapshot", "every_partition", "other.every_copy"].map((name) => [
          name,
          { kind: "table", columns: Object.fromEntries(declared) },
        ]),
      ),
      types: definitions,
      policy: policy(choices),
    })
    await using db = createDatabase({ schema, connection: database.url, pool: { min: 0, max: 1 } })
    return valueOf(await db.query(`select * from ${table} order by id`)).rows
  }

  it("has the numbers that built-in types have everywhere", async () => {
    const known = await database.ask(`
      select t.oid::int as oid, coalesce(e.typname || '[]', t.typname) as name
      from pg_type t left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
      where t.typnamespace = 'pg_catalog'::regnamespace and t.oid < 10000 and coalesce(e.typtype, t.typtype) in ('b', 'r', 'm')
        and coalesce(e.typarray, t.typarray) <> 0`)
    expect(known.length).toBeGreaterThan(150)
    expect(known.filter(({ oid, name }) => BUILT_IN_NAMES.get(Number(oid)) !== name)).toEqual([])
  })

  it("has a value of each but for those that nobody can write", () => {
    const missing = [...types.values()].filter(({ oid }) => sampleOf(oid, types) === undefined)
    const names = missing.filter(({ element }) => element === null).map(({ name }) => name)
    expect(MADE_BY_THE_SERVER).toEqual(expect.arrayContaining(names))
    expect(columns.length).toBeGreaterThan(3 * 90)
  })

  it.each([
    ["as it is", {}],
    ["with every other choice", OTHERWISE],
  ])("is read exactly as the types say under a policy %s", async (__, choices: PolicyChoices) => {
    const [full, empty] = await rowsOf("every_type", choices)
    const wrong = columns.filter(({ name, type, nullValue }) => {
      const { select } = typeScriptOf(type, definitions, policy(choices))
      const second = nullValue === "null" ? empty?.[name] === null : fits(empty?.[name], select)
      return !(fits(full?.[name], select) && second)
    })
    expect(wrong.map(({ name, type }) => [type, full?.[name], empty?.[name]])).toEqual([])
  })

  it("is read alike alone, in arrays, and in arrays of arrays", async () => {
    const [full] = await rowsOf("every_type")
    const wrong = columns.filter(({ type, name }) => {
      if (type.endsWith("[]")) return false
      const [one, some, table] = [full?.[name], full?.[`${name}s`], full?.[`${name}ss`]]
      const last = Array.isArray(some) ? some[1] : undefined
      return !(
        same(some, [one, last]) &&
        same(table, [
          [one, last],
          [one, one],
        ]) &&
        (last === null || same(last, one))
      )
    })
    expect(wrong.map(({ type, name }) => [type, full?.[name], full?.[`${name}s`], full?.[`${name}ss`]])).toEqual([])
  })

  it("is read alike through views, materialized views and partitions", async () => {
    const plain = await rowsOf("every_type")
    for (const table of ["every_view", "every_snapshot", "every_partition", "other.every_copy"]) {
      expect(await rowsOf(table)).toEqual(plain)
    }
  })

  it("has generated types that say the same, and a schema that reads it so", { timeout: 120_000 }, async () => {
    await using folder = await scratchFolder()
    const outFile = join(folder.path, "schema.gen.ts")
    await generate({ connection: database.url, outFile })
    const { schema }: { readonly schema: Schema<object> } = await import(outFile)
    await using db = createDatabase({ schema, connection: database.url, pool: { min: 0, max: 1 } })
    const tables = ["every_type", "every_view", "every_snapshot", "every_partition"]
    const programs: string[] = []
    for (const table of tables) {
      const { rows } = valueOf(await db.query(`select * from ${table} order by id`))
      const typed = rows.map(
        (row) =>
          `{\n${Object.entries(row)
            .map(([name, value]) => `  ${name}: ${literal(value)},`)
            .join("\n")}\n}`,
      )
      programs.push(`export const ${table}: readonly Selectable<DB["${table}"]>[] = [${typed.join(", ")}]`)
    }
    const program = `import type { Selectable } from "kysely"\nimport type { DB } from "./schema.gen.ts"\n${programs.join("\n")}\n`
    expect(
      await typeErrors(folder.path, { "schema.gen.ts": await readFile(outFile, "utf8"), "rows.ts": program }),
    ).toEqual([])
    expect((await checkPolicy(db)).mismatches).toEqual([])
  })
})

async function makeTables(client: Client, columns: readonly Column[]): Promise<void> {
  const declared = columns.map(({ name, sql }) => `${name} ${sql}`).join(", ")
  await client.query(`create table every_type (id int4, ${declared})`)
  await client.query(`insert into every_type values (1, ${columns.map(({ value }) => value).join(", ")})`)
  await client.query(`insert into every_type values (2, ${columns.map(({ nullValue }) => nullValue).join(", ")})`)
  await client.query("create view every_view as select * from every_type")
  await client.query("create materialized view every_snapshot as select * from every_type")
  await client.query(`create table every_partition (id int4, ${declared}) partition by range (id)`)
  await client.query("create table every_partition_1 partition of every_partition for values from (0) to (9)")
  await client.query("insert into every_partition select * from every_type")
  await client.query("create table other.every_copy as select * from every_type")
}

function same(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other)
    return true
  } catch {
    return false
  }
}

function literal(value: unknown): string {
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (Buffer.isBuffer(value)) return `Buffer.from(${JSON.stringify(value.toString("hex"))}, "hex")`
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "number") return String(value)
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, part]) => `[${JSON.stringify(key)}]: ${literal(part)}`)
    .join(", ")} }`
}
