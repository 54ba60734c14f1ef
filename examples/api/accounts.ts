import { catchConstraint } from "@kysely-resilient/core"
import { err, ok, type ResultAsync } from "neverthrow"

import { refusal, type Failed } from "./answer.ts"
import type { AppDatabase } from "./database.ts"
import { amount, fields, text, type Fields } from "./input.ts"

interface Account {
  readonly id: number
  readonly owner: string
  readonly balance: string
}

export function openAccount(db: AppDatabase, input: Fields, signal: AbortSignal): ResultAsync<Account, Failed> {
  return fields(input, { owner: text, balance: amount }).asyncAndThen((account) =>
    db
      .one(db.insertInto("accounts").values(account).returning(["id", "owner", "balance"]), {
        name: "accounts.open",
        signal,
      })
      .orElse(
        catchConstraint("accounts_balance_check", () =>
          err(refusal(422, "The balance is below zero", { balance: "below zero" })),
        ),
      ),
  )
}

export function findAccount(db: AppDatabase, id: number, signal: AbortSignal): ResultAsync<Account, Failed> {
  const query = db.selectFrom("accounts").select(["id", "owner", "balance"]).where("id", "=", id)
  return db
    .maybeOne(query, { name: "accounts.find", signal })
    .andThen((account) => (account === undefined ? err(refusal(404, "There is no such account")) : ok(account)))
}

export function listAccounts(db: AppDatabase, signal: AbortSignal): ResultAsync<Account[], Failed> {
  const query = db.selectFrom("accounts").select(["id", "owner", "balance"]).orderBy("owner").orderBy("id").limit(100)
  return db.all(query, { name: "accounts.list", signal })
}
