import { BUGGIFY_KINDS, type BuggifyKind } from "../foundation/buggify-kind.ts"
import type { BuggifyPlan } from "../policy/strikes.ts"
import { LONGEST_MS, listed, readList, show, type Keys, type Section } from "./check.ts"
import type { Environment } from "./environment.ts"

const BUGGIFY_KEYS: Keys = {
  known: ["seed", "probability", "kinds", "slowMs"],
  hints: {
    only: "Write kinds",
    ratio: "Write probability",
    random: "Give a seed: the same seed makes the same trouble again",
  },
}

/** Often enough to be met in a test of some dozen statements, rarely enough that three tries in a row are hardly hit. */
const DEFAULT_PROBABILITY = 0.05
/** Longer than an answer takes, shorter than anybody's patience. */
const DEFAULT_SLOW_MS = 100

/** Undefined: off. Where `NODE_ENV` says production it is refused: it destroys connections on purpose. */
export function resolveBuggify(root: Section, env: Environment): BuggifyPlan | undefined {
  const given = root.value("buggify")
  if (given === undefined || given === false) return undefined
  if (env["NODE_ENV"] === "production") {
    return root.wrong(
      "buggify",
      "is for tests, and NODE_ENV is production",
      "Remove it: it breaks connections on purpose",
    )
  }
  if (given === true) return root.wrong("buggify", "is true", "Give { seed }, a number that your tests print")
  const options = root.section("buggify", BUGGIFY_KEYS)
  const seed = options.count("seed", { least: 0, most: 4_294_967_295 })
  if (seed === undefined && !options.has("seed")) {
    options.wrong("seed", "is missing", "Give a whole number: the same one makes the same trouble again")
  }
  return {
    seed: seed ?? 0,
    probability: probabilityIn(options) ?? DEFAULT_PROBABILITY,
    kinds: kindsIn(options) ?? BUGGIFY_KINDS,
    slowMs: options.durationMs("slowMs", { least: 1, most: LONGEST_MS }) ?? DEFAULT_SLOW_MS,
  }
}

function probabilityIn(options: Section): number | undefined {
  const value = options.value("probability")
  if (value === undefined || (typeof value === "number" && value > 0 && value <= 1)) return value
  return options.wrong("probability", `is ${show(value)}`, "Give a number above 0, up to 1")
}

function kindsIn(options: Section): readonly BuggifyKind[] | undefined {
  const value = options.value("kinds")
  if (value === undefined) return undefined
  const choices = `Give some of ${listed(BUGGIFY_KINDS)}`
  const list = readList(value)
  if (list === undefined || list.length === 0) return options.wrong("kinds", `is ${show(value)}`, choices)
  const kinds = BUGGIFY_KINDS.filter((kind) => list.includes(kind))
  if (!list.every((one) => kinds.some((kind) => kind === one))) {
    return options.wrong("kinds", "holds what is none", choices)
  }
  return kinds
}
