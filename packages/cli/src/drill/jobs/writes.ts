import { sql } from "kysely"

import type { Token } from "../ledger.ts"
import { tried } from "../kysely-door.ts"
import { integer } from "../random.ts"
import { ACCOUNTS } from "../tables.ts"
import type { Caller, Job } from "./job.ts"
import { TRANSFER_ACCOUNTS } from "./transfers.ts"

/** Each is one statement, or one batch: its own transaction. */

const insert: Job = {
  weight: 5,
  run: async ({ store, desk, worker, random }) => {
    const { token, answer } = await desk.write("insert", worker, 1, (row, said) =>
      store.exec(store.insertInto("ledger").values(row), said),
    )
    if (answer.isOk() && random() < 0.3) await lookFor({ store, desk }, token, 1)
  },
}

const insertSeveral: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const rows = integer(random, 2, 5)
    return desk.write("insert of several", worker, rows, (row, said) =>
      store.exec(store.insertInto("ledger").values(Array.from({ length: rows }, () => row)), said),
    )
  },
}

const insertReturning: Job = {
  weight: 3,
  run: async ({ store, desk, worker }) => {
    const { token, answer } = await desk.write("insert returning", worker, 1, (row, said) =>
      store.one(store.insertInto("ledger").values(row).returning(["worker", "seq"]), said),
    )
    if (answer.isErr()) return
    const { seq } = answer.value
    if (seq !== token.seq) desk.wrong.push(`insert returning: ${seq} and not ${token.seq}`)
  },
}

const deposit: Job = {
  weight: 4,
  run: ({ store, desk, worker, random }) => {
    const { account, amount } = someDeposit(random)
    return desk.write("deposit", worker, 1, (token, said) => store.exec(depositOf(store, token, account, amount), said))
  },
}

const depositReturning: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const { account, amount } = someDeposit(random)
    return desk.write("deposit returning", worker, 1, (token, said) =>
      store.one(depositOf(store, token, account, amount).returning("balance"), said),
    )
  },
}

const merge: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const { account, amount } = someDeposit(random)
    return desk.write("merge", worker, 1, ({ seq }, said) =>
      store.exec(
        store
          .mergeInto("accounts")
          .using("facts", (join) => join.onRef("facts.id", "=", "accounts.id").on("facts.id", "=", account))
          .whenMatched()
          .thenUpdateSet({ balance: sql<number>`accounts.balance + ${amount}::int`, worker, seq }),
        said,
      ),
    )
  },
}

/** A slip is written, and then deleted; each is a write of its own. */
const slip: Job = {
  weight: 2,
  run: async ({ store, desk, worker }) => {
    // The deletion's token has to be in the slip, so it is announced before anybody knows whether it comes to that.
    const undo = desk.reserve(worker, 1)
    const { answer } = await desk.write("slip", worker, 1, (token, said) =>
      store.exec(store.insertInto("slips").values({ ...token, undo_seq: undo.seq }), said),
    )
    if (answer.isErr()) return
    await desk.writeReserved("delete", undo, (token, said) =>
      store.exec(store.deleteFrom("slips").where("worker", "=", worker).where("undo_seq", "=", token.seq), said),
    )
  },
}

const rawInsert: Job = {
  weight: 3,
  run: ({ store, desk, worker }) =>
    desk.write("raw insert", worker, 1, ({ seq }, said) =>
      store.query("insert into ledger (worker, seq) values ($1, $2)", [worker, seq], said),
    ),
}

/** It begins as reads do, travels as one, is refused as a write, and has to be run as what it is. */
const rawWith: Job = {
  weight: 1,
  run: ({ store, desk, worker }) =>
    desk.write("raw with", worker, 1, ({ seq }, said) =>
      store.query(
        "with added as (insert into ledger (worker, seq) values ($1, $2) returning seq) select count(*)::int as n from added",
        [worker, seq],
        said,
      ),
    ),
}

const batch: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const { account, amount } = someDeposit(random)
    return desk.write("batch", worker, 3, (token, said) =>
      store.batch(
        {
          noted: store.insertInto("ledger").values([token, token]),
          fact: store.selectFrom("facts").selectAll().where("id", "=", 1),
          paid: depositOf(store, token, account, amount),
        },
        said,
      ),
    )
  },
}

const throughKysely: Job = {
  weight: 2,
  run: ({ store, desk, worker }) =>
    desk.write("kysely insert", worker, 1, (token) =>
      tried(() => store.kysely.insertInto("ledger").values(token).execute()),
    ),
}

export const writes: readonly Job[] = [
  insert,
  insertSeveral,
  insertReturning,
  deposit,
  depositReturning,
  merge,
  slip,
  rawInsert,
  rawWith,
  batch,
  throughKysely,
]

function depositOf(store: Caller["store"], token: Token, account: number, amount: number) {
  return store
    .updateTable("accounts")
    .set(({ eb }) => ({ balance: eb("balance", "+", amount), ...token }))
    .where("id", "=", account)
}

/** Deposits have accounts of their own: what transfers move must stay the same in sum. */
function someDeposit(random: Caller["random"]): { readonly account: number; readonly amount: number } {
  return { account: integer(random, TRANSFER_ACCOUNTS + 1, ACCOUNTS), amount: integer(random, 1, 9) }
}

/** What was acknowledged is seen by whoever looks next. */
function lookFor(
  { store, desk }: Pick<Caller, "store" | "desk">,
  { worker, seq }: Token,
  rows: number,
): Promise<unknown> {
  return desk.read(
    "look for one's own",
    (said) =>
      store.all(store.selectFrom("ledger").select("seq").where("worker", "=", worker).where("seq", "=", seq), said),
    (found) => (found.length === rows ? undefined : `${found.length} rows of ${worker}/${seq} and not ${rows}`),
  )
}
