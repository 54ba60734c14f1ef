import { generate } from "@kysely-resilient/codegen-config"
import { dataIn } from "@kysely-resilient/codegen-config/src/generated-file.ts"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"
import { scratchFolder } from "./type-check.ts"

// Each of the two tables has a row without a partner, so an outer join of any kind gives nulls.
const tables = `
create domain filled as text not null;
create table a (id int generated always as identity primary key, x int, y int not null default 7, f filled, ":resno" int not null);
create table b (id int primary key, a_id int not null references a, z text not null);
insert into a (x, f, ":resno") values (null, 'one', 1), (2, 'two', 2);
insert into b values (10, 1, 'z');
`

interface View {
  readonly name: string
  readonly query: string
  /** The columns that are proved never to be null, on each server; `since`: and from which version on. */
  readonly proved: string
  readonly since?: readonly [version: number, proved: string]
}

const views: readonly View[] = [
  { name: "all_of_it", query: "select * from a", proved: ":resno f id y" },
  { name: "some_rows", query: "select id, x, y as why from a where x is null order by y limit 5", proved: "id why" },
  {
    name: "odd_names",
    query: 'select y as ":varno 1 }", f as "(b 1)", x as "\\", id as "{" from a',
    proved: "(b 1) :varno 1 } {",
  },
  {
    name: "expressions",
    query: "select id + 0 as id, coalesce(y, 1) as y, upper(f) as f, 1 as one from a",
    proved: "",
  },
  { name: "inner_join", query: "select a.id, a.x, b.z, b.a_id from a join b on b.a_id = a.id", proved: "a_id id z" },
  { name: "comma_join", query: "select a.id, b.z from a, b", proved: "id z" },
  {
    name: "left_join",
    query: "select a.id, b.z, b.id as bid from a left join b on b.a_id = a.id",
    proved: "",
    since: [16, "id"],
  },
  { name: "right_join", query: "select a.id, b.z from b right join a on b.a_id = a.id", proved: "", since: [16, "id"] },
  { name: "full_join", query: "select a.id, b.z from a full join b on b.a_id = a.id + 100", proved: "" },
  {
    name: "nested_join",
    query: "select a.id, b.z, c.id as cid from a left join (b join a c on true) on b.a_id = a.id",
    proved: "",
    since: [16, "id"],
  },
  {
    name: "lateral_join",
    query: "select a.id, l.z from a left join lateral (select z from b where b.a_id = a.id) l on true",
    proved: "",
    since: [16, "id"],
  },
  { name: "joined_using", query: "select id, y from a full join (select 5 as id) c using (id)", proved: "" },
  { name: "joined_naturally", query: "select id, z from a natural full join b", proved: "" },
  { name: "subquery", query: "select s.id from (select id from a) s", proved: "" },
  { name: "common", query: "with s as (select id from a) select id from s", proved: "" },
  { name: "one_and_other", query: "select id from a union all select null", proved: "" },
  { name: "either", query: "select id from a except select 1", proved: "" },
  {
    name: "counted",
    query: "select y, count(*) as many, max(id) as most from a group by y",
    proved: "y",
    since: [18, ""],
  },
  { name: "rolled_up", query: "select y, count(*) as many from a group by rollup (y)", proved: "" },
  { name: "windowed", query: "select id, lag(id) over (order by id) as before from a", proved: "id" },
  { name: "different_ones", query: "select distinct y from a", proved: "y" },
  { name: "one_each", query: "select distinct on (y) y, id from a order by y, id", proved: "id y" },
  { name: "sets", query: "select id, unnest(array[1, null, 3]) as part from a", proved: "id" },
  { name: "of_view", query: "select id as key, y, f from all_of_it", proved: "f key y" },
  {
    name: "of_view_of_view",
    query: "select o.key, c.y from of_view o join counted c on true",
    proved: "key y",
    since: [18, "key"],
  },
  { name: "of_outer", query: "select z, id from left_join", proved: "", since: [16, "id"] },
  { name: "correlated", query: "select (select a.id from b limit 1) as id, id as own from a", proved: "own" },
]

const stored = "create materialized view kept as select id from a; "

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query(tables)
    for (const { name, query } of views) await client.query(`create view ${name} as ${query}`)
    await client.query(stored)
  },
})

async function columnsOf(): Promise<Readonly<Record<string, readonly string[]>>> {
  await using folder = await scratchFolder()
  const outFile = join(folder.path, "schema.gen.ts")
  await generate({ connection: database.url, outFile })
  const found = Object.entries(dataIn(await readFile(outFile, "utf8"))?.tables ?? {}).filter(
    ([, { kind }]) => kind === "view",
  )
  return Object.fromEntries(
    found.map(([view, { columns }]) => [view, Object.keys(columns).filter((column) => !columns[column]?.nullable)]),
  )
}

describe("the columns of views", () => {
  it("are not null where the parsed query proves it, and only there", async () => {
    const [row] = await database.ask("show server_version_num")
    const version = Math.floor(Number(row?.["server_version_num"]) / 10_000)
    const expected = views.map(({ name, proved, since }) => {
      const columns = since && version >= since[0] ? since[1] : proved
      return [name, columns]
    })
    const found = await columnsOf()
    expect(Object.keys(found).toSorted()).toEqual([...views.map(({ name }) => name), "kept"].toSorted())
    expect(views.map(({ name }) => [name, found[name]?.join(" ")])).toEqual(expected)
    expect(found["kept"]).toEqual([])
  })

  it("hold no null where that was proved, in data that has nulls wherever it can", async () => {
    const found = await columnsOf()
    let nullsSeen = 0
    for (const { name } of views) {
      const rows = await database.ask(`select * from ${name}`)
      expect(rows.length, name).toBeGreaterThan(0)
      const withNull = Object.keys(rows[0] ?? {}).filter((column) => rows.some((row) => row[column] === null))
      nullsSeen += withNull.length
      expect(
        withNull.filter((column) => found[name]?.includes(column)),
        name,
      ).toEqual([])
    }
    expect(nullsSeen).toBeGreaterThan(15)
  })

  it("cannot be written where they pass on what only the database gives", async () => {
    await using folder = await scratchFolder()
    const outFile = join(folder.path, "schema.gen.ts")
    await generate({ connection: database.url, outFile })
    const columns = dataIn(await readFile(outFile, "utf8"))?.tables["all_of_it"]?.columns
    expect(columns?.["id"]?.generated).toBe("always")
    expect(columns?.["y"]?.generated).toBe("default")
    await expect(database.ask("insert into all_of_it (id, f) values (9, 'x')")).rejects.toMatchObject({ code: "428C9" })
  })
})
