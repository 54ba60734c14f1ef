import { createDatabase, type Database } from "@kysely-resilient/core"
import { assertPolicy, checkPolicy, PolicyAssertionError } from "@kysely-resilient/core/policy-check"
import { defineSchema, policy, type ColumnDefinition, type SchemaDefinition } from "@kysely-resilient/core/schema"
import { CamelCasePlugin, type KyselyPlugin } from "kysely"
import { afterEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { valueOf } from "../../support/results.ts"

const setup = `
create type mood as enum ('sad', 'ok');
create type big_pair as (big_number int8, t text);
create domain even as int4 check (value % 2 = 0);
create table full_table (id int8, at timestamptz, names text[], mood mood, pair big_pair, n numeric);
insert into full_table values (1, '2020-01-01Z', '{a,NULL}', 'ok', (1, 'a'), 1.5);
create schema "Audit x";
create table "Audit x"."Empty ""one" (id int8, at timestamptz, moods mood[], pairs big_pair[], span int4range, even even, net inet)`

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })
const opened: Database<object>[] = []

afterEach(async () => {
  for (const db of opened.splice(0)) valueOf(await db.close())
})

const EMPTY = 'Audit x.Empty "one'
const types: NonNullable<SchemaDefinition["types"]> = {
  "public.mood": { kind: "enum", labels: ["sad", "ok"] },
  "public.even": { kind: "domain", base: "int4" },
  "public.big_pair": {
    kind: "composite",
    attributes: [
      { name: "big_number", type: "int8" },
      { name: "t", type: "text" },
    ],
  },
}

type Columns = Readonly<Record<string, string | ColumnDefinition>>

function open(tables: Readonly<Record<string, Columns>>, plugins: readonly KyselyPlugin[] = []): Database<object> {
  const schema = defineSchema<object>({
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, columns]) => [
        name,
        {
          kind: "table" as const,
          columns: Object.fromEntries(
            Object.entries(columns).map(([column, type]) => [
              column,
              typeof type === "string" ? { type, nullable: true } : type,
            ]),
          ),
        },
      ]),
    ),
    types,
    policy: policy(),
    ...(plugins.length > 0 && { source: { schemas: ["public", "Audit x"], camelCase: true } }),
  })
  const db = createDatabase({ schema, connection: database.url, pool: { min: 0, max: 1 }, plugins })
  opened.push(db)
  return db
}

const FULL: Columns = {
  id: "int8",
  at: "timestamptz",
  names: "text[]",
  mood: "public.mood",
  pair: "public.big_pair",
  n: { type: "numeric", nullable: false },
}
const NOTHING_IN_IT: Columns = {
  id: "int8",
  at: "timestamptz",
  moods: "public.mood[]",
  pairs: "public.big_pair[]",
  span: "int4range",
  even: "public.even",
  net: "inet",
}

describe("assertPolicy", () => {
  it("is content where every column is what its type says, be there rows or none", async () => {
    const report = await assertPolicy(open({ full_table: FULL, [EMPTY]: NOTHING_IN_IT }))
    expect(report.unproved).toEqual([`${EMPTY}.even`, `${EMPTY}.net`])
    expect(report.proved).toHaveLength(11)
  })

  it("knows that a plugin gives the fields of composites other names", async () => {
    const db = open({ full_table: FULL, [EMPTY]: NOTHING_IN_IT }, [new CamelCasePlugin()])
    expect((await assertPolicy(db)).proved).toHaveLength(11)
  })

  it("names every column that is something else, with what it is and no value", async () => {
    const db = open({
      full_table: { ...FULL, id: "int4", at: "text", names: "text", mood: "int4", n: "numeric[]" },
      [EMPTY]: { ...NOTHING_IN_IT, id: "int4", at: "int8", moods: "public.mood" },
    })
    const { mismatches } = await checkPolicy(db)
    expect(mismatches.map(({ column, type, found }) => [column, type, found])).toEqual([
      ["full_table.id", "int4", "bigint"],
      ["full_table.at", "text", "Date"],
      ["full_table.names", "text", "(string | null)[]"],
      ["full_table.mood", "int4", "string"],
      ["full_table.n", "numeric[]", "string"],
      [`${EMPTY}.id`, "int4", "bigint"],
      [`${EMPTY}.at`, "int8", "of type timestamp with time zone in the database"],
      [`${EMPTY}.moods`, "public.mood", "of type mood[] in the database"],
    ])
    await expect(assertPolicy(db)).rejects.toThrow(PolicyAssertionError)
    await expect(assertPolicy(db)).rejects.toThrow(/full_table\.id \(int4\) is declared number \| null, and is bigint/)
  })

  it("says why a value cannot be read, and goes on with the other columns", async () => {
    await database.ask("insert into full_table values (2, 'infinity', null, null, null, null)")
    try {
      const { mismatches, proved } = await checkPolicy(open({ full_table: FULL }))
      expect(mismatches).toMatchObject([
        { column: "full_table.at", declared: "Date | null", found: expect.stringContaining("Infinity is no Date") },
        { column: "full_table.n", declared: "string", found: "null" },
      ])
      expect(proved).toHaveLength(4)
    } finally {
      await database.ask("delete from full_table where id = 2")
    }
  })

  it("refuses a database that has nothing to prove", async () => {
    const db = createDatabase({ connection: database.url })
    await expect(checkPolicy(db)).rejects.toThrow(/no schema with a policy/)
    valueOf(await db.close())
  })
})
