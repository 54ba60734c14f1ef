/** A program of its own: connects with the connection string that it is given, and says how that went. */
import { createEngine } from "@kysely-resilient/driver"
import { controlQuery } from "@kysely-resilient/driver/src/execution/control.ts"

const engine = createEngine({ connection: process.argv[2] ?? "", retry: false })
const settled = await engine.run(controlQuery("select 1"))
console.log(settled.ok ? "connected" : settled.failure.message)
await engine.close()
