import type { Admin, Session } from "./admin.ts"
import { audit, wrongBalances, type Held } from "./audit.ts"
import { Ledger } from "./ledger.ts"
import { APPLICATION } from "./store.ts"
import { OPENING_BALANCE } from "./tables.ts"

/** Every token that the database holds, with its rows. */
export async function tokensHeld({ ask }: Session): Promise<readonly Held[]> {
  const rows = await ask("select worker, seq, count(*)::int as rows from ledger group by worker, seq")
  return rows.map(({ worker, seq, rows: count }) => ({ worker: Number(worker), seq: Number(seq), rows: Number(count) }))
}

/** Accounts whose balance is not what their opening balance and the ledger add up to, in words. */
export async function balancesAmiss({ ask }: Session): Promise<readonly string[]> {
  const rows = await ask(
    `select id, balance, $1 + coalesce((select sum(amount) from ledger where account = id), 0)::int as expected
     from accounts order by id`,
    [OPENING_BALANCE],
  )
  return wrongBalances(
    rows.map(({ id, balance, expected }) => ({
      account: Number(id),
      balance: Number(balance),
      expected: Number(expected),
    })),
  )
}

/** What the callers left on the server: transactions still open or locks still held, and connections. */
export async function leftOnServer(
  admin: Admin,
): Promise<{ readonly transactions: number; readonly connections: number }> {
  const [row] = await admin.ask(
    `select count(*)::int as connections,
       (count(*) filter (where xact_start is not null or state like 'idle in%'
         or exists (select from pg_locks where pg_locks.pid = backend.pid)))::int as transactions
     from pg_stat_activity as backend where application_name = $1`,
    [APPLICATION],
  )
  return { transactions: Number(row?.["transactions"]), connections: Number(row?.["connections"]) }
}

/**
 * Would we notice? Plants a lost write, a doubled one, a torn one, one that was said to have failed, and a balance that is wrong, and asks
 * the same checks as in the end. All of it in a transaction that is rolled back. Gives what was not found.
 */
export function selfCheck(admin: Admin): Promise<readonly string[]> {
  const ledger = new Ledger()
  const planted = { lost: 1, doubled: 1, torn: 2, phantom: 1, right: 3 }
  const tokens = Object.entries(planted).map(([name, rows]) => ({ name, ...ledger.announce(0, rows) }))
  for (const token of tokens) ledger.settle(token, token.name === "phantom" ? "failed" : "ok")
  const copies: Readonly<Record<string, number>> = { lost: 0, doubled: 2, torn: 1, phantom: 1, right: 3 }

  return admin.during(async (session) => {
    await session.ask("begin")
    for (const { name, worker, seq } of tokens) {
      await session.ask("insert into ledger (worker, seq) select $1, $2 from generate_series(1, $3::int)", [
        worker,
        seq,
        copies[name],
      ])
    }
    // A row of the right write, with an amount that no account has.
    await session.ask(
      "update ledger set account = 1, amount = 5 where ctid in (select max(ctid) from ledger where seq = 4)",
    )
    const found = audit(ledger, await tokensHeld(session))
    const balances = await balancesAmiss(session)
    await session.ask("rollback")
    const [lost, doubled, torn, phantom] = tokens.map(({ worker, seq }) => `${worker}/${seq}`)
    return [
      ...(found.lost.join() === lost ? [] : ["a lost write"]),
      ...(found.duplicated.includes(doubled ?? "") ? [] : ["a doubled write"]),
      ...(found.torn.join() === torn ? [] : ["a torn write"]),
      ...(found.phantoms.join() === phantom ? [] : ["a write that was said to have failed"]),
      ...(balances.length === 1 ? [] : ["a wrong balance"]),
    ]
  })
}
