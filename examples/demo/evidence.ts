import { randomUUID } from "node:crypto"

import { sql } from "kysely"
import { err, ok } from "neverthrow"

import type { Advice } from "./app/advice.ts"
import type { Entry } from "./app/journal.ts"
import type { Store } from "./app/store.ts"
import { auditBalances, type BalanceAudit } from "./balances.ts"
import type { Facts } from "./conclusion.ts"
import { APPLICATION } from "./faults/backends.ts"
import { audit, type Told } from "./ledger.ts"

type Reader = Pick<Store, "all" | "selectFrom">

/** Every entry that the database holds, as often as it holds it. */
export function entriesHeld(reader: Reader) {
  return reader.all(reader.selectFrom("ledger").select("entry")).map((rows) => rows.map(({ entry }) => entry))
}

/** Does each balance agree with the transfers, and does each transfer have its entry and each entry its transfer? */
export async function balancesHeld(admin: Store, openingCents: bigint) {
  const accounts = await admin.all(admin.selectFrom("accounts").select(["id", "balance"]))
  if (accounts.isErr()) return err(accounts.error)
  const transfers = await admin.all(
    admin.selectFrom("transfers").select(["id", "from_account", "to_account", "amount"]),
  )
  if (transfers.isErr()) return err(transfers.error)
  const entries = await admin.all(admin.selectFrom("ledger").select("entry").where("payload", "=", "transfer"))
  if (entries.isErr()) return err(entries.error)

  const balances: BalanceAudit = auditBalances(
    openingCents,
    accounts.value.map(({ id, balance }) => ({ id: String(id), balance: centsOf(balance) })),
    transfers.value.map(({ from_account, to_account, amount }) => ({
      from: String(from_account),
      to: String(to_account),
      amount: centsOf(amount),
    })),
  )
  const recorded = new Set(transfers.value.map(({ id }) => id))
  const entered = new Set(entries.value.map(({ entry }) => entry))
  const unentered = [...recorded].filter((id) => !entered.has(id))
  const unrecorded = [...entered].filter((id) => !recorded.has(id))
  return ok({ ...balances, halfDone: [...unentered, ...unrecorded] })
}

export function signalsHeld(admin: Store) {
  return admin
    .all(admin.selectFrom("signals").select(["day", "kind", "strength"]).orderBy("day"))
    .map((rows): readonly Advice[] => rows)
}

/** What the application left behind on the server: transactions still open and locks still held. */
export function leftBehind(admin: Store) {
  return admin.one(
    sql<{ transactions: number; locks: number }>`
      select
        (select count(*)::int from pg_stat_activity where application_name = ${APPLICATION} and xact_start is not null) as transactions,
        (select count(*)::int from pg_locks join pg_stat_activity using (pid) where application_name = ${APPLICATION}) as locks
    `,
  )
}

/** Connections of the application that the server still has. */
export function connectionsLeft(admin: Store) {
  return admin
    .one(
      sql<{
        count: number
      }>`select count(*)::int as count from pg_stat_activity where application_name = ${APPLICATION}`,
    )
    .map(({ count }) => count)
}

/**
 * Would we notice? Writes three entries, loses one and doubles another on purpose, and asks the same check as in the end. All of it in a
 * transaction that is rolled back, so that nothing of it stays.
 */
export async function selfCheck(store: Store): Promise<Facts["selfCheck"]> {
  const [kept, lost, doubled] = [randomUUID(), randomUUID(), randomUUID()]
  const told = new Map<string, Told>([kept, lost, doubled].map((entry) => [entry, "ok"]))

  const found = await store.transaction(async (tx) => {
    const written = await tx.exec(tx.insertInto("ledger").values([kept, lost, doubled, doubled].map(entryOf)))
    if (written.isErr()) return err(written.error)
    const removed = await tx.exec(tx.deleteFrom("ledger").where("entry", "=", lost))
    if (removed.isErr()) return err(removed.error)
    const held = await entriesHeld(tx)
    // An Err rolls back, whatever is in it.
    return held.isErr() ? err(held.error) : err(audit(told, held.value))
  })

  const result = found.isErr() && "lost" in found.error ? found.error : undefined
  return {
    plantedLossFound: result?.lost.length === 1 && result.lost[0] === lost,
    plantedDoubleFound: result?.duplicated.length === 1 && result.duplicated[0] === doubled,
  }
}

function entryOf(entry: string): Entry {
  return { entry, worker: 0, sequence: 0, payload: "self-check" }
}

/** "12.34" → 1234n */
function centsOf(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".")
  return BigInt(whole + fraction.padEnd(2, "0"))
}
