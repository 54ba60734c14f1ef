import { findAccount, listAccounts, openAccount } from "./accounts.ts"
import { answer, json } from "./answer.ts"
import type { AppDatabase } from "./database.ts"
import { bodyOf } from "./input.ts"
import { giveSignal, listSignals } from "./signals.ts"
import { transfer } from "./transfers.ts"
import { addUser, findUser, removeUser } from "./users.ts"

/** The API, as one Fetch handler: it runs wherever there are requests. */
export function createApp(db: AppDatabase): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    const { method } = request
    const account = /^\/accounts\/(\d{1,9})$/.exec(pathname)?.[1]
    if (account !== undefined && method === "GET") return answer(200, findAccount(db, Number(account)))
    const user = /^\/users\/(\d{1,9})$/.exec(pathname)?.[1]
    if (user !== undefined && method === "GET") return answer(200, findUser(db, Number(user)))
    if (user !== undefined && method === "DELETE") return answer(200, removeUser(db, Number(user)))
    switch (`${method} ${pathname}`) {
      case "POST /users":
        return answer(
          201,
          bodyOf(request).andThen((body) => addUser(db, body)),
        )
      case "GET /accounts":
        return answer(200, listAccounts(db))
      case "POST /accounts":
        return answer(
          201,
          bodyOf(request).andThen((body) => openAccount(db, body)),
        )
      case "POST /transfers":
        return answer(
          201,
          bodyOf(request).andThen((body) => transfer(db, body)),
        )
      case "GET /signals":
        return answer(200, listSignals(db, searchParams.get("symbol")))
      case "POST /signals":
        return answer(
          201,
          bodyOf(request).andThen((body) => giveSignal(db, body)),
        )
      default:
        return json(404, { title: "There is nothing here", status: 404 })
    }
  }
}
