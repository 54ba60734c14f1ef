import { nameOf, type Held } from "./audit.ts"
import { wordsOf, type Unknown } from "./desk.ts"
import type { Resolution } from "./options.ts"
import type { Store } from "./store.ts"

/** What was said of an effect that nobody knew, once nothing was in the way any more. */
export interface Asked extends Unknown {
  /** An effect, or why there was no answer. */
  readonly said: string
}

/** One that is judged. */
export interface Later {
  readonly words: string
  /** Nobody can know: the server restarted between COMMIT and its answer, and no marker was left. */
  readonly excused: boolean
  /** It came with a token, and what that led to agrees with what the database holds. */
  readonly right: boolean
}

const ASKING_MS = 5_000

/** Asks once more what became of them, by their tokens. */
export function askLater(store: Store, unknown: readonly Unknown[]): Promise<readonly Asked[]> {
  return Promise.all(
    unknown.map(async (one) => {
      const { token } = one.trouble
      if (token === undefined) return { ...one, said: "no token" }
      const said = await store.resolve(token, { timeoutMs: ASKING_MS })
      return { ...one, said: said.isOk() ? said.value : said.error.message }
    }),
  )
}

/** "unknown" once more is honest, and only that beside the truth; but with markers there always is an answer. */
export function judgeLater(
  asked: readonly Asked[],
  held: readonly Held[],
  resolution: Resolution,
  excuses: (one: Unknown) => boolean,
): readonly Later[] {
  const there = new Set(held.map(nameOf))
  return asked.map((one) => {
    const applied = there.has(nameOf(one.token))
    const honest = resolution === "marker" ? [] : ["unknown"]
    const truth = [...(applied ? ["applied", "applied_locally"] : ["not_applied"]), ...honest]
    const words = `${wordsOf(one.operation, one.trouble)}; later: ${one.said}; it is ${applied ? "" : "not "}there`
    return { words, excused: excuses(one), right: truth.includes(one.said) }
  })
}
