import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { generate, report, verify } from "@kysely-resilient/codegen-config"
import { dataIn } from "@kysely-resilient/codegen-config/src/generated-file.ts"
import { createDatabase } from "@kysely-resilient/core"
import type { Client } from "pg"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { parsePrices, readPrices, sp500, type DailyPrice } from "../../../examples/schema/prices.ts"
import { schema as exampleSchema } from "../../../examples/schema/schema.gen.ts"
import { testDatabase } from "../../support/databases.ts"
import { decodedProgram, lastRows } from "./decoded.ts"
import { scratchFolder, typeErrors } from "./type-check.ts"

const committed = new URL("../../../examples/schema/schema.gen.ts", import.meta.url)
const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query(await readFile(new URL("../../../examples/schema/schema.sql", import.meta.url), "utf8"))
    await client.query(oneRowPerTable)
  },
})

const oneRowPerTable = `
insert into instruments (symbol, name) values ('^GSPC', 'S&P 500');
insert into prices values (1, '2000-01-03', 1469.25, 1478, 1438.359985, 1455.219971, 931800000);
insert into prices values (1, '2000-01-04', 1455.219971, 1455.219971, 1397.430054, 1399.420044, 1009000000);
insert into signals (instrument_id, day, kind, strength, closes, detail)
  values (1, '2000-01-04', 'sell', 0.75, '{1455.219971,1399.420044}', '{"window": 2}');
insert into users (name, email) values ('Ann', 'ann@example.org');
insert into accounts (owner, balance) values ('ann', 100), ('bob', 0);
insert into transfers (id, from_account, to_account, amount) values (gen_random_uuid(), 1, 2, 12.5);
insert into ledger (entry, worker, sequence, payload) values (gen_random_uuid(), 1, 1, 'signal');
`

async function tablesOfFile(): Promise<NonNullable<ReturnType<typeof dataIn>>["tables"]> {
  const data = dataIn(await readFile(committed, "utf8"))
  if (!data) throw new Error("the committed file says nothing of itself")
  return data.tables
}

describe("the example's generated types", () => {
  it("are committed as they would be written now", async () => {
    await using folder = await scratchFolder()
    const outFile = join(folder.path, "schema.gen.ts")
    await generate({ connection: database.url, outFile })
    expect(await readFile(committed, "utf8")).toBe(await readFile(outFile, "utf8"))
    expect(report(await verify({ connection: database.url, outFile: committed }))).toMatch(/is what the database says/)
  })

  it("compile under every strict flag and say of each column what a database with the schema reads", async () => {
    await using folder = await scratchFolder()
    await using db = createDatabase({ schema: exampleSchema, connection: database.url, pool: { min: 0, max: 1 } })
    const rows = await lastRows(db, Object.keys(await tablesOfFile()))
    const schema = await readFile(committed, "utf8")
    const program = decodedProgram(rows)
    expect(await typeErrors(folder.path, { "schema.gen.ts": schema, "decoded.ts": program })).toEqual([])
    expect(Object.keys(rows.find(({ table }) => table === "daily_returns")?.row ?? {})).toHaveLength(5)

    // A check that cannot fail would prove nothing.
    const wrong = schema.replace("volume: Int8", "volume: number")
    expect(wrong).not.toBe(schema)
    const errors = await typeErrors(folder.path, { "schema.gen.ts": wrong, "decoded.ts": program })
    expect(errors.join("\n")).toMatch(/decoded\.ts.*'bigint' is not assignable to type 'number'/)
  })

  it("say of each column what the server says of null and of values that only it may give", async () => {
    const client = await database.connect()
    const outcomes = []
    for (const [table, { kind, columns }] of Object.entries(await tablesOfFile())) {
      if (kind === "view") continue
      for (const [column, { nullable, generated }] of Object.entries(columns)) {
        outcomes.push({
          column: `${table}.${column}`,
          told: { nullable, writable: generated !== "always" },
          found: {
            nullable: (await sqlState(client, `update ${table} set ${column} = null`)) !== "23502",
            writable: (await sqlState(client, `update ${table} set ${column} = ${column}`)) !== "428C9",
          },
        })
      }
    }
    const always = outcomes.filter(({ told }) => !told.writable)
    expect(always.map(({ column }) => column)).toEqual(["prices.spread", "signals.id", "users.id"])
    for (const { column, told, found } of outcomes) {
      // The server refuses to write these at all before it looks for nulls.
      expect({ column, ...found }).toEqual({ column, ...told, ...(!told.writable && { nullable: true }) })
    }
  })
})

describe("the S&P 500's prices", () => {
  it("are 5,105 days that the schema's constraints agree with, to the last digit", async () => {
    const prices = await readPrices()
    expect(prices).toHaveLength(5105)
    const client = await database.connect()
    await client.query("begin")
    const { rows } = await client.query<DailyPrice>(
      `with instrument as (insert into instruments (symbol, name) values ($1, $2) returning id)
      insert into prices (instrument_id, day, open, high, low, close, volume)
      select instrument.id, day, open, high, low, close, volume from instrument,
        json_to_recordset($3) as r (day date, open numeric, high numeric, low numeric, close numeric, volume bigint)
      returning day::text, open, high, low, close, volume`,
      ["SPX", sp500.name, JSON.stringify(prices)],
    )
    await client.query("rollback")
    expect(rows).toEqual(prices)
  })

  it("are refused as a whole if one line is not what it should be", () => {
    const header = "date,open,high,low,close,adjclose,volume"
    const good = "2000-01-03,1469.250000,1478.000000,1438.359985,1455.219971,1455.219971,931800000"
    expect(parsePrices(`${header}\r\n${good}\r\n`)).toEqual([
      {
        day: "2000-01-03",
        open: "1469.250000",
        high: "1478.000000",
        low: "1438.359985",
        close: "1455.219971",
        volume: "931800000",
      },
    ])
    expect(() => parsePrices(`${header}\n${good}\n${good.replace("1478", "n/a")}\n`)).toThrow(
      /^Line 3 is not a day's prices/,
    )
    expect(() => parsePrices(`${good}\n`)).toThrow(/^Expected the columns date,open/)
  })
})

