import { createDatabase } from "@kysely-resilient/core"
import { jsonArrayFrom } from "kysely/helpers/postgres"

import type { Library } from "./library.ts"

await using db = createDatabase<Library>()

// A query is a value, made with Kysely's own builders. A session runs it, and answers a Result.
const byTitle = (title: string) => db.selectFrom("books").select(["id", "title", "price"]).where("title", "=", title)

const solaris = await db.one(byTitle("Solaris")) // no row: no_row; several: too_many_rows
if (solaris.isOk()) console.log(solaris.value.title, solaris.value.price)

const missing = await db.maybeOne(byTitle("Roadside Picnic")) // none is fine
if (missing.isOk()) console.log("found:", missing.value?.title)

const cheap = await db.selectFrom("books").selectAll().where("price", "<", "11.50").orderBy("price").$call(db.all)
if (cheap.isOk()) for (const book of cheap.value) console.log(book.title)

const any = await db.exists(db.selectFrom("books").where("price", ">", "100"))
if (any.isOk()) console.log("expensive books:", any.value)

// What belongs together travels together: one round trip, all or nothing.
const page = await db.batch({
  authors: db
    .selectFrom("authors")
    .select((eb) => [
      "name",
      jsonArrayFrom(
        eb.selectFrom("books").select("title").whereRef("books.author_id", "=", "authors.id").orderBy("id"),
      ).as("books"),
    ])
    .orderBy("name"),
  total: db.selectFrom("books").select((eb) => eb.fn.countAll<string>().as("count")),
})
if (page.isOk()) {
  const { authors, total } = page.value
  console.log(authors.map(({ name, books }) => `${name} ${books.length}`).join(", "), "of", total[0]?.count)
}

// A condition that may be there or not.
const books = (like: { title?: string; under?: string }) =>
  db
    .selectFrom("books")
    .select("title")
    .$if(like.title !== undefined, (query) => query.where("title", "ilike", `%${like.title}%`))
    .$if(like.under !== undefined, (query) => query.where("price", "<", like.under ?? ""))
    .orderBy("title")
const found = await db.all(books({ under: "11.50" }))
if (found.isOk()) console.log(found.value.length, "under 11.50")

// A write: how many rows it changed, as a bigint; or, with RETURNING, what it made of them.
const dearer = await db.exec(db.updateTable("books").set({ price: "10.50" }).where("title", "=", "Solaris"))
if (dearer.isOk()) console.log("changed:", dearer.value.affected === 1n)
const added = await db.one(
  db.insertInto("books").values({ author_id: 2, title: "Eden", price: "8.00" }).returning(["id", "price"]),
)
if (added.isOk()) console.log("added at", added.value.price)
const removed = await db.exec(db.deleteFrom("books").where("title", "=", "Eden"))
if (removed.isErr()) console.error(removed.error.message)
else console.log("removed:", Number(removed.value.affected))
