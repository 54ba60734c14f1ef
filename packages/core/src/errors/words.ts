import type { Origin, Phase } from "@kysely-resilient/driver"

/** What may be said of a failure to anybody: identifiers, codes, numbers and words that quote no value. */
export interface Facts {
  readonly phase: Phase
  readonly origin: Origin
  /** SQLSTATE, or Node's code. */
  readonly code: string | undefined
  readonly constraint: string | undefined
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  readonly dataType: string | undefined
  /** Why a value could not be read, in words that do not quote it. */
  readonly reading: string | undefined
  /** The message, if it is known to quote no value. */
  readonly said: string | undefined
}

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
