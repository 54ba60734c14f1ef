import { createDatabase, examine } from "@kysely-resilient/core"

const db = createDatabase<object>()

// From memory: what has gone wrong lately, why, and what to do about it.
for (const { severity, code, message, action } of db.advise()) console.log(severity, code, message, action)

// From the server: one connection, reads only, five seconds at most. Four processes like this one share it.
const examined = await examine(db, { replicas: 4 })
if (examined.isErr()) throw examined.error
const { advice, checked } = examined.value
for (const { code, message, action, sql } of advice.filter(({ severity }) => severity === "critical")) {
  console.log(code, message, action, sql)
}
console.log(checked.length > 0 ? "examined" : "not examined")

await db.close()