/** Of the error that a statement ends with, if it does; the statement is undone in any case. */
async function sqlState(client: Client, text: string): Promise<string | undefined> {
  await client.query("begin")
  try {
    await client.query(text)
    return undefined
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "no code"
  } finally {
    await client.query("rollback")
  }
}

describe("verify, when the database is not what the file says", () => {
  let client: Client
  beforeEach(async () => {
    client = await database.connect()
  })
  const undo: string[] = []
  afterEach(async () => {
    for (const text of undo.splice(0)) await client.query(text)
  })

  it.each([
    [
      "a column is of another type",
      "alter table ledger alter sequence type bigint",
      "alter table ledger alter sequence type integer",
      ["ledger.sequence: type is int4 in the file and int8 in the database"],
    ],
    [
      "a column may be null now",
      "alter table accounts alter owner drop not null",
      "alter table accounts alter owner set not null",
      ["accounts.owner: nullable is false in the file and true in the database"],
    ],
    [
      "a column lost its default",
      "alter table ledger alter written_at drop default",
      "alter table ledger alter written_at set default clock_timestamp()",
      ["ledger.written_at: generated is default in the file and none in the database"],
    ],
    [
      "an identity is no longer the database's alone",
      "alter table signals alter id set generated by default",
      "alter table signals alter id set generated always",
      ["signals.id: generated is always in the file and default in the database"],
    ],
    [
      "a column was renamed",
      "alter table transfers rename amount to value",
      "alter table transfers rename value to amount",
      ["transfers.amount: is called value in the database"],
    ],
    [
      "an enum has another label",
      "alter type signal_kind rename value 'hold' to 'wait'",
      "alter type signal_kind rename value 'wait' to 'hold'",
      ['signals.kind: of the enum\'s labels, "hold" only in the file and "wait" only in the database'],
    ],
    [
      "a domain allows null now",
      "alter domain ticker drop not null",
      "alter domain ticker set not null",
      ["instruments.symbol: nullable is false in the file and true in the database"],
    ],
    [
      "a constraint was dropped",
      "alter table accounts drop constraint accounts_balance_check",
      "alter table accounts add constraint accounts_balance_check check (balance >= 0)",
      ["accounts: the constraint accounts_balance_check is in the file and not in the database"],
    ],
    [
      "a unique constraint holds other columns",
      "alter table signals drop constraint signals_instrument_day_kind_key; alter table signals add constraint signals_instrument_day_kind_key unique (instrument_id, day)",
      "alter table signals drop constraint signals_instrument_day_kind_key; alter table signals add constraint signals_instrument_day_kind_key unique (instrument_id, day, kind)",
      [
        'signals: columns of the constraint signals_instrument_day_kind_key is ["instrument_id","day","kind"] in the file and ["instrument_id","day"] in the database',
      ],
    ],
    [
      "a unique index came, which is no constraint and forbids as much",
      "create unique index accounts_owner_idx on accounts (lower(owner))",
      "drop index accounts_owner_idx",
      ["accounts: the constraint accounts_owner_idx is in the database and not in the file"],
    ],
    [
      "a foreign key waits for COMMIT now",
      "alter table transfers alter constraint transfers_from_account_fk deferrable",
      "alter table transfers alter constraint transfers_from_account_fk not deferrable",
      [
        "transfers: deferrable of the constraint transfers_from_account_fk is none in the file and true in the database",
      ],
    ],
    [
      "a table came and a table went",
      "alter table accounts rename to purses",
      "alter table purses rename to accounts",
      [
        "accounts: is in the file and not in the database",
        "purses: is in the database and not in the file",
        ...["from", "to"].map(
          (side) =>
            `transfers: references of the constraint transfers_${side}_account_fk is {"table":"accounts","columns":["id"]} in the file and {"table":"purses","columns":["id"]} in the database`,
        ),
      ],
    ],
  ])("says so if %s", async (_, change, back, expected) => {
    undo.push(back)
    await client.query(change)
    const verification = await verify({ connection: database.url, outFile: committed })
    expect(verification.state).toBe("drifted")
    expect(report(verification).split("\n  ").slice(1)).toEqual(expected)
  })

  it.each([
    ["an index that forbids nothing", "create index later_idx on ledger (worker)", "drop index later_idx"],
    [
      "a wider numeric",
      "alter table transfers alter amount type numeric(18, 2)",
      "alter table transfers alter amount type numeric(14, 2)",
    ],
    ["a migration table of Kysely's", "create table kysely_migration (name text)", "drop table kysely_migration"],
  ])("finds nothing wrong with %s", async (_, change, back) => {
    undo.push(back)
    await client.query(change)
    expect((await verify({ connection: database.url, outFile: committed })).state).toBe("current")
  })

  it("tells a changed comment from a changed column", async () => {
    undo.push(
      "comment on table ledger is 'Evidence: every write leaves an entry. Nothing here is unique on purpose: a write applied twice must show'",
    )
    await client.query("comment on table ledger is 'A list'")
    const verification = await verify({ connection: database.url, outFile: committed })
    expect(verification).toMatchObject({ state: "rewritten", generated: "/** A list */" })
  })
})
