import type { Ledger, Token } from "./ledger.ts"

/** A token as the database holds it. */
export interface Held extends Token {
  readonly rows: number
}

/** Where callers and database disagree; tokens, so that one can go and look. */
export interface Audit {
  readonly announced: number
  /** How many writes were acknowledged. */
  readonly acknowledged: number
  /** Acknowledged, and not there. */
  readonly lost: readonly string[]
  /** There more often than it was asked for, whatever the caller was told. */
  readonly duplicated: readonly string[]
  /** There although the caller was told that it was not applied, or although nobody asked for it. */
  readonly phantoms: readonly string[]
  /** Some of its rows are there and others are not. */
  readonly torn: readonly string[]
  /** Nobody ever answered. */
  readonly unanswered: readonly string[]
  /** The caller was told that it is not known: there or not, both are honest. */
  readonly unknown: { readonly applied: number; readonly absent: number }
}

/** Compares what callers were told with what the database holds. */
export function audit(ledger: Ledger, held: Iterable<Held>): Audit {
  const rowsHeld = new Map<string, number>()
  const phantoms: string[] = []
  for (const one of held) {
    rowsHeld.set(nameOf(one), one.rows)
    if (ledger.find(one) === undefined) phantoms.push(nameOf(one))
  }
  const found = {
    announced: 0,
    acknowledged: 0,
    lost: [] as string[],
    duplicated: [] as string[],
    phantoms,
    torn: [] as string[],
    unanswered: [] as string[],
    unknown: { applied: 0, absent: 0 },
  }
  for (const one of ledger) {
    const name = nameOf(one)
    const rows = rowsHeld.get(name) ?? 0
    found.announced += 1
    if (one.told === "ok") found.acknowledged += 1
    if (one.told === "pending") found.unanswered.push(name)
    if (one.told === "unknown") found.unknown[rows > 0 ? "applied" : "absent"] += 1
    if (one.told === "ok" && rows === 0) found.lost.push(name)
    if (one.told === "failed" && rows > 0) found.phantoms.push(name)
    if (rows > one.rows) found.duplicated.push(name)
    if (rows > 0 && rows < one.rows) found.torn.push(name)
  }
  return found
}

/** "7/123": the 123rd write of worker 7. */
export function nameOf({ worker, seq }: Token): string {
  return `${worker}/${seq}`
}

/** An account as the database holds it, and what its opening balance and the ledger add up to. */
export interface Balance {
  readonly account: number
  readonly balance: number
  readonly expected: number
}

export function wrongBalances(balances: readonly Balance[]): readonly string[] {
  return balances
    .filter(({ balance, expected }) => balance !== expected)
    .map(({ account, balance, expected }) => `account ${account} holds ${balance} and not ${expected}`)
}
