import { fieldErrors } from "@kysely-resilient/core"
import { err, ok, type ResultAsync } from "neverthrow"

import { refusal, type Failed } from "./answer.ts"
import type { AppDatabase } from "./database.ts"
import { amount, fields, id, text, type Fields } from "./input.ts"

interface Account {
  readonly id: number
  readonly owner: string
  readonly balance: string
}

export function openAccount(db: AppDatabase, input: Fields): ResultAsync<Account, Failed> {
  return fields(input, { user: id, owner: text, balance: amount }).asyncAndThen(({ user, owner, balance }) =>
    db
      .one(db.insertInto("accounts").values({ user_id: user, owner, balance }).returning(["id", "owner", "balance"]), {
        name: "accounts.open",
      })
      .mapErr((error) => {
        const errors = fieldErrors(error, {
          accounts_user_fk: { field: "user", message: "there is no such user" },
          accounts_balance_check: "below zero",
        })
        return errors === undefined ? error : refusal(422, "The account cannot be opened", errors)
      }),
  )
}

export function findAccount(db: AppDatabase, account: number): ResultAsync<Account, Failed> {
  const query = db.selectFrom("accounts").select(["id", "owner", "balance"]).where("id", "=", account)
  return db
    .maybeOne(query, { name: "accounts.find" })
    .andThen((found) => (found === undefined ? err(refusal(404, "There is no such account")) : ok(found)))
}

export function listAccounts(db: AppDatabase): ResultAsync<Account[], Failed> {
  const query = db.selectFrom("accounts").select(["id", "owner", "balance"]).orderBy("owner").orderBy("id").limit(100)
  return db.all(query, { name: "accounts.list" })
}
