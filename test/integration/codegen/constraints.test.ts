import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { generate, verify } from "@kysely-resilient/codegen-config"
import { dataIn } from "@kysely-resilient/codegen-config/src/generated-file.ts"
import type { SchemaDefinition, TableConstraints } from "@kysely-resilient/core/schema"
import type { Client } from "pg"
import { beforeAll, describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"
import { scratchFolder } from "./type-check.ts"

const setup = `
create domain email as text constraint email_check check (value like '%@%');
create domain work_email as email constraint work_email_check check (value like '%work%');
create domain filled as text not null;
create type pair as (n int, mail email);
create table users (
  id int primary key,
  name filled,
  email email constraint users_email_key unique deferrable initially deferred,
  work work_email,
  mails email[],
  pair pair,
  age int constraint users_age_check check (age > 0),
  gone_at timestamptz
);
create unique index users_lower_idx on users (lower(work));
create unique index users_live_idx on users (age) include (name) where gone_at is null;
create table posts (
  id int primary key,
  author int not null constraint posts_author_fk references users,
  parent int constraint posts_parent_fk references posts deferrable initially deferred
);
create table rooms (room int4range, floor int, constraint rooms_excl exclude using gist (room with &&) where (floor = 1));
create table events (
  id int, at date not null, kind int not null constraint events_kind_check check (kind > 0),
  author int constraint events_author_fk references users,
  constraint events_pkey primary key (id, at)
) partition by range (at);
create unique index events_kind_idx on events (kind, at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01') partition by range (at);
create table events_2024_01 partition of events_2024 for values from ('2024-01-01') to ('2024-02-01');
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
create table events_rest partition of events default;
create table notes (id int, event int, at date, constraint notes_event_fk foreign key (event, at) references events);
create table elder (id int primary key, word text not null constraint elder_word_check check (word <> ''));
create table younger (extra int) inherits (elder);
create table alone (a int);
create table kin () inherits (alone);
alter table only alone alter a set not null;
insert into kin values (null);
create schema other;
create table other.log (by int constraint log_by_fk references users);

insert into users (id, name, email, work, age) values (1, 'one', 'a@b', 'w@work', 30), (2, 'two', 'c@d', null, 40);
insert into posts values (1, 1, null);
insert into rooms values ('[1,5)', 1);
insert into events values (1, '2024-01-05', 1, 1), (2, '2025-06-01', 2, null);
insert into notes values (1, 2, '2025-06-01'), (2, 1, '2024-01-05');
insert into other.log values (2);
insert into elder values (1, 'a');
`

const since18 = `
create table stays (room int4range, days daterange, constraint stays_pkey primary key (room, days without overlaps));
create table lax (a int, b int not null);
insert into lax values (null, 1);
alter table lax add constraint lax_a_filled not null a not valid;
create table trusting (n int constraint trusting_check check (n > 0) not enforced);
insert into stays values ('[1,2)', '[2024-01-01,2024-01-05)');
`

interface Violation {
  readonly table: string
  readonly sql: string
  /** What the manifest of the table calls it, and where. */
  readonly is: string
  readonly in?: "own" | "inbound"
  /** It arises at COMMIT. */
  readonly late?: true
  readonly since?: 18
}

const violations: readonly Violation[] = [
  { table: "users", sql: "insert into users values (1, 'x')", is: "users_pkey" },
  { table: "users", sql: "insert into users values (9, 'x', 'a@b')", is: "users_email_key", late: true },
  { table: "users", sql: "insert into users values (9, 'x', 'nothing')", is: "email_check" },
  { table: "users", sql: "insert into users values (9, 'x', null, 'a@b')", is: "work_email_check" },
  { table: "users", sql: "insert into users values (9, 'x', null, 'work')", is: "email_check" },
  { table: "users", sql: "insert into users (id, name, mails) values (9, 'x', '{a@b,x}')", is: "email_check" },
  { table: "users", sql: "insert into users (id, name, pair) values (9, 'x', row(1, 'x'))", is: "email_check" },
  { table: "users", sql: "insert into users (id, name, age) values (9, 'x', 0)", is: "users_age_check" },
  { table: "users", sql: "insert into users (id, name, work) values (9, 'x', 'W@work')", is: "users_lower_idx" },
  { table: "users", sql: "insert into users (id, name, age) values (9, 'x', 30)", is: "users_live_idx" },
  { table: "users", sql: "delete from users where id = 1", is: "posts_author_fk|events_author_fk", in: "inbound" },
  { table: "users", sql: "delete from users where id = 2", is: "log_by_fk", in: "inbound" },
  { table: "users", sql: "update users set id = 7 where id = 2", is: "log_by_fk", in: "inbound" },
  { table: "posts", sql: "insert into posts values (1, 1)", is: "posts_pkey" },
  { table: "posts", sql: "insert into posts values (2, 9)", is: "posts_author_fk" },
  { table: "posts", sql: "insert into posts values (2, 1, 9)", is: "posts_parent_fk", late: true },
  { table: "rooms", sql: "insert into rooms values ('[4,6)', 1)", is: "rooms_excl" },
  { table: "events", sql: "insert into events values (1, '2024-01-05', 3)", is: "events_pkey" },
  { table: "events", sql: "insert into events values (2, '2025-06-01', 3)", is: "events_pkey" },
  { table: "events", sql: "insert into events values (5, '2024-01-05', 1)", is: "events_kind_idx" },
  { table: "events", sql: "insert into events values (5, '2025-06-01', 2)", is: "events_kind_idx" },
  { table: "events", sql: "insert into events values (5, '2024-01-05', 0)", is: "events_kind_check" },
  { table: "events", sql: "insert into events values (5, '2024-01-05', 5, 9)", is: "events_author_fk" },
  { table: "events", sql: "delete from events where id = 1", is: "notes_event_fk", in: "inbound" },
  { table: "events", sql: "update events set id = 8 where id = 2", is: "notes_event_fk", in: "inbound" },
  { table: "notes", sql: "insert into notes values (1, 9, '2024-01-05')", is: "notes_event_fk" },
  { table: "elder", sql: "insert into elder values (1, 'x')", is: "elder_pkey" },
  { table: "elder", sql: "insert into elder values (2, '')", is: "elder_word_check" },
  { table: "younger", sql: "insert into younger values (1, '')", is: "elder_word_check" },
  { table: "stays", sql: "insert into stays values ('[1,2)', '[2024-01-03,2024-01-04)')", is: "stays_pkey", since: 18 },
]

const kinds: Readonly<Record<string, string>> = {
  "23505": "unique",
  "23503": "foreign_key",
  "23001": "foreign_key",
  "23514": "check",
  "23P01": "exclusion",
}

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })

