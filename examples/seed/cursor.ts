import { ResilientPool } from "@kysely-resilient/driver/pg-pool"
import type pg from "pg"

// The one line that changes: it was new pg.Pool({ … })
const pool: pg.Pool = new ResilientPool({ connectionString: process.env.DATABASE_URL })

// This now has automatic error recovery
const client = await pool.connect()
const { rows: results } = await client.query("SELECT * FROM live_signals")
client.release()

console.log(results.length, "signals")
await pool.end()
