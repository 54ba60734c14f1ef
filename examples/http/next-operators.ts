// app/api/database-resilience/[[...path]]/route.ts
import { routes } from "@kysely-resilient/http/next"

import { db } from "./database.ts"

export const dynamic = "force-dynamic"
export const { GET, HEAD, POST, OPTIONS } = routes(db, { token: process.env.DATABASE_PAGE_TOKEN })
