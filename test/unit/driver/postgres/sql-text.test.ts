import { sqlText, type SqlStatement } from "@kysely-resilient/driver/src/postgres/sql-text.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

function count(text: string): number {
  return sqlText(text).statements.length
}

function only(text: string): SqlStatement {
  const { statements } = sqlText(text)
  expect(statements).toHaveLength(1)
  return statements[0]!
}

describe("counting statements", () => {
  it.each([
    ["", 0],
    [" \t\r\n\f\v", 0],
    [";", 0],
    [" ; ;; /* nothing */ ; -- nothing", 0],
    ["select 1", 1],
    ["select 1;", 1],
    [";;select 1;;", 1],
    ["select 1; select 2", 2],
    ["select 1;select 2;-- the end", 2],
    ["begin; insert into t values (1); commit", 3],

    // strings
    ["select ';'", 1],
    ["select 'it''s; fine'", 1],
    ["select '\\'; select 2", 2],
    ["select 'a;", 1],
    ["select E'a\\';b'", 1],
    ["select e'\\\\'; select 2", 2],
    ["select E'''; select 2'", 1],
    ["select fine'\\'; select 2", 2],
    ["select U&'\\'; select 2", 2],
    ["select case when true then 'a' else'\\' end; select 2", 2],
    ["select b'1;', x'f;', n';'", 1],
    ["select E'a'\n'\\';'", 1],
    ["select E'a' -- and\n '\\';'", 1],
    ["select E'a' '\\'; select 2", 2],
    ["select 'a'\n'\\'; select 2", 2],

    // identifiers
    ['select ";"', 1],
    ['select "a"";"', 1],
    ['select U&"a;"', 1],
    ['select "\\"; select 2', 2],
    ["select $a; select 2", 2],

    // dollar quotes
    ["select $$;$$", 1],
    ["select $tag$;$$;$other$;$tag$", 1],
    ["select $tag$;$TAG$;", 1],
    ["select $tag$;", 1],
    ["select $1; select $2", 2],
    ["select $1$$;$$", 1],
    ["select a$b$; select 2 as c$b$", 2],
    ["select $é$;$é$", 1],
    ["select $1a$; select 2", 2],

    // comments
    ["select 1 -- ; select 2", 1],
    ["select 1 -- it's\n; select 2", 2],
    ["select 1 -- \r; select 2", 2],
    ["select 1 /* ; */", 1],
    ["select 1 /* /* ; */ ; */", 1],
    ["select 1 /* /* */ ; select 2", 1],
    ["select 1 /* ' */; select 2", 2],
    ["select '/*'; select 2", 2],
    ["select 1 /* -- */; select 2", 2],
    ["select '--'; select 2", 2],
    ["select 4 /- 2; select 2", 2],
    ["select 1 /*/ ; */", 1],

    // parentheses and bodies
    ["create rule r as on insert to t do also (select 1; select 2)", 1],
    ["select 1); select 2", 2],
    ["create function f() returns int begin atomic select 1; select 2; end", 1],
    ["create or replace procedure p() begin atomic select case when true then 1 end; select 2; end; select 3", 2],
    ["create function f() returns int language sql as $$ select 1; $$; select 3", 2],
    ["create table begin (atomic int); select 2", 2],
    ["create function atomic() returns int language sql as 'select 1'; select 2", 2],
    ["select $a; select $b", 2],
    ["begin; select 1; end", 3],
  ])("finds in %j %i", (text, expected) => {
    expect(count(text)).toBe(expected)
  })
})

describe("the first keywords", () => {
  it.each([
    ["select 1", "SELECT", ""],
    ["  -- why\n /* and /* how */ */ Select 1", "SELECT", ""],
    ["((select 1)) union select 2", "SELECT", ""],
    ["CREATE unique INDEX i on t (a)", "CREATE", "UNIQUE"],
    ["with x as (select 1) select * from x", "WITH", "X"],
    ["vacuum(full) t", "VACUUM", ""],
    ['"select" 1', "", ""],
    ["'select'", "", ""],
    ["1 select", "", "SELECT"],
  ])("of %j are %s and %s", (text, first, second) => {
    expect(only(text)).toMatchObject({ first, second })
  })

  it("are told of every statement in a text", () => {
    expect(sqlText("begin; insert into t values (1); select 2").statements.map(({ first }) => first)).toEqual([
      "BEGIN",
      "INSERT",
      "SELECT",
    ])
  })
})

