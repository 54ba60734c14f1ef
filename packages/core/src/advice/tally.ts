/** How often something of one kind happened, and how long it took. */
export interface Amount {
  /** As a person would name it: an SQLSTATE and its name, a place in a file, a statement. */
  readonly what: string
  /** Which of a rule's cases it belongs to. */
  readonly sort: string
  count: number
  totalMs: number
  maxMs: number
}

/** All that was noted of one topic, most frequent first. */
export interface Seen {
  readonly count: number
  readonly maxMs: number
  readonly amounts: readonly Readonly<Amount>[]
}

export const NOTHING_SEEN: Seen = { count: 0, maxMs: 0, amounts: [] }

/** Of two topics together. */
export function both(one: Seen, other: Seen): Seen {
  return {
    count: one.count + other.count,
    maxMs: Math.max(one.maxMs, other.maxMs),
    amounts: [...one.amounts, ...other.amounts],
  }
}

/** Texts of statements come from users: what is more than this is counted and not named. */
const AMOUNTS_MAX = 50

const OTHERS = "others"

/** Notes by topic and name: one slice of a window, and the sum of them. */
export class Tally<Topic extends string> {
  readonly #topics = new Map<Topic, Map<string, Amount>>()

  note(topic: Topic, what: string, sort: string, ms = 0): void {
    this.#add(topic, { what, sort, count: 1, totalMs: ms, maxMs: ms })
  }

  clear(): void {
    this.#topics.clear()
  }

  addAll(other: Tally<Topic>): void {
    for (const [topic, amounts] of other.#topics) for (const amount of amounts.values()) this.#add(topic, amount)
  }

  seen(topic: Topic): Seen {
    const amounts = [...(this.#topics.get(topic)?.values() ?? [])].toSorted((one, other) => other.count - one.count)
    if (amounts.length === 0) return NOTHING_SEEN
    return {
      count: amounts.reduce((sum, { count }) => sum + count, 0),
      maxMs: Math.max(...amounts.map(({ maxMs }) => maxMs)),
      amounts,
    }
  }

  #add(topic: Topic, { what, sort, count, totalMs, maxMs }: Readonly<Amount>): void {
    let amounts = this.#topics.get(topic)
    if (amounts === undefined) this.#topics.set(topic, (amounts = new Map()))
    const name = amounts.size < AMOUNTS_MAX || amounts.has(what) ? what : OTHERS
    const known = amounts.get(name)
    if (known === undefined) {
      amounts.set(name, { what: name, sort, count, totalMs, maxMs })
      return
    }
    known.count += count
    known.totalMs += totalMs
    known.maxMs = Math.max(known.maxMs, maxMs)
  }
}
