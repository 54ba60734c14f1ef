import { assertNever, catchConstraint, createDatabase, fieldErrors, type InsertError } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"

import { schema } from "./library.gen.ts" // what the database is, its constraints included

await using db = createDatabase({ schema })

const newAuthor = (name: string) => db.insertInto("authors").values({ name }).returning(["id", "name"])
const newBook = (author_id: number, price: string) =>
  db.insertInto("books").values({ author_id, title: "Eden", price }).returning("id")

// One constraint is expected, and the rest is for whoever calls: it leaves the error's type as soon as it is handled.
const author = (name: string) =>
  db.one(newAuthor(name)).orElse(catchConstraint("authors_name_key", () => db.one(byName(name))))
const byName = (name: string) => db.selectFrom("authors").select(["id", "name"]).where("name", "=", name)

for (const name of ["Stanislaw", "Arkady"]) {
  const found = await author(name)
  if (found.isOk()) console.log(found.value.id, found.value.name)
}

// PostgreSQL can decide it, too, without an error.
const added = await db.exec(newAuthor("Ursula").onConflict((conflict) => conflict.column("name").doNothing()))
if (added.isOk()) console.log(added.value.affected, "added")

// For a form: by field.
const problemsOf = fieldErrors<InsertError<typeof schema, "books">>({
  books_price_check: "A book costs something",
  books_author_fk: { field: "author", message: "Nobody knows this author" },
})
for (const book of [newBook(1, "-1"), newBook(99, "12"), newBook(1, "12")]) {
  const made = await db.one(book)
  if (made.isOk()) console.log("made", made.value.id)
  else if (made.error.category === "constraint") console.log(problemsOf(made.error))
  else console.log(made.error.message)
}

// For everything: what a DELETE of authors can violate are the foreign keys that point there, and this switch knows them all.
const gone = await db.exec(db.deleteFrom("authors").where("name", "=", "Ursula")).orElse((error) => {
  if (error.category !== "constraint") return err(error)
  switch (error.constraint) {
    case "books_author_fk":
      return ok(`there are ${error.table} whose ${error.columns[0]} it is`)
    case null: // of something that the schema does not promise: a trigger, a cascade, a migration that came after `generate`
      return ok(`violates ${error.constraintName ?? error.kind}`)
    default:
      return assertNever(error)
  }
})
if (gone.isOk()) console.log(gone.value)
