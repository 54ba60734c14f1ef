import { ResilientPool } from "@kysely-resilient/driver/pg-pool"
import pg from "pg"

// The one line that changes. It was: new pg.Pool({ … })
const pool: pg.Pool = new ResilientPool({ connectionString: process.env.DATABASE_URL, max: 10 })

async function transfer(from: string, to: string, amount: number): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query("BEGIN")
    await client.query("update accounts set balance = balance - $1 where owner = $2", [amount, from])
    await client.query("update accounts set balance = balance + $1 where owner = $2", [amount, to])
    await client.query("COMMIT")
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  } finally {
    client.release()
  }
}

const { rows } = await pool.query<{ balance: number }>("select balance from accounts where owner = $1", ["ann"])
console.log("Ann has", rows[0]?.balance)

try {
  await transfer("ann", "bob", 70)
  console.log("Bob has 70")
} catch (error) {
  if (error instanceof pg.DatabaseError && error.code === "23514") console.log("Ann has too little")
  else throw error
}
await pool.end()
