import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { generate, policy, type CodegenConfig } from "@kysely-resilient/codegen-config"
import { createDatabase, type Database, type Schema } from "@kysely-resilient/core"
import { describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"
import { valueOf } from "../../support/results.ts"
import { decodedProgram, lastRows } from "./decoded.ts"
import { scratchFolder, typeErrors } from "./type-check.ts"

/** A value of every kind of type that PostgreSQL 14 has. */
const samples: readonly (readonly [type: string, value: string])[] = [
  ["bool", "true"],
  ["int2", "1"],
  ["int4", "1"],
  ["int8", "9007199254740993"],
  ["oid", "1"],
  ["xid", "'1'"],
  ["float4", "1.5"],
  ["float8", "'NaN'"],
  ["numeric", "12345678901234567890.123"],
  ["money", "'1.50'"],
  ["text", "'text'"],
  ["varchar(9)", "'text'"],
  ["bpchar", "'text'"],
  [`"char"`, "'c'"],
  ["name", "'name'"],
  ["uuid", "gen_random_uuid()"],
  ["bytea", `'\\xc0ffee'`],
  ["json", `'{"a": [1]}'`],
  ["jsonb", `'[1, "a", null]'`],
  ["jsonpath", "'$.a'"],
  ["bit(3)", "'101'"],
  ["varbit", "'101'"],
  ["date", "'2020-02-29'"],
  ["time", "'12:34:56.789'"],
  ["timetz", "'12:34:56+02'"],
  ["timestamp", "'2020-02-29 12:34:56.789'"],
  ["timestamptz", "'2020-02-29 12:34:56.789+00'"],
  ["interval", "'1 day 2 hours'"],
  ["point", "'(1,2)'"],
  ["line", "'{1,2,3}'"],
  ["lseg", "'((1,2),(3,4))'"],
  ["box", "'((1,2),(3,4))'"],
  ["path", "'((1,2),(3,4))'"],
  ["polygon", "'((1,2),(3,4),(5,6))'"],
  ["circle", "'<(1,2),3>'"],
  ["inet", "'10.0.0.1'"],
  ["cidr", "'10.0.0.0/8'"],
  ["macaddr", "'08:00:2b:01:02:03'"],
  ["macaddr8", "'08:00:2b:01:02:03:04:05'"],
  ["tsvector", "'a fat cat'"],
  ["tsquery", "'fat & cat'"],
  ["int4range", "'[1,3)'"],
  ["numrange", "'[1,3)'"],
  ["tstzrange", "'[2020-01-01,2021-01-01)'"],
  ["int4multirange", "'{[1,3)}'"],
  ["pg_lsn", "'0/1'"],
  ["regproc", "'now'"],
  ["regclass", "'pg_class'"],
  ["mood", "'ok'"],
  ["price", "1.5"],
  ["fee", "1.5"],
  ["tags", "'{a,b}'"],
  ["pair", "row(1, 'a')"],
]

// "date" and "json" are also the names of types that the file refers to, and each hides something in its own way.
const setup = `
create type mood as enum ('sad', 'ok', 'it''s "fine"');
create domain price as numeric check (value >= 0);
create domain fee as price not null default 0;
create domain tags as text[];
create type pair as (a integer, b text);
create table every_type (${samples.map(([type], index) => `c${index} ${type}, c${index}s ${type}[]`).join(", ")});
insert into every_type values (${samples.map(([type, value]) => `${value}, array[${value}]::${type}[]`).join(", ")});

create table "date" (id integer generated always as identity, day date, "Buffer" bytea default '\\x00', moods mood[] not null);
create table json (id bigint primary key, body json not null, "weird name""!" timestamptz default now(), class interval);
create table int8 (column_type int8[], fee fee, plus_one int4 generated always as (1 + 1) stored);
create table column_type (generated_always boolean);
create table generated (at timestamp);
create table "schema" (spot point, round circle, pairs pair[], grid integer[][], spans int4range[]);
create table record (meta jsonb default '{}');
create table "Mood" (mood mood);
comment on table "Mood" is E'Ends */ here\\nand goes on';
comment on column "Mood".mood is 'Ends */ here';
insert into "date" (day, moods) values ('2020-02-29', '{ok}');
insert into json values (1, '"a"', default, '1 year');
insert into int8 (column_type) values ('{1}');
insert into column_type values (true);
insert into generated values (now());
insert into "schema" values ('(1,2)', '<(1,2),3>', array[row(1, 'a')::pair], '{{1,2},{3,4}}', array['[1,3)'::int4range]);
insert into record values (default);
insert into "Mood" values ('sad');

create schema audit;
create type audit.mood as enum ('grave');
create type audit.text as enum ('short', 'long');
create table audit.log (id uuid not null, mood audit.mood default 'grave', amount price, texts audit.text[] default '{long}');
insert into audit.log values (gen_random_uuid());

create table parent (id integer primary key) partition by range (id);
create table parent_1 partition of parent for values from (1) to (9);
create table elder (id integer not null);
create table younger (extra text) inherits (elder);
insert into parent values (1);
insert into younger values (1, 'x');

create view moods as select mood, upper(mood::text) as loud from "Mood";
create view fees as select l.id, i.fee from audit.log l left join int8 i on false;
create materialized view everything as select * from int8;
`

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })

