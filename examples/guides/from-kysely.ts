import { ResilientPostgresDialect } from "@kysely-resilient/driver"
import { createDatabase } from "@kysely-resilient/core"
import { Kysely } from "kysely"

import type { Library } from "./library.ts"

// Step one: only the dialect is another. Everything else stays, and throws as before.
const before = new Kysely<Library>({ dialect: new ResilientPostgresDialect() })
const first = await before.selectFrom("authors").select("name").orderBy("name").executeTakeFirstOrThrow()
console.log(first.name)
await before.destroy()

// Step two: the same builders on a database that answers Results. What has not moved yet uses `db.kysely`.
await using db = createDatabase<Library>()
const names = await db.all(db.selectFrom("authors").select("name").orderBy("name"))
if (names.isOk()) console.log(names.value.length, "authors")
const old = await db.kysely.selectFrom("authors").selectAll().execute()
console.log(old.length, "the old way")
