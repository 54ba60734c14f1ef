import { setTimeout as pause } from "node:timers/promises"

import { integer, pick } from "../random.ts"
import type { Said } from "../desk.ts"
import type { Token } from "../ledger.ts"
import { FAULT_WORKER, type Fault, type FaultContext } from "./fault.ts"

/** Callers who give up while they write. Played while nothing else is wrong: whoever gives up while the network is down cannot be told. */

const CALLERS = 6
const WORK_S = 0.3

type Patience = Said & { readonly signal?: AbortSignal }

/** The writes that are given up: one statement, raw text, and a transaction; all of them slow. */
const WAYS = [
  ({ store }: FaultContext, { worker, seq }: Token, said: Patience) =>
    store.query("insert into ledger (worker, seq) select $1, $2 from pg_sleep($3)", [worker, seq, WORK_S], said),
  ({ store }: FaultContext, token: Token, said: Patience) =>
    store.exec(
      store
        .updateTable("accounts")
        .set(({ eb }) => ({ balance: eb("balance", "+", 1), ...token }))
        .where("id", "=", 12)
        .where(store.sql<boolean>`pg_sleep(${WORK_S}) is not null`),
      said,
    ),
  ({ store }: FaultContext, token: Token, said: Patience) =>
    store.transaction(async (tx) => {
      const noted = await tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
      return noted.isErr() ? noted : tx.query("select pg_sleep($1)", [WORK_S], { name: said.name })
    }, said),
] as const

const deadlines: Fault = {
  name: "deadline",
  title: "deadline passes",
  claims: "alone",
  async inject(context) {
    const { desk, random } = context
    const told = await Promise.all(
      Array.from({ length: CALLERS }, () =>
        desk.write(
          "write with little time",
          FAULT_WORKER,
          1,
          (token, said) => pick(random, WAYS)(context, token, said),
          {
            expects: ["deadline_exceeded", "transaction_timeout"],
            limitMs: integer(random, 20, 400),
          },
        ),
      ),
    )
    return told.some(({ answer }) => answer.isErr()) ? "struck" : "missed"
  },
}

const aborts: Fault = {
  name: "abort",
  title: "caller aborts",
  claims: "alone",
  async inject(context) {
    const { desk, random } = context
    const told = await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        const abort = new AbortController()
        const afterMs = integer(random, 0, 400)
        const way = pick(random, WAYS)
        const writing = desk.write(
          "write that is aborted",
          FAULT_WORKER,
          1,
          (token, said) => way(context, token, { ...said, signal: abort.signal }),
          { expects: ["aborted"] },
        )
        await pause(afterMs)
        abort.abort()
        return writing
      }),
    )
    return told.some(({ answer }) => answer.isErr()) ? "struck" : "missed"
  },
}

export const impatience: readonly Fault[] = [deadlines, aborts]
