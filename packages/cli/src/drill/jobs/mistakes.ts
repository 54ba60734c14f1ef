import { setTimeout as sleep } from "node:timers/promises"

import { integer } from "../random.ts"
import type { Job } from "./job.ts"

/** What callers do wrong, or change their minds about: the error is theirs, and nothing of it stays. */

const breaksARule: Job = {
  weight: 1,
  run: ({ store, desk, worker }) =>
    desk.write(
      "breaks a rule",
      worker,
      1,
      ({ seq }, said) =>
        store.exec(store.updateTable("accounts").set({ balance: -1, worker, seq }).where("id", "=", 1), said),
      { expects: ["check_violation"] },
    ),
}

const takesAKey: Job = {
  weight: 1,
  run: ({ store, desk, worker }) =>
    desk.write(
      "takes a key",
      worker,
      1,
      (token, said) =>
        store.batch(
          {
            noted: store.insertInto("ledger").values(token),
            taken: store.insertInto("facts").values({ id: 1, payload: "" }),
          },
          said,
        ),
      { expects: ["unique_violation"] },
    ),
}

const dividesByZero: Job = {
  weight: 1,
  run: ({ store, desk }) =>
    desk.read(
      "divides by zero",
      (said) => store.query("select 1 / $1::int", [0], said),
      () => "no error",
      { expects: ["data_exception"] },
    ),
}

/** Gives up a read in the middle of it. */
const abortsARead: Job = {
  weight: 1,
  run: async ({ store, desk, random }) => {
    const abort = new AbortController()
    const afterMs = integer(random, 0, 30)
    const reading = desk.read(
      "aborts a read",
      (said) => store.query("select pg_sleep(0.02)", [], { ...said, signal: abort.signal }),
      () => undefined,
      { expects: ["aborted"] },
    )
    await sleep(afterMs)
    abort.abort()
    await reading
  },
}

/** Has no time: whatever is the matter, it is answered at its deadline. */
const hurries: Job = {
  weight: 1,
  run: ({ store, desk, random }) =>
    desk.read(
      "hurries",
      (said) => store.query("select pg_sleep(0.02)", [], said),
      () => undefined,
      { expects: ["deadline_exceeded"], limitMs: integer(random, 10, 60) },
    ),
}

/** The same with a write: who cannot wait for an answer may have to hear that nobody knows yet, and gets a token to ask with. */
const hurriesAWrite: Job = {
  weight: 1,
  run: ({ store, desk, worker, random }) =>
    desk.write(
      "hurries a write",
      worker,
      1,
      (token, said) => store.exec(store.insertInto("ledger").values(token), said),
      {
        expects: ["deadline_exceeded"],
        limitMs: integer(random, 20, 800),
      },
    ),
}

const hurriesATransaction: Job = {
  weight: 1,
  run: ({ store, desk, worker, random }) =>
    desk.write(
      "hurries a transaction",
      worker,
      2,
      (token, said) =>
        store.transaction(async (tx) => {
          const noted = await tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
          return noted.isErr() ? noted : tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
        }, said),
      { expects: ["deadline_exceeded", "transaction_timeout"], limitMs: integer(random, 20, 800) },
    ),
}

export const mistakes: readonly Job[] = [
  breaksARule,
  takesAKey,
  dividesByZero,
  abortsARead,
  hurries,
  hurriesAWrite,
  hurriesATransaction,
]
