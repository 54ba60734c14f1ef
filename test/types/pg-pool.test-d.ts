import { ResilientPool, type EffectOnError, type ResilientPoolConfig } from "@kysely-resilient/driver/pg-pool"
import { Kysely, PostgresDialect } from "kysely"
import type pg from "pg"
import { describe, expectTypeOf, it } from "vitest"

describe("ResilientPool", () => {
  it("is a pg.Pool, without a cast", () => {
    const pool: pg.Pool = new ResilientPool()
    expectTypeOf<ResilientPool>().toExtend<pg.Pool>()
    expectTypeOf(pool.connect()).toEqualTypeOf<Promise<pg.PoolClient>>()
  })

  it("is what Kysely's own dialect wants", () => {
    expectTypeOf(new Kysely<object>({ dialect: new PostgresDialect({ pool: new ResilientPool() }) })).not.toBeAny()
  })

  it("takes what pg.Pool takes, and more", () => {
    expectTypeOf<pg.PoolConfig>().toExtend<ResilientPoolConfig>()
    expectTypeOf<{ max: 3; resilience: { resolution: "marker" } }>().toExtend<ResilientPoolConfig>()
    const pool = new ResilientPool({ connection: "postgres://u@h/d", pool: { max: 3 } })
    expectTypeOf(pool.options.max).toBeNumber()
    // Where to connect to is said in the words of pg, or of the driver, but not in both.
    expectTypeOf<"connection">().not.toExtend<keyof NonNullable<ResilientPoolConfig["resilience"]>>()
  })

  it("answers each form of query as pg.Pool does", () => {
    const pool = new ResilientPool()
    const plain = (p: pg.Pool) => p.query<{ n: number }>("select 1 as n", [1])
    expectTypeOf(pool.query<{ n: number }>("select 1 as n", [1])).toEqualTypeOf<ReturnType<typeof plain>>()
    expectTypeOf(pool.query<[number]>({ text: "select 1", rowMode: "array" })).toEqualTypeOf<
      Promise<pg.QueryArrayResult<[number]>>
    >()
    expectTypeOf(pool.query("select 1", (error, result) => [error, result.rows])).toBeVoid()
    // @ts-expect-error -- a number is no query
    void pool.query(1)
  })

  it("says what is on its errors beside what pg puts there", () => {
    expectTypeOf<EffectOnError["effect"]>().toEqualTypeOf<"not_applied" | "applied" | "applied_locally" | "unknown">()
    expectTypeOf<EffectOnError["token"]>().toEqualTypeOf<string | undefined>()
  })
})
