import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { generate, report, verify, type CodegenConfig } from "@kysely-resilient/codegen-config"
import { createDatabase, type Schema } from "@kysely-resilient/core"
import { CamelCasePlugin } from "kysely"
import { describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"
import { errorOf, valueOf } from "../../support/results.ts"
import { scratchFolder, typeErrors } from "./type-check.ts"

const odd = [
  'a "quoted" name',
  "with.dot",
  "constructor",
  "__proto__",
  "toString",
  "Mixed Case",
  "select",
  "größe",
  "таблица",
  "表",
  "💥",
  "1st",
  "ends */ here",
  "a\nline",
  "tab\there",
  "back\\slash",
  "$money",
  "${template}",
  "`tick`",
  "d_b",
  "DB",
  "schema",
  "structure",
  "policy",
  "define_schema",
  "int8",
  "json",
  "json_of",
  "generated",
  "generated_always",
  "decoded",
  "date",
  "string",
  "record",
  "mood",
  "mood_labels",
  "moodLabels",
]

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

// Every name is a table, a column, a constraint, an enum with itself as a label, and a comment.
const setup = [
  "create schema other; create schema snake",
  ...odd.flatMap((name) => {
    const [id, table] = [quoted(name), name.replaceAll("'", "''")]
    return [
      `create type ${quoted(`${name}!`)} as enum (E'${table.replaceAll("\\", "\\\\")}', 'other')`,
      `create table ${id} (${id} int8 constraint ${quoted(`${name} key`)} primary key, ${quoted(`${name}?`)} ${quoted(`${name}!`)}, meta jsonb)`,
      `create table other.${id} (${id} int8 constraint ${quoted(`${name} fk`)} references public.${id})`,
      `comment on table ${id} is E'${table.replaceAll("\\", "\\\\")}'`,
      `comment on column ${id}.${id} is E'${table.replaceAll("\\", "\\\\")}'`,
      `insert into ${id} values (9007199254740993, 'other', '{"a": [1]}'); insert into other.${id} values (9007199254740993)`,
    ]
  }),
  "create table snake.user_account (user_id int8 primary key, full_name text, meta_data jsonb)",
  "create table snake.blog_post (post_id uuid primary key, written_by int8 not null constraint post_by_fk references snake.user_account)",
  "create view snake.known_user as select user_id, meta_data from snake.user_account",
  `insert into snake.user_account values (1, 'Ann', '{"langs": ["de"]}'), (2, 'Bob', '{"langs": 7}')`,
].join(";\n")

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })

async function schemaOf(
  folder: string,
  config: Partial<CodegenConfig>,
): Promise<{ text: string; schema: Schema<unknown> }> {
  const outFile = join(folder, "schema.gen.ts")
  await generate({ connection: database.url, outFile, ...config }, { folder })
  expect(report(await verify({ connection: database.url, outFile, ...config }, { folder }))).toMatch(
    /is what the database/,
  )
  const { schema }: { schema: Schema<unknown> } = await import(outFile)
  return { schema, text: await readFile(outFile, "utf8") }
}

