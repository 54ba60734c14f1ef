import { catchConstraint, catchKind, fieldErrors } from "@kysely-resilient/core"
import { jsonArrayFrom } from "kysely/helpers/postgres"
import { err, ok, type ResultAsync } from "neverthrow"

import { refusal, type Failed } from "./answer.ts"
import type { AppDatabase } from "./database.ts"
import { fields, text, type Fields } from "./input.ts"

interface User {
  readonly id: number
  readonly email: string
  readonly name: string
}

interface Holder extends User {
  readonly accounts: readonly { readonly id: number; readonly owner: string }[]
}

export function addUser(db: AppDatabase, input: Fields): ResultAsync<User, Failed> {
  return fields(input, { email: text, name: text }).asyncAndThen((user) =>
    db
      .one(db.insertInto("users").values(user).returning(["id", "email", "name"]), { name: "users.add" })
      .orElse(
        catchConstraint("users_email_key", () => err(refusal(409, "Somebody has this address", { email: "is taken" }))),
      )
      .mapErr((error) => {
        if (error.kind === "refusal") return error
        const errors = fieldErrors(error, { users_email_check: "must be an address" })
        return errors === undefined ? error : refusal(422, "The user cannot be added", errors)
      }),
  )
}

/** With what he holds, in one statement. */
export function findUser(db: AppDatabase, id: number): ResultAsync<Holder, Failed> {
  const query = db
    .selectFrom("users")
    .select((eb) => [
      "id",
      "email",
      "name",
      jsonArrayFrom(
        eb
          .selectFrom("accounts")
          .select(["accounts.id", "accounts.owner"])
          .whereRef("accounts.user_id", "=", "users.id")
          .orderBy("accounts.id"),
      ).as("accounts"),
    ])
    .where("id", "=", id)
  return db
    .maybeOne(query, { name: "users.find" })
    .andThen((user) => (user === undefined ? err(refusal(404, "There is no such user")) : ok(user)))
}

/** Only one who holds nothing. */
export function removeUser(db: AppDatabase, id: number): ResultAsync<User, Failed> {
  const query = db.deleteFrom("users").where("id", "=", id).returning(["id", "email", "name"])
  return db
    .maybeOne(query, { name: "users.remove" })
    .orElse(catchKind("foreign_key_violation", () => err(refusal(409, "There are accounts of this user"))))
    .andThen((user) => (user === undefined ? err(refusal(404, "There is no such user")) : ok(user)))
}
