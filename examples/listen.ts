import { createDatabase } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

const db = createDatabase<DB>()

const readAll = () => db.all(db.selectFrom("accounts").selectAll().orderBy("owner"))

const pay = () =>
  db.transaction(async (tx) => {
    const paid = await tx.exec(tx.updateTable("accounts").set({ balance: 7 }).where("owner", "=", "bob"))
    return paid.isErr() ? paid : tx.notify("accounts", "bob") // heard once this is committed
  })

for await (const event of db.listen("accounts")) {
  if (event.isErr()) {
    console.log("No more news:", event.error.message)
    break
  }
  const news = event.value
  if (news.kind === "notification") {
    console.log("Changed:", news.payload)
    break
  }
  // "listening", "gap", "overflow": what has been said before is not known. What is there is.
  const accounts = await readAll()
  if (accounts.isOk()) console.log(news.kind, accounts.value.length)
  const paid = await pay()
  if (paid.isErr()) console.log(paid.error.kind)
}