describe("transaction control", () => {
  it.each([
    ["begin", { kind: "begin" }],
    ["BEGIN WORK", { kind: "begin" }],
    ["begin transaction isolation level serializable, read only", { kind: "begin" }],
    ["start transaction read only", { kind: "begin" }],
    ["commit", { kind: "commit", chain: false }],
    ["commit work;", { kind: "commit", chain: false }],
    ["end transaction", { kind: "commit", chain: false }],
    ["commit and chain", { kind: "commit", chain: true }],
    ["commit transaction and no chain", { kind: "commit", chain: false }],
    ["end work and chain", { kind: "commit", chain: true }],
    ["commit and /* no */ chain", { kind: "commit", chain: true }],
    ["rollback", { kind: "rollback", chain: false }],
    ["ABORT", { kind: "rollback", chain: false }],
    ["rollback work and chain", { kind: "rollback", chain: true }],
    ["abort transaction and no chain", { kind: "rollback", chain: false }],
    ["savepoint a", { kind: "savepoint", name: "a" }],
    ["savepoint Mixed_1$x", { kind: "savepoint", name: "mixed_1$x" }],
    ['savepoint "Mixed ""one"""', { kind: "savepoint", name: 'Mixed "one"' }],
    ["savepoint ÄB", { kind: "savepoint", name: "Äb" }],
    ['savepoint U&"d\\0061t\\+000061\\\\"', { kind: "savepoint", name: "data\\" }],
    [`savepoint ${"n".repeat(70)}`, { kind: "savepoint", name: "n".repeat(63) }],
    [`savepoint "${"é".repeat(40)}"`, { kind: "savepoint", name: "é".repeat(31) }],
    ["savepoint savepoint", { kind: "savepoint", name: "savepoint" }],
    ["rollback to a", { kind: "rollback_to", name: "a" }],
    ["rollback to savepoint a", { kind: "rollback_to", name: "a" }],
    ['rollback work to savepoint "A"', { kind: "rollback_to", name: "A" }],
    ["abort", { kind: "rollback", chain: false }],
    ["rollback transaction to savepoint", { kind: "rollback_to", name: "savepoint" }],
    ["rollback to savepoint savepoint", { kind: "rollback_to", name: "savepoint" }],
    ["release a", { kind: "release", name: "a" }],
    ["release savepoint a", { kind: "release", name: "a" }],
    ["release savepoint", { kind: "release", name: "savepoint" }],
    ["prepare transaction 'x'", { kind: "prepare_transaction" }],
    ["commit prepared 'x'", { kind: "commit_prepared" }],
    ["rollback prepared 'x'", { kind: "rollback_prepared" }],
    ["savepoint", { kind: "savepoint", name: "" }],
  ])("%j", (text, control) => {
    expect(only(text).control).toEqual(control)
  })

  it.each([
    "select 1",
    "prepare p as select 1",
    "start",
    "set transaction read only",
    "'begin'",
    '"begin"',
    "commits",
    "rollbacks",
  ])("%j is none", (text) => expect(only(text).control).toBeUndefined())
})

describe("committing by itself", () => {
  it.each([
    "call p()",
    "do $$ begin commit; end $$",
    "vacuum",
    "vacuum (full, analyze) t",
    "reindex table concurrently t",
    "reindex schema public",
    "cluster",
    "create database d",
    "drop database if exists d",
    "create tablespace s location '/x'",
    "drop tablespace s",
    "alter database d set tablespace s",
    "create index concurrently on t (a)",
    "create unique index concurrently if not exists i on t (a)",
    "drop index concurrently i",
    "alter table t detach partition p concurrently",
    "alter system set work_mem = '1MB'",
    "create subscription s connection '' publication p",
    "alter subscription s refresh publication",
    "drop subscription s",
    "discard all",
    "commit prepared 'x'",
    "rollback prepared 'x'",
  ])("%s may", (text) => {
    expect(only(text).selfCommitting).toBe(true)
  })

  it.each([
    "select call()",
    "insert into t values ('call p()')",
    "create index on t (a)",
    'create index "concurrently" on t (a)',
    "drop index i",
    "create table database (a int)",
    "create materialized view v as select 1",
    "refresh materialized view concurrently v",
    "alter table t add column concurrent int",
    "alter database d set work_mem = '1MB'",
    "alter type e add value 'x'",
    "discard plans",
    "analyze t",
    "commit",
    "begin",
    "prepare transaction 'x'",
    "-- vacuum\nselect 1",
  ])("%j does not", (text) => {
    expect(only(text).selfCommitting).toBe(false)
  })
})

