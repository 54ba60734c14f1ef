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

export const mistakes: readonly Job[] = [breaksARule, takesAKey, dividesByZero, abortsARead, hurries]
