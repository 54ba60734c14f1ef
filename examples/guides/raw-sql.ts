import { createDatabase } from "@kysely-resilient/core"

import type { Library } from "./library.ts"

await using db = createDatabase<Library>()

// Kysely's sql tag: values become parameters, and it composes with every terminal.
const least = "10"
const dear = await db.all(db.sql<{ title: string }>`select title from books where price > ${least} order by title`)
if (dear.isOk()) console.log(dear.value.map(({ title }) => title).join(", "))

// Or text and parameters. It answers the rows, the command and how many rows it counted.
const raised = await db.query("update books set price = price + $1 where price < $2", ["0.50", "10"])
if (raised.isOk()) console.log(raised.value.command, raised.value.affected)

// A single SELECT is repeated like any read. Of what only reads and does not look like it, say so:
const called = await db.query<{ n: number }>("select length($1) as n", ["Solaris"], { readOnly: true, name: "length" })
if (called.isOk()) console.log(called.value.rows[0]?.n)

// Several statements on one connection: settings, advisory locks, transaction control of your own.
const zone = await db.withConnection(async (session) => {
  const set = await session.query("set timezone to 'Asia/Tokyo'")
  return set.isErr() ? set : session.query<{ TimeZone: string }>("show timezone")
})
if (zone.isOk()) console.log(zone.value.rows[0]?.TimeZone) // and the connection goes back clean

// Of any query, how the server would run it.
const query = db.selectFrom("books").selectAll().where("id", "=", 1).compile()
const plan = await db.query<{ "QUERY PLAN": string }>(`explain ${query.sql}`, [...query.parameters])
if (plan.isOk()) console.log(plan.value.rows[0]?.["QUERY PLAN"].split(" ").slice(0, 2).join(" "))