let client: Client
let version: number
let constraints: Readonly<Record<string, TableConstraints>>
let tables: SchemaDefinition["tables"]

beforeAll(async () => {
  client = await database.connect()
  const { rows } = await client.query<{ server_version_num: string }>("show server_version_num")
  version = Math.floor(Number(rows[0]?.server_version_num) / 10_000)
  if (version >= 18) await client.query(since18)
  await using folder = await scratchFolder()
  const outFile = join(folder.path, "schema.gen.ts")
  await generate({ connection: database.url, outFile })
  const data = dataIn(await readFile(outFile, "utf8"))
  constraints = data?.constraints ?? {}
  tables = data?.tables ?? {}
})

/** What the server says of a transaction with one statement, which is undone. */
async function refusal(sql: string): Promise<{ readonly error: unknown; readonly late: boolean }> {
  await client.query("begin")
  try {
    await client.query(sql)
  } catch (error) {
    await client.query("rollback")
    return { error, late: false }
  }
  try {
    await client.query("commit")
  } catch (error) {
    return { error, late: true }
  }
  throw new Error(`${sql} was not refused`)
}

describe("what a schema says of constraints", () => {
  it("is what the server reports, by its name or by its partition's", async () => {
    for (const { table, sql, is, in: where = "own", late = false, since = 0 } of violations) {
      if (version < since) continue
      const found = await refusal(sql)
      expect(found.late, sql).toBe(late)
      const { code, constraint } = found.error as { readonly code: string; readonly constraint: string }
      const { own, inbound, aliases = {} } = constraints[table] ?? expect.fail(`nothing is known of ${table}`)
      const name = aliases[constraint] ?? constraint
      expect(is.split("|"), `${sql}: ${constraint}`).toContain(name)
      const promised = where === "own" ? own[name] : inbound[name]
      expect(promised?.kind, sql).toBe(kinds[code])
      if (late) expect(promised?.deferrable, sql).toBe(true)
    }
  })

  it("is nothing that was not seen to be refused here", () => {
    const seen = new Set(
      violations.flatMap(({ table, is, in: where = "own" }) =>
        is.split("|").map((name) => `${table} ${where} ${name}`),
      ),
    )
    const promised = Object.entries(constraints).flatMap(([table, { own, inbound }]) => [
      ...Object.keys(own).map((name) => `${table} own ${name}`),
      ...Object.keys(inbound).map((name) => `${table} inbound ${name}`),
    ])
    // A deferred self-reference is refused by the same name from its other side.
    expect(promised.filter((name) => !seen.has(name))).toEqual(["posts inbound posts_parent_fk"])
  })

  it.each([
    ["users", { id: "50", name: "'n'" }],
    ["events", { id: "50", at: "'2024-01-06'", kind: "50" }],
    ["elder", { id: "50", word: "'w'" }],
    ["younger", { id: "50", word: "'w'" }],
    ["posts", { id: "50", author: "1" }],
  ])("names the columns of %s that refuse null, and no others", async (table, needed) => {
    const { fields } = await client.query(`select * from ${table} limit 0`)
    const refused = []
    for (const { name } of fields) {
      const row = Object.entries({ ...needed, [name]: "null" })
      const columns = row.map(([column]) => column).join(", ")
      await client.query("begin")
      const tried = await client
        .query(`insert into ${table} (${columns}) values (${row.map(([, value]) => value).join(", ")})`)
        .catch((error: unknown) => error)
      await client.query("rollback")
      if (tried instanceof Error && "code" in tried && tried.code === "23502") refused.push(name)
    }
    expect(constraints[table]?.notNull).toEqual(refused.toSorted())
  })

  it("tells what refuses null from what holds none", async () => {
    expect(constraints["alone"]?.notNull).toEqual(["a"])
    expect(await database.ask("select * from alone")).toEqual([{ a: null }])
    expect(tables["alone"]?.columns["a"]?.nullable).toBe(true)
    expect(tables["elder"]?.columns["word"]?.nullable).toBe(false)
    if (version < 18) return
    expect(constraints["lax"]?.notNull).toEqual(["a", "b"])
    expect(tables["lax"]?.columns["a"]?.nullable).toBe(true)
    expect(tables["lax"]?.columns["b"]?.nullable).toBe(false)
  })

  it("names the columns of a key, and not those that an index only carries along", () => {
    expect(constraints["users"]?.own["users_live_idx"]).toEqual({ kind: "unique", columns: ["age"], partial: true })
    expect(constraints["users"]?.own["users_lower_idx"]).toEqual({ kind: "unique", columns: [], expression: true })
    expect(constraints["events"]?.own["events_pkey"]?.columns).toEqual(["id", "at"])
    expect(constraints["users"]?.own["email_check"]?.columns).toEqual(["email", "mails", "pair", "work"])
  })

  it("forgets a partition that went and learns of one that came, and neither is drift", async () => {
    await using folder = await scratchFolder()
    const outFile = join(folder.path, "schema.gen.ts")
    await generate({ connection: database.url, outFile })
    await client.query("create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01')")
    expect(await verify({ connection: database.url, outFile })).toMatchObject({ state: "current" })
    expect(await generate({ connection: database.url, outFile })).toMatchObject({ changed: true })
    const found = dataIn(await readFile(outFile, "utf8"))?.constraints?.["events"]?.aliases
    expect(found).toMatchObject({ events_2026_pkey: "events_pkey", events_2026_kind_at_idx: "events_kind_idx" })
    await client.query("alter table events detach partition events_2026")
    expect(await verify({ connection: database.url, outFile })).toMatchObject({ state: "drifted" })
  })
})
