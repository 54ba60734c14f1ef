import { ResilientPostgresDialect } from "@kysely-resilient/driver"
import { Kysely } from "kysely"

interface DB {
  accounts: { owner: string; balance: number }
}

const dialect = new ResilientPostgresDialect({ connection: process.env.DATABASE_URL, pool: { max: 10 } })
const db = new Kysely<DB>({ dialect })

const rich = await db.selectFrom("accounts").select("owner").where("balance", ">=", 100).execute()
console.log("Rich:", rich.map(({ owner }) => owner).join(", "))