interface Written {
  readonly text: string
  readonly path: string
}

async function generated(folder: string, types?: CodegenConfig["types"]): Promise<Written> {
  const path = join(folder, "schema.gen.ts")
  await generate({ connection: database.url, schemas: ["public", "audit"], outFile: path, ...(types && { types }) })
  return { text: await readFile(path, "utf8"), path }
}

/** A database that reads as the generated file says. */
async function databaseOf({ path }: Written): Promise<Database<unknown> & AsyncDisposable> {
  const { schema }: { readonly schema: Schema<unknown> } = await import(path)
  return createDatabase({ schema, connection: database.url, pool: { min: 0, max: 1 } })
}

const tables = (
  "every_type date json int8 column_type generated schema record Mood audit.log " +
  "parent elder younger moods fees everything"
).split(" ")

const everyChoice = [
  undefined,
  policy({ elements: "notNull", range: "object", interval: "parts", date: "Date", timestamp: "Date" }),
  policy({ int8: "number", numeric: "number", json: "string", composite: "string", timestamptz: "string" }),
]

describe("types of every kind of column", () => {
  it.each(everyChoice)(
    "say what a database with the schema reads, whatever tables and columns are called (%#)",
    async (types) => {
      await using folder = await scratchFolder()
      // Beyond 2^53 a number would be an error, which is tested where it is made.
      if (types?.choices.int8 === "number") await database.ask("update every_type set c3 = 1, c3s = '{1}'")
      const schema = await generated(folder.path, types)
      await using db = await databaseOf(schema)
      const rows = await lastRows(db, tables)
      expect(schema.text).not.toMatch(/interface Parent1|"parent_1": \{/)
      const program = decodedProgram(rows)
      expect(await typeErrors(folder.path, { "schema.gen.ts": schema.text, "decoded.ts": program })).toEqual([])
    },
  )

  it("let in what the server takes, and nothing that it refuses for its type", async () => {
    await using folder = await scratchFolder()
    const columnOf = new Map(samples.map(([type], index) => [type, `c${index}`]))
    const accepted: readonly (readonly [type: string, value: string])[] = [
      ["bool", "true"],
      ["int4", "7"],
      ["int8", "7n"],
      ["int8", "7"],
      ["int8", '"9007199254740993"'],
      ["numeric", '"1.10"'],
      ["numeric", "1.5"],
      ["numeric", "15n"],
      ["bytea", "new Uint8Array([1, 2])"],
      ["json", "{ a: [1, { b: null }] }"],
      ["jsonb", "json([1, 2])"],
      ["jsonb", 'json("a text")'],
      ["jsonb", "JSON.stringify([1, 2])"],
      ["jsonb", "true"],
      ["jsonb", "12"],
      ["date", "new Date()"],
      ["date", '"2020-02-29"'],
      ["timestamp", "new Date()"],
      ["timestamptz", "new Date()"],
      ["interval", '"1 day"'],
      ["point", '"(1,2)"'],
      ["circle", '"<(1,2),3>"'],
      ["mood", '"ok"'],
      ["price", '"1.5"'],
      ["tags", '["a", null]'],
      ["pair", '"(1,a)"'],
      ["int4range", '"[1,3)"'],
    ]
    const arrays: readonly (readonly [type: string, value: string])[] = [
      ["numeric", '[1, "2.5", 3n, null]'],
      ["int8", '[1n, 2, "3"]'],
      ["timestamptz", "[new Date()]"],
      ["bytea", "[new Uint8Array([1])]"],
      ["mood", '["ok", "sad"]'],
      ["price", '[1, "2"]'],
      ["pair", '["(1,a)"]'],
      ["point", '["(1,2)"]'],
      ["box", '"{(1,2),(3,4)}"'],
      ["text", '["a", "b"] as const'],
    ]
    const refused: readonly (readonly [type: string, value: string])[] = [
      ["int4", '"7"'],
      ["jsonb", "[1, 2]"],
      ["point", "{ x: 1, y: 2 }"],
      ["mood", '"furious"'],
      ["interval", "{ days: 1 }"],
      ["timestamptz", "1582979696789"],
      ["fee", "null"],
    ]
    const refusedEntries = [
      ...refused.map(([type, value]) => `{ ${columnOf.get(type)}: ${value} },`),
      `{ ${columnOf.get("box")}s: ["(1,2),(3,4)"] },`,
    ]
    const entries = [
      ...accepted.map(([type, value]) => `{ ${columnOf.get(type)}: ${value} },`),
      ...arrays.map(([type, value]) => `{ ${columnOf.get(type)}s: ${value} },`),
    ]
    const program = `import type { Insertable } from "kysely"
import { json } from "@kysely-resilient/core/schema"
import type { DB } from "./schema.gen.ts"
export const rows: readonly Insertable<DB["every_type"]>[] = [\n${entries.join("\n")}\n]
export const refused: readonly Insertable<DB["every_type"]>[] = [
${refusedEntries.map((entry) => `  // @ts-expect-error -- the server would refuse it\n  ${entry}`).join("\n")}
]
export const least: readonly [Insertable<DB["date"]>, Insertable<DB["int8"]>, Insertable<DB["audit.log"]>] = [
  { moods: ["ok"] },
  {},
  { id: "7b0b6a9e-5a0f-4c55-8e0e-6b8b2b1f2f10" },
]
// @ts-expect-error -- GENERATED ALWAYS AS IDENTITY
export const identity: Insertable<DB["date"]> = { moods: [], id: 1 }
// @ts-expect-error -- GENERATED ALWAYS AS
export const computed: Insertable<DB["int8"]> = { plus_one: 2 }
// @ts-expect-error -- a table's NOT NULL column
export const missing: Insertable<DB["audit.log"]> = {}
// @ts-expect-error -- an expression in a view
export const loud: Insertable<DB["moods"]> = { loud: "OK" }
export const view: Insertable<DB["moods"]> = { mood: "ok" }
`
    const schema = await generated(folder.path)
    expect(await typeErrors(folder.path, { "schema.gen.ts": schema.text, "insert.ts": program })).toEqual([])

    await using db = await databaseOf(schema)
    const { rows }: { rows: readonly object[] } = await import(join(folder.path, "insert.ts"))
    expect(rows).toHaveLength(entries.length)
    for (const row of rows) {
      const [[column, value] = expect.fail("an empty row")] = Object.entries(row)
      const inserted = await db.query(`insert into every_type (${column}) values ($1)`, [value])
      expect(valueOf(inserted).affected, column).toBe(1n)
    }
  })
})