describe("names of every kind", () => {
  it("compile under every strict flag, mean the right table, and are the same at run time", async () => {
    await using folder = await scratchFolder()
    const { text, schema } = await schemaOf(folder.path, {
      schemas: ["public", "other"],
      brands: { primaryKeys: true },
    })
    const uses = odd.map((name, index) => {
      const [table, column] = [JSON.stringify(name), JSON.stringify(name)]
      const [label, enumColumn] = [JSON.stringify(name), JSON.stringify(`${name}?`)]
      return `export const id${index}: Selectable<DB[${table}]>[${column}] = null as unknown as NonNullable<Selectable<DB[${JSON.stringify(`other.${name}`)}]>[${column}]>
export const label${index}: Selectable<DB[${table}]>[${enumColumn}] = ${label}
export const key${index}: DBConstraints[${table}]["own"][${JSON.stringify(`${name} key`)}]["columns"][0] = ${column}
export const fk${index}: DBRelations[${JSON.stringify(`other.${name}`)}][${JSON.stringify(`${name} fk`)}]["table"] = ${table}`
    })
    const program = `import type { Selectable } from "kysely"
import type { DB, DBConstraints, DBRelations } from "./schema.gen.ts"
// @ts-expect-error -- one table's ids are not another's
export const wrong: Selectable<DB["date"]>["date"] = null as unknown as Selectable<DB["json"]>["json"]
${uses.join("\n")}
`
    const files = { "schema.gen.ts": text, "uses.ts": program }
    expect(await typeErrors(folder.path, files)).toEqual([])
    expect(await typeErrors(folder.path, files, {}, "typescript-5.9")).toEqual([])
    expect(Object.keys(schema.tables)).toHaveLength(2 * odd.length)

    await using db = createDatabase<Record<string, Record<string, unknown>>, unknown>({
      schema: schema as Schema<Record<string, Record<string, unknown>>>,
      connection: database.url,
      pool: { min: 0, max: 1 },
    })
    for (const name of odd) {
      const [row] = valueOf(await db.query(`select * from ${quoted(name)}`)).rows
      expect(Object.entries(row ?? {})).toContainEqual([name, 9_007_199_254_740_993n])
      expect(Object.keys(schema.tables[name]?.columns ?? {})).toContain(name)
    }
    expect(valueOf(await db.checkSchema())).toEqual([])
  })

  it("and options of every kind work together, in camelCase, too", async () => {
    await using folder = await scratchFolder()
    const types = `export interface Meta { readonly langs: readonly string[] }
export const meta = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value: unknown): { value: Meta } | { issues: { message: string }[] } =>
      typeof value === "object" && value !== null && "langs" in value && Array.isArray(value.langs)
        ? { value: { langs: value.langs.map(String) } }
        : { issues: [{ message: "has no langs" }] },
  },
} as const
`
    await writeFile(join(folder.path, "types.ts"), types)
    const { text } = await schemaOf(folder.path, {
      schemas: ["snake"],
      camelCase: true,
      brands: { primaryKeys: true, names: { "blog_post.post_id": "Post" } },
      json: { "user_account.meta_data": { decoder: "./types.ts#meta" } },
      overrides: { "user_account.full_name": "`${string}`" },
    })
    const program = `import type { Insertable, Selectable } from "kysely"
import { json } from "@kysely-resilient/core/schema"
import { Post, UserAccountUserId, type DB, type DBConstraints } from "./schema.gen.ts"
export const post: Insertable<DB["blogPost"]> = { postId: "7b0b6a9e-5a0f-4c55-8e0e-6b8b2b1f2f10", writtenBy: UserAccountUserId(1n) }
export const read: Selectable<DB["blogPost"]> = { postId: Post("7b0b6a9e-5a0f-4c55-8e0e-6b8b2b1f2f10"), writtenBy: UserAccountUserId(1n) }
// @ts-expect-error -- a plain number is nobody's id
export const plain: Insertable<DB["blogPost"]> = { postId: read.postId, writtenBy: 1n }
export const user: Insertable<DB["userAccount"]> = { userId: 3n, fullName: "C", metaData: { langs: ["en"] } }
export const wrapped: Insertable<DB["userAccount"]> = { userId: 4n, metaData: json({ langs: [] }) }
// @ts-expect-error -- no such JSON
export const wrong: Insertable<DB["userAccount"]> = { userId: 5n, metaData: { lang: "en" } }
export const langs: readonly string[] | undefined = (null as unknown as Selectable<DB["userAccount"]>).metaData?.langs
export const viewed: Selectable<DB["knownUser"]>["userId"] = read.writtenBy
// @ts-expect-error -- a view's ids are those of the table
export const unviewed: Selectable<DB["knownUser"]>["userId"] = 1n
export const seen: readonly string[] | undefined = (null as unknown as Selectable<DB["knownUser"]>).metaData?.langs
export const fk: DBConstraints["blogPost"]["own"]["post_by_fk"]["columns"][0] = "writtenBy"
`
    const files = { "schema.gen.ts": text, "types.ts": types, "uses.ts": program }
    expect(await typeErrors(folder.path, files)).toEqual([])
    expect(await typeErrors(folder.path, files, {}, "typescript-5.9")).toEqual([])

    const { schema }: { schema: Schema<Record<"userAccount" | "knownUser", Record<string, unknown>>> } = await import(
      join(folder.path, "schema.gen.ts")
    )
    await using db = createDatabase({
      schema,
      connection: `${database.url}?options=-c%20search_path%3Dsnake`,
      plugins: [new CamelCasePlugin()],
      pool: { min: 0, max: 1 },
    })
    const users = (id: bigint) => db.selectFrom("userAccount").selectAll().where("userId", "=", id)
    expect(valueOf(await db.one(users(1n)))).toEqual({ userId: 1n, fullName: "Ann", metaData: { langs: ["de"] } })
    expect(errorOf(await db.one(users(2n)))).toMatchObject({ kind: "decode_failed" })
    const known = (id: bigint) => db.selectFrom("knownUser").selectAll().where("userId", "=", id)
    expect(valueOf(await db.one(known(1n)))).toEqual({ userId: 1n, metaData: { langs: ["de"] } })
    expect(errorOf(await db.one(known(2n)))).toMatchObject({ kind: "decode_failed" })
    expect(valueOf(await db.checkSchema())).toEqual([])
  })
})