describe("reaching beyond a read-only transaction", () => {
  it.each([
    "select pg_notify('c', 'm')",
    "select pg_catalog.pg_notify('c', 'm')",
    "select \"pg_notify\" ('c', 'm')",
    "SELECT PG_NOTIFY /* now */ ('c', 'm')",
    "with x as (select pg_advisory_lock(1)) select * from x",
    "select pg_try_advisory_xact_lock_shared(1, 2)",
    "select set_config('a.b', 'c', false)",
    "select pg_terminate_backend(pid) from pg_stat_activity",
    "select dblink_exec('', 'delete from t')",
    "select lo_unlink(1)",
    "select nextval('s')",
    "select * from pg_logical_slot_get_changes('s', null, null)",
    "select pg_stat_statements_reset()",
  ])("%s does", (text) => {
    expect(only(text).beyondReadOnly).toBe(true)
  })

  it.each([
    "select 'pg_notify(1)'",
    "select lo_revenue from lineorder where lo_quantity > (select 1)",
    "select pg_notify from t",
    "select pg_logical_slot_peek_changes('s', null, null)",
    "select currval('s'), pg_is_in_recovery()",
    "select count(*) /* pg_notify( */ from t",
  ])("%j does not", (text) => {
    expect(only(text).beyondReadOnly).toBe(false)
  })
})

/** Text that ends where it should, and holds what could be mistaken for an end. */
const noise = fc.string({
  unit: fc.constantFrom(";", "'", '"', "$", "$$", "--", "/*", "*/", "\n", "a", "E", "(", ")", "\\", "é", " "),
})

const quoted = fc.oneof(
  noise.map((text) => `'${text.replaceAll("'", "''")}'`),
  noise.map((text) => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`),
  noise.map((text) => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'\n'\\''`),
  noise.map((text) => `U&'${text.replaceAll("'", "''")}'`),
  noise.map((text) => `"x${text.replaceAll('"', '""')}"`),
  noise.map((text) => `U&"x${text.replaceAll('"', '""')}"`),
  fc
    .tuple(noise, fc.constantFrom("$$", "$t$", "$é_1$"))
    .filter(([text, tag]) => !`${text}$`.includes(tag))
    .map(([text, tag]) => `${tag}${text} ${tag}`),
)

const comment = fc.oneof(
  noise.map((text) => `--${text.replaceAll("\n", "")}\n`),
  noise.map((text) => `/*${text.replaceAll(/\/\*|\*\/|\*$|\/$/g, "+").replaceAll(/\/\*|\*\//g, "+")} */`),
  noise.map((text) => `/* /*${text.replaceAll("*", "+").replaceAll("/", "+")}*/ ; */`),
)

const piece = fc.oneof(
  quoted,
  comment,
  fc.constantFrom("1", "$1", "$2", "a$b$", "+", "(;)", "(1)", "::int", "/", "- -", "* /", "e", "U&", "\n", "\t"),
)

/** One statement that is not empty, whatever its pieces. The commas keep strings from continuing each other. */
const statement = fc.array(piece, { maxLength: 8, size: "max" }).map((pieces) => ["select", ...pieces].join(" , "))

describe("properties of reading texts", () => {
  it("property: never throws and always ends, whatever the text", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200, size: "max" }),
      noise,
      fc.array(fc.oneof(piece, noise)).map((all) => all.join("")),
    )
    fc.assert(
      fc.property(anything, (text) => {
        for (const { first, second } of sqlText(text).statements)
          expect(first + second).toBe((first + second).toUpperCase())
      }),
      { numRuns: 3_000 },
    )
  })

  it("property: statements put together are as many as they were, however they are quoted", () => {
    fc.assert(
      fc.property(
        fc.array(statement, { maxLength: 5, size: "max" }),
        fc.constantFrom(";", " ; ", ";\n;", "; -- end\n;"),
        (all, separator) => {
          expect(count(all.join(separator))).toBe(all.length)
          expect(count(`;${all.join(separator)};`)).toBe(all.length)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it("property: another quoting of the same changes nothing", () => {
    fc.assert(
      fc.property(fc.array(quoted, { minLength: 1, maxLength: 6, size: "max" }), (values) => {
        const plain = sqlText(`select ${values.map(() => "1").join(", ")}; select 2`)
        expect(sqlText(`select ${values.join(", ")}; select 2`)).toEqual(plain)
      }),
      { numRuns: 2_000 },
    )
  })

  it("property: comments change nothing", () => {
    fc.assert(
      fc.property(comment, comment, comment, (a, b, c) => {
        expect(sqlText(`${a}rollback${b}to${c}x${a};${b}select 1${c}`)).toEqual(sqlText("rollback to x; select 1"))
      }),
      { numRuns: 2_000 },
    )
  })
})

it("reads texts of megabytes that try to make it look twice", () => {
  const traps = [
    "$a",
    "/*",
    "E'\n",
    "'",
    "(",
    "E'a'\n--x\n",
    "$",
    "$$ ",
    "begin ",
    "create function begin atomic case ",
    "pg_notify(",
  ]
  const startedAt = performance.now()
  for (const trap of traps) sqlText(trap.repeat(1_000_000 / trap.length))
  // A quadratic reader would need hours; this one needs milliseconds for each.
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
