// app/accounts/route.ts
import { respond } from "@kysely-resilient/http"
import { withDatabase } from "@kysely-resilient/http/next"

import { accounts, db } from "./database.ts"

const route = withDatabase(db, { timeoutMs: 5_000 }) // one for all routes, beside the database
export const GET = route(() => respond(accounts()))
