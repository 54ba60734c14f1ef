import { closest } from "./closest.ts"
import { OptionsError, type OptionsProblem } from "./options-error.ts"

/** The longest delay that Node's timers accept, about 24.8 days. */
export const LONGEST_MS = 2_147_483_647

/** Collects what is wrong, so that all of it can be said at once. */
export class Problems {
  readonly #found: OptionsProblem[] = []

  add(path: string, problem: string, hint: string): void {
    this.#found.push({ path, problem, hint })
  }

  throwIfAny(): void {
    if (this.#found.length > 0) throw new OptionsError(this.#found)
  }
}

export interface Range {
  readonly least: number
  readonly most: number
}

/** The keys that a section may have, and what to say of some that people bring from elsewhere. */
export interface Keys {
  readonly known: readonly string[]
  readonly hints?: Readonly<Record<string, string>>
}

/**
 * An object of options while it is read. A value that is absent or wrong reads as `undefined`; what is wrong is added to
 * the problems. `undefined` given on purpose is the same as absent, as everywhere in JavaScript.
 */
export class Section {
  readonly #problems: Problems
  readonly #path: string
  readonly #values: Readonly<Record<string, unknown>>

  constructor(problems: Problems, path: string, value: unknown, keys: Keys) {
    this.#problems = problems
    this.#path = path
    const values = value === undefined ? {} : readOnce(value)
    this.#values = values ?? {}
    if (values === undefined)
      problems.add(path === "" ? "options" : path, `is ${show(value)}`, "Give an object, or leave it out")
    for (const key of Object.keys(this.#values)) this.#refuseUnknown(key, keys)
  }

  pathOf(key: string): string {
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${this.#path}[${JSON.stringify(cut(key))}]`
    return this.#path === "" ? cut(key) : `${this.#path}.${cut(key)}`
  }

  /** Was there anything, right or wrong? */
  has(key: string): boolean {
    return this.value(key) !== undefined
  }

  /** Is the key there, be it with `undefined`? */
  mentions(key: string): boolean {
    return Object.hasOwn(this.#values, key)
  }

  value(key: string): unknown {
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined
  }

  wrong(key: string, problem: string, hint: string): undefined {
    this.#problems.add(this.pathOf(key), problem, hint)
    return undefined
  }

  section(key: string, keys: Keys): Section {
    return new Section(this.#problems, this.pathOf(key), this.value(key), keys)
  }

  count(key: string, range: Range): number | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (typeof value === "number" && Number.isInteger(value) && within(value, range)) return value
    return this.wrong(key, `is ${show(value)}`, `Give a whole number ${span(range)}`)
  }

  durationMs(key: string, range: Range): number | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (typeof value === "number" && within(value, range)) return value
    const hint = value === Infinity ? "Every wait has a limit: give" : "Give"
    return this.wrong(key, `is ${show(value)}`, `${hint} milliseconds, a number ${span(range)}`)
  }

  ratio(key: string, range: Range): number | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (typeof value === "number" && within(value, range)) return value
    return this.wrong(key, `is ${show(value)}`, `Give a number ${span(range)}`)
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key)
    if (value === undefined || typeof value === "boolean") return value
    return this.wrong(key, `is ${show(value)}`, "Give true or false")
  }

  text(key: string): string | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (typeof value !== "string") return this.wrong(key, `is ${show(value)}`, "Give a string")
    if (value.includes("\0")) return this.wrong(key, "holds a NUL character, which PostgreSQL cannot take", "Remove it")
    return value
  }

  choice<const T extends string>(key: string, choices: readonly T[]): T | undefined {
    const value = this.value(key)
    const chosen = choices.find((choice) => choice === value)
    if (value === undefined || chosen !== undefined) return chosen
    const meant = typeof value === "string" ? closest(value, choices) : undefined
    const hint = meant === undefined ? "" : `Did you mean "${meant}"? `
    const shown = typeof value === "string" && /^[\w-]{1,24}$/.test(value) ? `"${value}"` : show(value)
    return this.wrong(key, `is ${shown}`, `${hint}Give ${listed(choices)}`)
  }

  /** What a function takes and returns cannot be seen from outside: `isOne` takes the caller's word for it. */
  callback<T>(key: string, isOne: (value: unknown) => value is T): T | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (isOne(value)) return value
    return this.wrong(key, `is ${show(value)}`, "Give a function")
  }

  #refuseUnknown(key: string, keys: Keys): void {
    if (keys.known.includes(key)) return
    const hints = keys.hints ?? {}
    const meant = closest(key, keys.known)
    const hint = Object.hasOwn(hints, key)
      ? hints[key]
      : meant === undefined
        ? `Known here: ${keys.known.join(", ")}`
        : `Did you mean ${meant}?`
    this.#problems.add(this.pathOf(key), "there is no such option", hint ?? "Remove it")
  }
}

/** Its own properties, each read once: they may be getters. Undefined for what is no object, or cannot be read as one. */
function readOnce(value: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** An array of options, read once; undefined for what is none. */
export function readList(value: unknown): readonly unknown[] | undefined {
  try {
    return Array.isArray(value) ? [...value] : undefined
  } catch {
    return undefined
  }
}

/** A value for a message. Strings are not shown: a password may have been put in the wrong place. */
export function show(value: unknown): string {
  if (value === "") return "an empty string"
  if (value === null || ["undefined", "boolean", "number"].includes(typeof value)) return String(value)
  if (readList(value) !== undefined) return "an array"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

/** "a", "b" or "c" */
export function listed(choices: readonly string[]): string {
  const quoted = choices.map((choice) => `"${choice}"`)
  const last = quoted.pop() ?? ""
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`
}

function within(value: number, range: Range): boolean {
  return value >= range.least && value <= range.most
}

function span(range: Range): string {
  return `from ${range.least} to ${range.most}`
}

function cut(key: string): string {
  return key.length <= 60 ? key : `${key.slice(0, 60)}…`
}
