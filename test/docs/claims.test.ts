import { createEngine, type Engine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { describeStatement } from "@kysely-resilient/driver/src/postgres/statement.ts"
import { Kysely } from "kysely"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { testDatabase } from "../support/databases.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table visits (at timestamptz default now())")
    await client.query("create sequence s")
    await client.query(`
      create function guarded() returns text language plpgsql as $$
      begin
        insert into visits default values;
        return 'written';
      exception when read_only_sql_transaction then
        return 'not written';
      end $$`)
    await client.query("create view counted as select nextval('s') as n")
  },
})

let engine: Engine

beforeAll(() => {
  engine = createEngine({ connection: database.url })
})

afterAll(async () => {
  await engine.close()
})

describe("what docs/query-life.md says of reads", () => {
  it("a suspected read that writes is run once more, as the write it is", async () => {
    const insert = text(
      "with added as (insert into visits default values returning at) select count(*)::int as n from added",
    )
    expect(describeStatement(insert).reads).toBe("ask")
    expect(await engine.run(insert)).toMatchObject({ ok: true, value: { rows: [{ n: 1 }] } })
    expect(await database.ask("select count(*)::int as n from visits")).toEqual([{ n: 1 }])
    expect(await engine.run(text("select nextval('s')"))).toMatchObject({ ok: true })
  })

  it("a function that handles 25006 takes the other way, unless the statement is said not to be a read", async () => {
    expect(await engine.run(text("select guarded()"))).toMatchObject({ value: { rows: [{ guarded: "not written" }] } })
    expect(await engine.run(text("select guarded()"), { readOnly: false })).toMatchObject({
      value: { rows: [{ guarded: "written" }] },
    })
  })

  it("a select from a view over a volatile function is taken for a read", async () => {
    const db = new Kysely<{ counted: { n: string } }>({ dialect: engine.dialect() })
    const query = db.selectFrom("counted").select("n").compile()
    expect(describeStatement(query).reads).toBe("proved")
    expect(await engine.run(query)).toMatchObject({ ok: true })
  })
})
