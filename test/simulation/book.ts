import type { Effect } from "@kysely-resilient/driver/src/failure/failure.ts"

import type { Storage } from "./model/storage.ts"

/** What a caller was told in the end. */
export interface Told {
  readonly effect: "ok" | "either" | Effect
  readonly why: string
}

/** One thing that a worker does, and what must become of it. */
export interface Entry {
  readonly name: string
  /** Written if it is applied, all of them or none. */
  kept: string[]
  /** Written, and undone by itself. */
  readonly undone: string[]
  /** What it does to the balances if it is applied. */
  moves: { readonly account: number; readonly by: number }[]
  /** Its tokens may be applied one by one. */
  divisible: boolean
  told: Told | undefined
  /** With which somebody may ask later what became of it. */
  token: string | undefined
}

const AT_ONCE = "when it was told"

/** What callers were told against what the server holds. */
export class Book {
  readonly entries: Entry[] = []
  readonly #storage: Storage
  readonly #synchronous: boolean
  readonly #wrong: (text: string) => void

  /** @param synchronous COMMIT waits for a standby */
  constructor(storage: Storage, synchronous: boolean, wrong: (text: string) => void) {
    this.#storage = storage
    this.#synchronous = synchronous
    this.#wrong = wrong
  }

  open(name: string): Entry {
    const entry: Entry = { name, kept: [], undone: [], moves: [], divisible: false, told: undefined, token: undefined }
    this.entries.push(entry)
    return entry
  }

  /** Its caller has asked once more, and nothing may change any more. */
  correct(entry: Entry, effect: Effect): void {
    if (effect !== "unknown") this.close(entry, { effect: effect === "applied" ? "ok" : effect, why: "asked later" })
  }

  /** Its caller has been told, and may act on it from this moment on. */
  close(entry: Entry, told: Told): void {
    entry.told = told
    this.#compare(entry, told, AT_ONCE)
  }

  /** When everything has come to rest. */
  balance(): void {
    const { balances } = this.#storage
    const expected = balances.map(() => 100)
    for (const entry of this.entries) {
      if (entry.told === undefined) this.#wrong(`${entry.name} was never told anything`)
      else this.#compare(entry, entry.told, "in the end")
      for (const token of entry.undone) {
        if (this.#count(token) > 0) this.#wrong(`${entry.name}: ${token} was rolled back to a savepoint, and is there`)
      }
      const [first] = entry.kept
      if (first === undefined || this.#count(first) === 0) continue
      for (const { account, by } of entry.moves) expected[account] = (expected[account] ?? 0) + by
    }
    if (expected.join() !== balances.join()) this.#wrong(`balances are ${balances.join()} and not ${expected.join()}`)
  }

  /** True: it must be there for everybody to see. */
  holds(token: string): boolean {
    return this.#count(token) > 0 || this.#storage.forgotten.has(token)
  }

  #compare(entry: Entry, { effect, why }: Told, when: string): void {
    const counts = entry.kept.map((token) => this.#count(token))
    const wrong = (what: string): void => this.#wrong(`${entry.name} (${effect}, ${why}) ${what} ${when}`)
    if (counts.some((count) => count > 1)) return wrong("is applied twice")
    if (effect === "not_applied") {
      if (counts.some((count) => count > 0)) wrong("is applied all the same")
      return
    }
    if (effect === "unknown" || effect === "either") {
      if (!entry.divisible && new Set(counts).size > 1) wrong("is applied in part")
      return
    }
    if (effect === "applied") return wrong("is an error though it was applied, and nothing is wrong with its answer")
    const { unconfirmed, replicated } = this.#storage
    const alone = entry.kept.filter((token) => (unconfirmed.get(token) ?? 0) > replicated)
    if (effect === "ok" && alone.length > 0 && when === AT_ONCE) return wrong("is not confirmed by the standby")
    if (effect === "applied_locally" && !this.#synchronous) {
      return wrong("is said to stand here only, and there is no standby to wait for")
    }
    // Where the standby took over too early it is gone with all that was committed there.
    const here = effect === "applied_locally" ? this.#storage.stands.bind(this.#storage) : undefined
    const lost = entry.kept.filter((token) => !this.holds(token) && here?.(token) !== true)
    if (lost.length > 0) wrong(`is lost: ${lost.join(", ")}`)
  }

  #count(token: string): number {
    return this.#storage.ledger.get(token) ?? 0
  }
}
