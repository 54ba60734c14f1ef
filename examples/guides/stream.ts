import { createDatabase, describe, unsafeDriverError } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"

import type { Library } from "./library.ts"

await using db = createDatabase<Library>()

const books = db.selectFrom("books").select(["title", "price"]).orderBy("title")

// Row by row, in chunks: never more than one chunk in memory. Leaving the loop closes the portal on the server.
for await (const row of db.stream(books, { chunkSize: 100 })) {
  if (row.isErr()) {
    console.error(describe(row.error)) // the last that comes
    break
  }
  console.log(row.value.title)
  if (row.value.title.startsWith("The D")) break
}

// With a callback: each row waits for the one before it. Its Err ends the stream, and is the answer.
const visited = await db.forEach(books, async ({ price }) => (Number(price) > 11.5 ? err("too dear" as const) : ok()))
console.log(visited.isErr() && visited.error === "too dear" ? "one was too dear" : "all were fine")

// What the callback throws is an Err too, and is not lost.
const thrown = await db.forEach(books, ({ title }) => {
  if (title === "Solaris") throw new RangeError("Solaris is not for sale")
})
if (thrown.isErr() && thrown.error.kind === "callback_threw") console.log(String(unsafeDriverError(thrown.error)))
