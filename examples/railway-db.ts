import { ResilientPool } from "@kysely-resilient/driver/pg-pool"
import type pg from "pg"

/** What an application has called for years. Its callers change nothing; only what stands behind it has changed. */
class RailwayDB {
  readonly #pool = new ResilientPool({ connectionString: process.env.DATABASE_URL, min: 2, max: 20 })

  async fetchAll<Row extends pg.QueryResultRow>(sql: string, ...values: unknown[]): Promise<Row[]> {
    return (await this.#pool.query<Row>(sql, values)).rows
  }

  /** How many rows it has changed. */
  async execute(sql: string, ...values: unknown[]): Promise<number> {
    return (await this.#pool.query(sql, values)).rowCount ?? 0
  }

  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    try {
      await client.query("BEGIN")
      const value = await work(client)
      await client.query("COMMIT")
      return value
    } catch (error) {
      await client.query("ROLLBACK")
      throw error
    } finally {
      client.release()
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }
}

const db = new RailwayDB()
await db.execute("update accounts set balance = balance + $1 where owner = $2", 5, "bob")
await db.transaction(async (client) => {
  await client.query("update accounts set balance = balance - 5 where owner = 'ann'")
})
for (const { owner, balance } of await db.fetchAll<{ owner: string; balance: number }>(
  "select * from accounts order by 1",
)) {
  console.log(owner, balance)
}
await db.close()
