/** An account as the database holds it, in cents. */
export interface Account {
  readonly id: string
  readonly balance: bigint
}

/** A transfer that the database holds. */
export interface Moved {
  readonly from: string
  readonly to: string
  readonly amount: bigint
}

export interface BalanceAudit {
  readonly accounts: number
  readonly total: bigint
  readonly expectedTotal: bigint
  /** Accounts whose balance is not what their transfers add up to. */
  readonly wrong: readonly { readonly id: string; readonly balance: bigint; readonly expected: bigint }[]
}

/** Money is neither made nor lost, and each balance is the opening one plus what the recorded transfers brought and took. */
export function auditBalances(
  openingBalance: bigint,
  accounts: readonly Account[],
  transfers: readonly Moved[],
): BalanceAudit {
  const expected = new Map(accounts.map(({ id }) => [id, openingBalance]))
  for (const { from, to, amount } of transfers) {
    expected.set(from, (expected.get(from) ?? 0n) - amount)
    expected.set(to, (expected.get(to) ?? 0n) + amount)
  }
  return {
    accounts: accounts.length,
    total: accounts.reduce((sum, { balance }) => sum + balance, 0n),
    expectedTotal: openingBalance * BigInt(accounts.length),
    wrong: accounts
      .map(({ id, balance }) => ({ id, balance, expected: expected.get(id) ?? 0n }))
      .filter((account) => account.balance !== account.expected),
  }
}
