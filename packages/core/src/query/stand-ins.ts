import { types } from "node:util"

type Path = readonly (number | string)[]

/** More values than these in one call are built each time: to say what shape they have would take as long. */
const VALUES_MAX = 200

/**
 * What the text of a query may depend on, of the values that it is built with: how long lists are, which keys objects have, and which
 * values are null, undefined, true, false, zero or empty. Undefined for what has no such shape: functions, expressions, instances of
 * classes, and what is too large.
 */
export function shapeOf(parameters: readonly unknown[]): string | undefined {
  const budget = { left: VALUES_MAX }
  let shape = ""
  for (const parameter of parameters) {
    const part = partOf(parameter, budget)
    if (part === undefined) return undefined
    shape += part
  }
  return shape
}

function partOf(value: unknown, budget: { left: number }): string | undefined {
  budget.left -= 1
  if (budget.left < 0) return undefined
  // Text and numbers are told apart: what is bound may be cast by what it is.
  if (isKept(value)) return `${typeof value} ${Object.is(value, -0) ? "-0" : String(value)};`
  if (typeof value === "function" || typeof value === "symbol") return undefined
  if (typeof value !== "object" || value === null) return `${typeof value};`
  if (isOpaque(value)) return "one;"
  if (Array.isArray(value)) return listOf(value, budget)
  return isPlain(value) ? recordOf(value, budget) : undefined
}

function listOf(list: readonly unknown[], budget: { left: number }): string | undefined {
  let shape = "["
  for (const item of list) {
    const part = partOf(item, budget)
    if (part === undefined) return undefined
    shape += part
  }
  return `${shape}]`
}

function recordOf(record: object, budget: { left: number }): string | undefined {
  let shape = "{"
  for (const [key, value] of Object.entries(record)) {
    const part = partOf(value, budget)
    if (part === undefined) return undefined
    shape += `${JSON.stringify(key)}:${part}`
  }
  return `${shape}}`
}

/** Of these the value itself is part of the shape: `if (flag)`, `name ?? other`, `limit || 20` are decided by it. */
function isKept(value: unknown): boolean {
  return !value || typeof value === "boolean"
}

/** One value to whoever binds it. */
function isOpaque(value: object): boolean {
  return types.isDate(value) || types.isTypedArray(value) || types.isArrayBuffer(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Kysely asks every value whether it is an expression. */
const ASKED_BY_KYSELY: ReadonlySet<string | symbol> = new Set(["expressionType", "expression", "toOperationNode"])

/** Objects in the place of values. They know when they are looked at, and are found again where they have been bound. */
export class Stand {
  touched: boolean = false
  /** The values that stand for themselves, since the shape names them. */
  readonly kept: Set<unknown> = new Set()
  readonly #paths = new Map<unknown, Path>()
  /** By stand-in: those that are inside of it. */
  readonly #inside = new Map<unknown, unknown[]>()
  readonly #missing = new Set<unknown>()

  /** The same lists and records, with stand-ins for what is in them. */
  inFor(value: unknown, path: Path): unknown {
    if (isKept(value)) {
      this.kept.add(value)
      return value
    }
    if (typeof value !== "object" || value === null || isOpaque(value)) return this.#one(path)
    const entries = Object.entries(value).map(([key, item]) => [key, this.inFor(item, [...path, key])] as const)
    const items = entries.map(([, item]) => item)
    const copy = Array.isArray(value) ? items : Object.fromEntries(entries)
    this.#paths.set(copy, path)
    this.#inside.set(copy, items)
    return copy
  }

  #one(path: Path): unknown {
    const seen = (): void => {
      this.touched = true
    }
    const one = standIn(seen)
    this.#paths.set(one, path)
    this.#missing.add(one)
    return one
  }

  /** Whose place it has, if it stands in for something. */
  find(standing: unknown): Path | undefined {
    const path = this.#paths.get(standing)
    if (path !== undefined) this.#found(standing)
    return path
  }

  #found(standing: unknown): void {
    this.#missing.delete(standing)
    for (const item of this.#inside.get(standing) ?? []) this.#found(item)
  }

  get allFound(): boolean {
    return this.#missing.size === 0
  }
}

function standIn(seen: () => void): object {
  const notice =
    <T>(answer: T) =>
    (): T => {
      seen()
      return answer
    }
  const unlessKysely = <T>(answer: T) => {
    return (_target: object, name: string | symbol): T => {
      if (!ASKED_BY_KYSELY.has(name)) seen()
      return answer
    }
  }
  return new Proxy(Object.create(null), {
    get: unlessKysely(undefined),
    has: unlessKysely(false),
    ownKeys: notice<string[]>([]),
    getOwnPropertyDescriptor: notice(undefined),
    getPrototypeOf: notice(null),
    isExtensible: notice(true),
    set: notice(false),
    defineProperty: notice(false),
    deleteProperty: notice(false),
    setPrototypeOf: notice(false),
    preventExtensions: notice(false),
  })
}
