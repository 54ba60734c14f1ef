import { inspect } from "node:util"

import { err } from "neverthrow"

/**
 * Everything that somebody who prints, logs, walks or copies an error can see of it: as one text, to look for what must not be there.
 * But for `value`, which is data for whoever asks for it by its name: not even `showHidden` shows more than that there is one.
 */
export function everythingSeen(error: unknown): string {
  return [error, err(error)].flatMap(lookAt).join("\n")
}

function lookAt(value: unknown): string[] {
  const seen: string[] = [String(value), JSON.stringify(value) ?? "", JSON.stringify([value], null, 2)]
  for (const options of [{}, { showHidden: true }, { getters: true }, { compact: false }]) {
    seen.push(inspect(value, { depth: Number.POSITIVE_INFINITY, maxStringLength: null, ...options }))
  }
  seen.push(inspect(structuredClone(value), { depth: Number.POSITIVE_INFINITY, showHidden: true }))
  seen.push(...walked(value, new Set()))
  return seen
}

/** Every string that can be reached by properties, their names too: enumerable or not, by symbol, inherited, and through getters. */
function walked(value: unknown, before: Set<unknown>): string[] {
  if (typeof value === "string") return [value]
  if ((typeof value !== "object" && typeof value !== "function") || value === null || before.has(value)) return []
  before.add(value)
  const seen: string[] = []
  for (let of: object | null = value; of !== null && of !== Object.prototype; of = Object.getPrototypeOf(of)) {
    for (const key of Reflect.ownKeys(of)) {
      // A function's own code and names are no data; methods that want to be called are not.
      if (key === "constructor" || key === "value") continue
      const held: unknown = Reflect.get(of, key, value)
      if (typeof held !== "function") seen.push(String(key), ...walked(held, before))
    }
  }
  return seen
}
