import type { Engine } from "@kysely-resilient/driver"
import { ResilientPool, type ResilientPoolConfig } from "@kysely-resilient/driver/pg-pool"
import pg from "pg"
import { expect } from "vitest"

import { expectCalm } from "../../support/aftermath.ts"
import type { TestDatabase } from "../../support/databases.ts"

/** Short waits, so that a test need not take long; what they are is not what is tested. */
const QUICK: ResilientPoolConfig = {
  max: 3,
  resilience: {
    timeouts: { connectMs: 2_000, cancelMs: 400, stallMs: 300 },
    retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 3_000 },
  },
}

/** One of `pg`'s, of which nothing ends the process: somebody listens to everything. */
export function plainPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 3 })
  pool.on("error", () => {})
  pool.on("connect", (client) => client.on("error", () => {}))
  return pool
}

export function resilientPool(url: string, config: ResilientPoolConfig = {}): ResilientPool {
  const { resilience, ...rest } = config
  return new ResilientPool({
    connectionString: url,
    ...QUICK,
    ...rest,
    resilience: { ...QUICK.resilience, ...resilience },
  })
}

/** What `expectCalm` wants of an engine, of a pool. */
export async function expectCalmPool(pool: ResilientPool, database: TestDatabase): Promise<void> {
  const run: Engine["run"] = async ({ sql }) => {
    const { rows, command } = await pool.query(sql)
    return { ok: true, value: { rows, command, affected: undefined }, attempts: 1 }
  }
  await expectCalm({ snapshot: () => pool.snapshot(), run }, database)
  expect(pool.waitingCount).toBe(0)
}

export interface Told {
  readonly ok: boolean
  readonly code?: unknown
  readonly message?: string
  readonly effect?: unknown
  readonly token?: string
}

/** What a caller was told. */
export async function told(work: Promise<unknown>): Promise<Told> {
  try {
    await work
    return { ok: true }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const token: unknown = Reflect.get(error, "token")
    return {
      ok: false,
      code: Reflect.get(error, "code"),
      message: error.message,
      effect: Reflect.get(error, "effect"),
      ...(typeof token === "string" && { token }),
    }
  }
}

/** A transaction as it is written for `pg` everywhere: a ROLLBACK that fails would hide why. */
export async function byHand(pool: pg.Pool, ...statements: readonly string[]): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query("BEGIN")
    for (const statement of statements) await client.query(statement)
    await client.query("COMMIT")
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  } finally {
    client.release()
  }
}
