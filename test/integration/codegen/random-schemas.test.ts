import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { generate } from "@kysely-resilient/codegen-config"
import { createDatabase } from "@kysely-resilient/core"
import { checkPolicy } from "@kysely-resilient/core/policy-check"
import { policy, typeScriptOf, type Schema, type SchemaDefinition } from "@kysely-resilient/core/schema"
import { queryName } from "@kysely-resilient/core/schema-check"
import * as fc from "fast-check"
import { CamelCasePlugin, sql } from "kysely"
import type { Client } from "pg"
import { expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { valueOf } from "../../support/results.ts"
import { decodedProgram } from "./decoded.ts"
import { quoted, scriptOf, type RandomSchema, type RandomTable } from "./random/model.ts"
import { disagreement, exactJson } from "./random/oracle.ts"
import { randomSchema } from "./random/schema.ts"
import { writable } from "./random/write-back.ts"
import { asApplication, scratchFolder, typeErrors } from "./type-check.ts"

/** `KYSELY_RESILIENT_SCHEMAS=200 vitest run test/integration/codegen/random-schemas.test.ts` looks further. */
const SCHEMAS = Number(process.env["KYSELY_RESILIENT_SCHEMAS"] ?? 50)
/** The same each time, so that a run says what a change has done. */
const SEED = Number(process.env["KYSELY_RESILIENT_SCHEMAS_SEED"] ?? 12)

/** Of a failure the smallest schema that still fails, which takes minutes. */
const SMALLEST = process.env["KYSELY_RESILIENT_SCHEMAS_SMALLEST"] !== undefined

type AnyTables = Record<string, Record<string, unknown>>
type Row = Readonly<Record<string, unknown>>

const database = testDatabase(import.meta.url)

/** A program that only compiles if the types say of the rows what they are, and take back what they gave. */
interface Proof {
  readonly schema: string
  readonly rows: { readonly table: string; readonly row: object }[]
  readonly inserts: { readonly table: string; readonly code: string }[]
}

it(`${SCHEMAS} random schemas go through their generated types without a lie (seed ${SEED})`, async () => {
  await using folder = await scratchFolder()
  const proofs: Proof[] = []
  let name = 0
  await fc.assert(
    fc.asyncProperty(randomSchema("app"), async (made) => {
      const own = await database.connect()
      try {
        await own.query(scriptOf(made))
        proofs.push(await proved(made, `schema${name++}.gen.ts`, folder.path, own))
      } finally {
        await own.query(made.schemas.map((schema) => `drop schema if exists ${quoted(schema)} cascade`).join(";"))
        await own.end()
      }
    }),
    { numRuns: SCHEMAS, seed: SEED, endOnFailure: !SMALLEST },
  )

  const programs = proofs.flatMap(({ schema, rows, inserts }, index) => [
    [`rows${index}.ts`, decodedProgram(rows, `./${schema}`)] as const,
    [`inserts${index}.ts`, insertProgram(inserts, `./${schema}`)] as const,
  ])
  for (const [file, program] of programs) await writeFile(join(folder.path, file), program)
  const files = [...programs.map(([file]) => file), ...proofs.map(({ schema }) => schema)]
  expect(await typeErrors(folder.path, {}, asApplication, "typescript", files)).toEqual([])
}, 900_000)

/** Everything that can be proved while it runs; answers what a compiler has to say. */
async function proved(made: RandomSchema, file: string, folder: string, own: Client): Promise<Proof> {
  const { schemas, camelCase, choices, tables, view } = made
  const outFile = join(folder, file)
  await generate({ connection: database.url, schemas, outFile, camelCase, types: policy(choices) })
  const { schema }: { schema: Schema<AnyTables> } = await import(outFile)
  const proof: Proof = { schema: file, rows: [], inserts: [] }
  await using db = createDatabase({
    schema,
    connection: `${database.url}?options=-c%20search_path%3D${schemas[0]}`,
    plugins: camelCase ? [new CamelCasePlugin()] : [],
    pool: { min: 0, max: 1 },
  })
  expect(valueOf(await db.checkSchema())).toEqual([])
  expect((await checkPolicy(db)).mismatches).toEqual([])

  const named = (of: string): string => queryName(of, camelCase ? { camelCase } : {})
  // First the view: its table is written to.
  const all = [...tables.slice(0, 1).map((table) => ({ ...table, sql: view.sql, key: view.key })), ...tables]
  for (const table of all) {
    const key = named(table.key)
    const read = async (): Promise<readonly Row[]> => valueOf(await db.all(db.selectFrom(key).selectAll()))
    const columns = table.columns.map((column) => ({ ...column, key: named(column.name) }))
    const rows = await read()
    expect(rows).toHaveLength(table.rows.length)
    const sent = await own.query<{ row: string }>(`select to_jsonb(t)::text as row from ${table.sql} t`)
    rows.forEach((row, index) => {
      proof.rows.push({ table: key, row })
      const json = new Map(Object.entries(Object(exactJson(sent.rows[index]?.row ?? ""))))
      const lies = columns.map((column) => disagreement(row[column.key], json.get(column.name), column.type, choices))
      expect(lies.filter((lie) => lie !== undefined)).toEqual([])
    })
    if (table.sql === view.sql) continue

    // What was read is written again, and is the same.
    const texts = await textsOf(own, table)
    for (const [index, row] of rows.entries()) {
      const inserted = columns.flatMap((column) => {
        if (column.always) return []
        const insert = insertOf(schema, table, column.name)
        const asText = texts[index]?.[column.name]
        const jsonText = choices.json === "string"
        const again = writable(row[column.key] ?? null, insert, jsonText) ?? writable(asText, insert, jsonText)
        // An array of composites is read as objects, and written as an array of texts.
        const { value, code } = again ?? { value: sql`${asText}::${sql.raw(column.type.sql)}`, code: "null as never" }
        return [{ key: column.key, value, code }]
      })
      if (inserted.length === 0) continue
      proof.inserts.push({
        table: key,
        code: `{ ${inserted.map(({ key: of, code }) => `${JSON.stringify(of)}: ${code}`).join(", ")} }`,
      })
      const values = Object.fromEntries(inserted.map(({ key: of, value }) => [of, value]))
      valueOf(await db.exec(db.insertInto(key).values(values)))
    }
    const again = (await read()).slice(rows.length)
    expect(again.map((row) => given(row, columns))).toEqual(
      again.length === 0 ? [] : rows.map((row) => given(row, columns)),
    )
  }
  return proof
}

function insertOf(schema: SchemaDefinition, { key }: RandomTable, column: string) {
  const definition = schema.tables[key]?.columns[column] ?? expect.fail(`${key}.${column} is not in the file`)
  return typeScriptOf(definition.type, schema.types ?? {}, schema.policy ?? expect.fail("no policy")).insert
}

/** Without what the database made itself. */
function given(row: Row, columns: readonly { readonly key: string; readonly always: boolean }[]): Row {
  return Object.fromEntries(columns.flatMap(({ key, always }) => (always ? [] : [[key, row[key]]])))
}

async function textsOf(
  own: Client,
  { sql: table, columns }: RandomTable,
): Promise<Readonly<Record<string, string | null>>[]> {
  const list = columns.map(({ name }) => `${quoted(name)}::text as ${quoted(name)}`)
  return (await own.query(`select ${list.join(", ")} from ${table}`)).rows
}

function insertProgram(inserts: Proof["inserts"], module: string): string {
  const rows = inserts.map(
    ({ table, code }, index) => `export const insert${index}: Insertable<DB[${JSON.stringify(table)}]> = ${code}`,
  )
  return `import type { Insertable } from "kysely"
import { json } from "@kysely-resilient/core/schema"
import type { DB } from ${JSON.stringify(module)}

export { json }
${rows.join("\n")}
`
}
