import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { generate } from "@kysely-resilient/codegen-config"
import { decodingOf } from "@kysely-resilient/codegen-config/src/decoding.ts"
import { namesFor } from "@kysely-resilient/codegen-config/src/names.ts"
import { types } from "pg"
import { describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"
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
create table "schema" (spot point, round circle);
create table record (meta jsonb default '{}');
create table "Mood" (mood mood);
comment on table "Mood" is E'Ends */ here\\nand goes on';
comment on column "Mood".mood is 'Ends */ here';
insert into "date" (day, moods) values ('2020-02-29', '{ok}');
insert into json values (1, '"a"', default, '1 year');
insert into int8 (column_type) values ('{1}');
insert into column_type values (true);
insert into generated values (now());
insert into "schema" values ('(1,2)', '<(1,2),3>');
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

async function generated(folder: string): Promise<string> {
  const outFile = join(folder, "schema.gen.ts")
  await generate({ connection: database.url, schemas: ["public", "audit"], outFile })
  return readFile(outFile, "utf8")
}

const tables = (
  "every_type date json int8 column_type generated schema record Mood audit.log " +
  "parent elder younger moods fees everything"
).split(" ")

function builtInType(name: unknown): { schema: string; name: string; comment: null } {
  return { schema: "pg_catalog", name: String(name), comment: null }
}

const parserOf: (oid: number) => unknown = types.getTypeParser

describe("types of every kind of column", () => {
  it("say what plain pg decodes, whatever tables and columns are called", async () => {
    await using folder = await scratchFolder()
    const schema = await generated(folder.path)
    const client = await database.connect()
    const rows = await lastRows(client, tables)
    expect(schema).not.toMatch(/parent_1/)
    const program = decodedProgram(rows)
    expect(await typeErrors(folder.path, { "schema.gen.ts": schema, "decoded.ts": program })).toEqual([])
  })

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
      ["bytea", "new Uint8Array([1, 2])"],
      ["json", "{ a: [1, { b: null }] }"],
      ["jsonb", "JSON.stringify([1, 2])"],
      ["jsonb", "true"],
      ["jsonb", "12"],
      ["date", "new Date()"],
      ["date", '"2020-02-29"'],
      ["timestamp", "new Date()"],
      ["timestamptz", '"infinity"'],
      ["interval", '"1 day"'],
      ["point", '"(1,2)"'],
      ["circle", '"<(1,2),3>"'],
      ["mood", '"ok"'],
      ["price", '"1.5"'],
      ["tags", '["a", "b"]'],
      ["pair", '"(1,a)"'],
      ["int4range", '"[1,3)"'],
    ]
    const arrays: readonly (readonly [type: string, value: string])[] = [
      ["numeric", '[1, "2.5"]'],
      ["int8", '[1n, 2, "3"]'],
      ["timestamptz", "[new Date()]"],
      ["bytea", "[new Uint8Array([1])]"],
      ["jsonb", '[{ a: 1 }, "[1]", 2]'],
      ["mood", '["ok", "sad"]'],
      ["mood", '"{ok}"'],
      ["price", '[1, "2"]'],
      ["pair", '["(1,a)"]'],
      ["point", '["(1,2)"]'],
      ["box", '"{(1,2),(3,4)}"'],
      ["text", '["a", "b"]'],
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
    const files = { "schema.gen.ts": await generated(folder.path), "insert.ts": program }
    expect(await typeErrors(folder.path, files)).toEqual([])

    const client = await database.connect()
    const { rows }: { rows: readonly object[] } = await import(join(folder.path, "insert.ts"))
    expect(rows).toHaveLength(entries.length)
    for (const row of rows) {
      const [[column, value] = expect.fail("an empty row")] = Object.entries(row)
      await expect(client.query(`insert into every_type (${column}) values ($1)`, [value])).resolves.toBeDefined()
    }
  })

  it("know exactly the types of this server that pg has a parser for", async () => {
    const unparsed = parserOf(0)
    const names = namesFor([], { unqualifiedSchema: "public", camelCase: false })
    const builtIn = await database.ask(`
      select t.oid::int as oid, t.typname as name, e.typname as element
      from pg_catalog.pg_type t left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid
      where t.typnamespace = 'pg_catalog'::regnamespace and t.typtype in ('b', 'r', 'm') order by t.oid`)
    const found = builtIn.map(({ oid, name, element }) => {
      const type = { ...builtInType(name), ...(element !== null && { element: builtInType(element) }) }
      const { select } = decodingOf(type, names)
      const asText = select.type === "Identifier" && select.name === "string"
      return { name, parsed: parserOf(Number(oid)) !== unparsed, asText }
    })
    // int8 has a parser that gives the text back.
    const wrong = found.filter(({ name, parsed, asText }) => parsed === asText && name !== "int8")
    expect(wrong).toEqual([])
    expect(found.filter(({ asText }) => !asText).length).toBeGreaterThan(40)
  })
})
