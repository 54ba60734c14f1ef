import { catchConstraint, fieldErrors } from "@kysely-resilient/core"
import { err, ok, type ResultAsync } from "neverthrow"

import { refusal, type Failed } from "./answer.ts"
import type { AppDatabase, AppSession } from "./database.ts"
import { amount, fields, id, uuid, type Fields } from "./input.ts"

interface Transfer {
  readonly id: string
  readonly from_account: number
  readonly to_account: number
  readonly amount: string
}

/**
 * Moves money once, however often it is asked to: the caller chooses the id, and a second request with it answers what the
 * first has done.
 */
export function transfer(db: AppDatabase, input: Fields): ResultAsync<Transfer, Failed> {
  return fields(input, { id: uuid, from: id, to: id, amount }).asyncAndThen((asked) =>
    db
      .transaction(
        async (tx) => {
          const noted = await note(tx, {
            id: asked.id,
            from_account: asked.from,
            to_account: asked.to,
            amount: asked.amount,
          })
          if (noted.isErr()) return err(noted.error)
          const taken = await take(tx, asked.from, asked.amount)
          if (taken.isErr()) return err(taken.error)
          const given = await give(tx, asked.to, asked.amount)
          return given.isErr() ? err(given.error) : ok(noted.value)
        },
        { name: "transfers.make" },
      )
      .orElse((error) => (error.kind === "already_made" ? found(db, asked.id) : err(error))),
  )
}

const ALREADY_MADE = { kind: "already_made" } as const

function note(session: AppSession, row: Transfer) {
  return session
    .one(session.insertInto("transfers").values(row).returning(["id", "from_account", "to_account", "amount"]))
    .orElse(catchConstraint("transfers_pkey", () => err(ALREADY_MADE)))
    .mapErr((error) => {
      if (error.kind === "already_made") return error
      // What a form shows; the names of the constraints are checked by the compiler.
      const errors = fieldErrors(error, {
        transfers_amount_check: "must be more than zero",
        transfers_accounts_check: { field: "to", message: "must be another account" },
        transfers_from_account_fk: { field: "from", message: "there is no such account" },
        transfers_to_account_fk: { field: "to", message: "there is no such account" },
      })
      return errors === undefined ? error : refusal(422, "The transfer cannot be made", errors)
    })
}

function take(session: AppSession, account: number, sum: string) {
  return session
    .exec(
      session
        .updateTable("accounts")
        .set((eb) => ({ balance: eb("balance", "-", sum) }))
        .where("id", "=", account),
    )
    .orElse(catchConstraint("accounts_balance_check", () => err(refusal(409, "There is too little in the account"))))
}

function give(session: AppSession, account: number, sum: string) {
  return session.exec(
    session
      .updateTable("accounts")
      .set((eb) => ({ balance: eb("balance", "+", sum) }))
      .where("id", "=", account),
  )
}

function found(db: AppDatabase, transferId: string): ResultAsync<Transfer, Failed> {
  const query = db
    .selectFrom("transfers")
    .select(["id", "from_account", "to_account", "amount"])
    .where("id", "=", transferId)
  return db.one(query, { name: "transfers.find" })
}
