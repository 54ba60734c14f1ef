import { err, ok } from "neverthrow"

import type { Token } from "../ledger.ts"
import { shuffled } from "../random.ts"
import { READERS_OF_EACH_OTHER, RIVALS } from "../tables.ts"
import { FAULT_WORKER, type Fault, type FaultContext } from "./fault.ts"
import { meetingOfTwo } from "./meeting.ts"

/** Two pay each other at the same moment, and each holds the account that the other needs. */
const deadlock: Fault = {
  name: "deadlock",
  title: "deadlock",
  claims: "callers",
  async inject({ store, desk, random }) {
    const [one, other] = shuffled(RIVALS, random)
    if (one === undefined || other === undefined) return "missed"
    const meet = meetingOfTwo()
    let runs = 0
    const pay = (from: number, to: number) =>
      desk.write("deadlock", FAULT_WORKER, 2, (token, said) =>
        store.transaction(async (tx) => {
          runs += 1
          const taken = await tx.exec(changeOf(store, token, from, -1), { name: said.name })
          if (taken.isErr()) return taken
          if (tx.attempt === 1) await meet()
          return tx.exec(changeOf(store, token, to, 1), { name: said.name })
        }, said),
      )
    await Promise.all([pay(one, other), pay(other, one)])
    return runs > 2 ? "struck" : "missed"
  },
}

/** Each reads what the other changes: one after the other would be right, both at once would not. */
const serialization: Fault = {
  name: "serialization",
  title: "serialization failure",
  claims: "callers",
  async inject({ store, desk }) {
    const [one, other] = READERS_OF_EACH_OTHER
    const meet = meetingOfTwo()
    let runs = 0
    const change = (mine: number, theirs: number) =>
      desk.write("serialization", FAULT_WORKER, 1, (token, said) =>
        store.transaction(
          async (tx) => {
            runs += 1
            const query = store.selectFrom("accounts").select("balance").where("id", "=", theirs)
            const seen = await tx.one(query, { name: said.name })
            if (seen.isErr()) return err(seen.error)
            if (tx.attempt === 1) await meet()
            return tx.exec(changeOf(store, token, mine, 1), { name: said.name })
          },
          { ...said, isolation: "serializable" },
        ),
      )
    await Promise.all([change(one, other), change(other, one)])
    return runs > 2 ? "struck" : "missed"
  },
}

/** A report that nobody tested takes every connection there is, and everybody else waits in line. */
const exhausted: Fault = {
  name: "exhaust",
  title: "pool exhausted",
  claims: "callers",
  async inject({ store, desk, random }) {
    const { max } = store.snapshot().pool
    const heldS = 0.2 + random() * 0.8
    const hold = () =>
      desk.read(
        "hold a connection",
        (said) =>
          store.withConnection(async (session) => {
            const reads = { ...said, readOnly: true }
            const taken = await session.query("select 1", [], reads)
            return taken.isErr() ? taken : session.query("select pg_sleep($1)", [heldS], reads)
          }),
        () => undefined,
        { pinned: true },
      )
    await Promise.all(Array.from({ length: max }, hold))
    return "hurt"
  },
}

/** Somebody sends BEGIN by hand, writes, and forgets the rest; or a statement of it fails first, and nobody looks. */
function leftBehind(name: string, title: string, fails: boolean): Fault {
  return {
    name,
    title,
    claims: "callers",
    async inject({ store, desk }: FaultContext) {
      const doomed = desk.doom(FAULT_WORKER)
      const left = await desk.read(
        name,
        (said) =>
          store.withConnection(async (session) => {
            const begun = await session.query("begin", [], said)
            if (begun.isErr()) return err(begun.error)
            const written = await session.exec(session.insertInto("ledger").values(doomed), said)
            if (written.isErr()) return err(written.error)
            if (fails) await session.query("select 1 / 0", [], said).orElse(() => ok(undefined))
            return ok(undefined)
          }),
        () => undefined,
        { pinned: true },
      )
      return left ? "struck" : "missed"
    },
  }
}

export const conflicts: readonly Fault[] = [
  deadlock,
  serialization,
  exhausted,
  leftBehind("aborted", "aborted transaction", true),
  leftBehind("orphan", "orphaned transaction", false),
]

function changeOf(store: FaultContext["store"], token: Token, account: number, amount: number) {
  return store
    .updateTable("accounts")
    .set(({ eb }) => ({ balance: eb("balance", "+", amount), ...token }))
    .where("id", "=", account)
}
