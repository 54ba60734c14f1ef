import type { Facts } from "./redaction.ts"

/** What a person is told of each kind, made of our own words and of identifiers. */
export type Words<K extends string> = Readonly<Record<K, (facts: Facts) => string>>

/** `the check "users_age_check"`, or `the check` where there is no name; nothing for an addition (" of table") without one. */
export function named(what: string, name: string | undefined, end = ""): string {
  if (name !== undefined) return `${what} "${name}"${end}`
  return what.startsWith(" ") ? "" : what
}

/** What was said, if it is known to quote no value; else our own words. */
export function saidOr(facts: Facts, words: string): string {
  return facts.said ?? words
}
