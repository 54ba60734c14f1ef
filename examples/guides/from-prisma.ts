import { randomUUID } from "node:crypto"

import { createDatabase } from "@kysely-resilient/core"
import { err } from "neverthrow"
import { jsonArrayFrom } from "kysely/helpers/postgres"

import { schema } from "./library.gen.ts"

await using db = createDatabase({ schema })

/** Prisma's DateTime is timestamp(3) and holds UTC, without saying so: it must not go through a Date of the local time. */
const toUtc = (date: Date): string => date.toISOString()
const fromUtc = (text: string): Date => new Date(`${text.replace(" ", "T")}Z`)

// create. What Prisma does in the client is yours now: @default(uuid()), @default(cuid()), @updatedAt.
const opened = new Date("2026-03-01T13:00:00Z")
const reader = await db.one(
  db
    .insertInto("readers")
    .values({ id: randomUUID(), name: "Ann", updatedAt: toUtc(opened) })
    .returning(["id", "updatedAt"]),
)
if (reader.isErr()) throw reader.error
console.log(fromUtc(reader.value.updatedAt).toISOString())

// update and delete: Prisma throws P2025 if there is none, and this is no_row.
const rename = (id: string, name: string) =>
  db.one(
    db
      .updateTable("readers")
      .set({ name, updatedAt: toUtc(new Date()) })
      .where("id", "=", id)
      .returning("name"),
  )
const renamed = await rename(reader.value.id, "Anna")
const nobody = await rename("nobody", "Anna")
console.log(renamed.isOk() && renamed.value.name, nobody.isErr() && nobody.error.kind)
const deleted = await db.one(db.deleteFrom("readers").where("id", "=", reader.value.id).returningAll())
console.log("deleted:", deleted.isOk())

// findFirst({ orderBy }), include
const cheapest = await db.first(db.selectFrom("books").select("title").orderBy("price").limit(1))
if (cheapest.isOk()) console.log(cheapest.value?.title)
const authors = await db.all(
  db
    .selectFrom("authors")
    .select((eb) => [
      "name",
      jsonArrayFrom(eb.selectFrom("books").select("title").whereRef("author_id", "=", "authors.id")).as("books"),
    ])
    .orderBy("name"),
)
if (authors.isOk()) console.log(authors.value.map(({ name, books }) => `${name} ${books.length}`).join(", "))

// A nested write is two statements in a transaction.
const made = await db.transaction(async (tx) => {
  const author = await tx.one(tx.insertInto("authors").values({ name: "Arkady" }).returning("id"))
  if (author.isErr()) return err(author.error)
  return tx.insertMany("books", [{ author_id: author.value.id, title: "Roadside Picnic", price: "10" }])
})
if (made.isOk()) console.log("made", Number(made.value.affected))
