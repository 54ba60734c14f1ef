import { createDatabase, type Database } from "@kysely-resilient/core"
import { defineSchema, policy, type SchemaDefinition } from "@kysely-resilient/core/schema"
import { CamelCasePlugin, type ColumnType, type KyselyPlugin } from "kysely"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { errorOf, valueOf } from "../../../support/results.ts"

type Spot = readonly [x: number, y: number]
type SpotColumn = ColumnType<Spot | null, Spot | null, Spot | null>

interface DB {
  places: {
    id: number
    spot: SpotColumn
    lastSpots: ColumnType<Spot[], readonly Spot[], readonly Spot[]>
    other: string
  }
}

const setup = `
create schema tenant;
create table places (id int4 primary key, spot point, last_spots point[], other text);
create table tenant.places (like places including all)`

const spots = policy({
  "pg_catalog.point": {
    ts: "Spot",
    from: "./spot.ts",
    parse: (text) => text.slice(1, -1).split(",").map(Number),
    serialize: ([x, y]: Spot) => {
      if (x < 0) throw new Error(`secret ${x}`)
      return `(${x},${y})`
    },
  },
})

const column = (type: string): { type: string; nullable: true } => ({ type, nullable: true })
const tables: SchemaDefinition["tables"] = {
  places: {
    kind: "table",
    columns: { id: column("int4"), spot: column("point"), last_spots: column("point[]"), other: column("text") },
  },
}

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })
const opened: Database<DB>[] = []

function open(plugins: readonly KyselyPlugin[] = [new CamelCasePlugin()]): Database<DB> {
  const schema = defineSchema<DB>({ tables, policy: spots })
  const db = createDatabase({ schema, plugins, connection: database.url, pool: { min: 0, max: 1 } })
  opened.push(db)
  return db
}

const row = { id: 1, spot: [1, 2], lastSpots: [[3, 4]], other: "(5,6)" } as const
const stored = async (table = "places"): Promise<unknown> =>
  (await database.ask(`select spot::text, last_spots::text as last, other from ${table} order by id`))[0]

beforeEach(() => database.ask("truncate places, tenant.places"))

afterEach(async () => {
  for (const db of opened.splice(0)) valueOf(await db.close())
})

describe("a custom type that knows how to write its values", () => {
  it("writes them in values, set and doUpdateSet, and reads them again", async () => {
    const db = open()
    valueOf(await db.exec(db.insertInto("places").values(row)))
    expect(await stored()).toEqual({ spot: "(1,2)", last: '{"(3,4)"}', other: "(5,6)" })
    expect(valueOf(await db.all(db.selectFrom("places").selectAll()))).toEqual([row])
    valueOf(
      await db.exec(
        db
          .updateTable("places as p")
          .set({ spot: [7, 8] })
          .where("p.id", "=", 1),
      ),
    )
    expect(await stored()).toMatchObject({ spot: "(7,8)" })
    const upsert = db.insertInto("places").values([row, { ...row, id: 2, spot: null }])
    valueOf(
      await db.exec(
        upsert.onConflict((conflict) => conflict.column("id").doUpdateSet({ spot: [9, 9], lastSpots: [] })),
      ),
    )
    expect(await stored()).toMatchObject({ spot: "(9,9)", last: "{}" })
  })

  it.each([
    ["the hot Kysely", (db: Database<DB>) => db.kysely.insertInto("places").values(row).execute(), "places"],
    [
      "another schema with the same tables",
      (db: Database<DB>) => db.kysely.withSchema("tenant").insertInto("places").values(row).execute(),
      "tenant.places",
    ],
    [
      "a CTE",
      (db: Database<DB>) => {
        const inserted = db.with("w", (q) => q.insertInto("places").values(row).returning("id"))
        return db.all(inserted.selectFrom("w").selectAll())
      },
      "places",
    ],
  ])("writes them through %s", async (_, write, table) => {
    await write(open())
    expect(await stored(table)).toEqual({ spot: "(1,2)", last: '{"(3,4)"}', other: "(5,6)" })
  })

  it("whose writing fails sends nothing, and quotes no value", async () => {
    const db = open()
    const error = errorOf(await db.exec(db.insertInto("places").values({ ...row, spot: [-1, 2] })))
    expect(error).toMatchObject({ kind: "encode_failed", effect: "not_applied" })
    expect(JSON.stringify(error) + String(error)).not.toMatch(/secret/)
    expect(await stored()).toBeUndefined()
  })
})
