import { createDatabase, toPromise } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"

import type { Library } from "./library.ts"

// It was: await createPool(url)
await using db = createDatabase<Library>()

// It was: pool.one(sql.type(row)`…`). The type is your word; the builder's comes from the schema.
const first = await db.one(db.sql<{ name: string }>`select name from authors order by name limit 1`)
if (first.isOk()) console.log(first.value.name)

// It was: sql.fragment, sql.identifier, sql.join
const { sql } = db
const only = sql`where ${sql.ref("name")} in (${sql.join(["Ursula", "Arkady"])})`
const some = await db.all(db.sql<{ name: string }>`select name from authors ${only}`)
if (some.isOk()) console.log(some.value.length, "of them")

// It was: sql.array, and sql.unnest, for which there is also db.insertMany
const ids = await db.all(db.sql<{ id: number }>`select id from authors where id = any(${[1, 2]}::int[]) order by id`)
if (ids.isOk()) console.log(ids.value.map(({ id }) => id).join(", "))

/** It was: pool.transaction(async (connection) => { … throw new Error("taken") }) */
const register = (name: string) =>
  db.transaction(async (tx) => {
    const known = await tx.exists(tx.selectFrom("authors").where("name", "=", name))
    if (known.isErr()) return err(known.error)
    if (known.value) return err("taken" as const)
    return (await tx.one(tx.insertInto("authors").values({ name }).returning("id"))).andThen(({ id }) => ok(id))
  })

const arkady = await register("Arkady")
console.log(arkady.isOk() ? "registered" : arkady.error)

// Where a promise is wanted that rejects, as slonik's do:
const boris: number = await toPromise(register("Boris"))
const again = await toPromise(register("Boris")).catch((error: unknown) => error)
console.log(boris > 0, again)
