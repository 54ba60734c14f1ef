import { setTimeout as sleep } from "node:timers/promises"

import { err, ok } from "neverthrow"

import type { Token } from "../ledger.ts"
import { tried, worthAnotherRun } from "../kysely-door.ts"
import { integer } from "../random.ts"
import type { Store } from "../store.ts"
import { changedMind } from "../trouble.ts"
import type { Caller, Job } from "./job.ts"

/** Accounts 1 to this are for transfers only. */
export const TRANSFER_ACCOUNTS = 6

const THINK_MS = 30
/** As patient as core is with a transaction. */
const KYSELY_RUNS_MAX = 3
const KYSELY_PAUSE_MS = 300

type Tx = Pick<Store, "exec" | "updateTable">

interface Order {
  readonly from: number
  readonly to: number
  readonly amount: number
}

/** Takes here and gives there; whoever comes first in the order of accounts is changed first, so that nobody waits for each other. */
const transfer: Job = {
  weight: 8,
  run: ({ store, desk, worker, random }) => {
    const order = someOrder(random)
    const thinkMs = random() < 0.3 ? integer(random, 1, THINK_MS) : 0
    let told = 0
    return desk
      .write("transfer", worker, 2, (token, said) =>
        store.transaction(async (tx) => {
          tx.afterCommit(() => void (told += 1))
          const [first, second] = sidesOf(order)
          const moved = await tx.exec(changeOf(tx, token, first), { name: said.name })
          if (moved.isErr()) return moved
          if (thinkMs > 0) await sleep(thinkMs)
          return tx.exec(changeOf(tx, token, second), { name: said.name })
        }, said),
      )
      .then(({ answer }) => {
        const expected = answer.isOk() ? 1 : 0
        if (told !== expected) desk.wrong.push(`a transfer's afterCommit ran ${told} times and not ${expected}`)
      })
  },
}

const withRawText: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const order = someOrder(random)
    return desk.write("transfer in raw text", worker, 2, (token, said) =>
      store.transaction(async (tx) => {
        for (const { account, amount } of sidesOf(order)) {
          const moved = await tx.query(
            "update accounts set balance = balance + $1, worker = $2, seq = $3 where id = $4",
            [amount, token.worker, token.seq, account],
            { name: said.name },
          )
          if (moved.isErr()) return err(moved.error)
        }
        return ok(undefined)
      }, said),
    )
  },
}

/** The application sees something that it does not like: nothing of it may stay. */
const changed: Job = {
  weight: 1,
  run: ({ store, desk, worker, random }) => {
    const order = someOrder(random)
    return desk.write(
      "changed mind",
      worker,
      1,
      (token, said) =>
        store.transaction(async (tx) => {
          const [first] = sidesOf(order)
          const moved = await tx.exec(changeOf(tx, token, first), { name: said.name })
          return moved.isErr() ? err(moved.error) : err(changedMind())
        }, said),
      { expects: ["changed_mind"] },
    )
  },
}

/** At Kysely's own door, where its caller runs it again. */
const throughKysely: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const order = someOrder(random)
    return desk.write("kysely transfer", worker, 2, async (token) => {
      for (let run = 1; ; run += 1) {
        const answer = await tried(() =>
          store.kysely.transaction().execute(async (trx) => {
            for (const { account, amount } of sidesOf(order)) {
              await trx
                .updateTable("accounts")
                .set(({ eb }) => ({ balance: eb("balance", "+", amount), ...token }))
                .where("id", "=", account)
                .execute()
            }
          }),
        )
        if (answer.isOk() || run === KYSELY_RUNS_MAX || !worthAnotherRun(answer.error)) return answer
        await sleep(KYSELY_PAUSE_MS)
      }
    })
  },
}

export const transfers: readonly Job[] = [transfer, withRawText, changed, throughKysely]

interface Side {
  readonly account: number
  readonly amount: number
}

function sidesOf({ from, to, amount }: Order): readonly [Side, Side] {
  const debit = { account: from, amount: -amount }
  const credit = { account: to, amount }
  return from < to ? [debit, credit] : [credit, debit]
}

function changeOf(tx: Tx, token: Token, { account, amount }: Side) {
  return tx
    .updateTable("accounts")
    .set(({ eb }) => ({ balance: eb("balance", "+", amount), ...token }))
    .where("id", "=", account)
}

function someOrder(random: Caller["random"]): Order {
  const from = integer(random, 1, TRANSFER_ACCOUNTS)
  const to = ((from + integer(random, 0, TRANSFER_ACCOUNTS - 2)) % TRANSFER_ACCOUNTS) + 1
  return { from, to, amount: integer(random, 1, 50) }
}
