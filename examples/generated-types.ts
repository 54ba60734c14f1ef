import { createDatabase } from "@kysely-resilient/core"
import { AccountOwner, schema } from "./accounts.gen.ts"

await using db = createDatabase({ schema })

const ready = await db.ready({ checkSchema: "error" })
if (ready.isErr()) throw ready.error // schema_drift, with every table, column and constraint that differs

const ann = await db.one(db.selectFrom("accounts").selectAll().where("owner", "=", AccountOwner("ann")))
if (ann.isOk()) console.log(ann.value.owner, "has", ann.value.balance)

const drift = await db.checkSchema()
if (drift.isOk()) console.log("Differences:", drift.value.length)
