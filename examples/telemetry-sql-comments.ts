import { createDatabase } from "@kysely-resilient/core"

const db = createDatabase<object>({ sqlComments: { application: "shop", tags: () => ({ job: process.env.JOB }) } })

// What the server was sent, as it shows it to others in pg_stat_activity.
const shown = await db.query<{ sent: string }>("select current_query() as sent", [], { name: "who am I" })
shown.match(
  ({ rows }) => console.log(rows[0]?.sent), // select current_query() as sent /*action='who%20am%20I',application='shop',…*/
  (error) => console.log(error.message),
)
await db.close()
