import { err, ok, ResultAsync, type Result } from "neverthrow"

/** What is wrong with a request, by field. */
export interface BadInput {
  readonly kind: "bad_input"
  readonly errors: Readonly<Record<string, string>>
}

export type Fields = Readonly<Record<string, unknown>>

/** The body of a request, if it is a JSON object. */
export function bodyOf(request: Request): ResultAsync<Fields, BadInput> {
  return ResultAsync.fromPromise<unknown, BadInput>(request.json(), () => bad({ body: "must be JSON" })).andThen(
    (body) => (isFields(body) ? ok(body) : err(bad({ body: "must be an object" }))),
  )
}

function bad(errors: BadInput["errors"]): BadInput {
  return { kind: "bad_input", errors }
}

/** Reads one field; what is wrong with it otherwise. */
type Reader<T> = (value: unknown) => T | Wrong

class Wrong {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

export const text: Reader<string> = (value) =>
  typeof value === "string" && value.trim() !== "" ? value : new Wrong("must be a text")

export const id: Reader<number> = (value) =>
  typeof value === "number" && Number.isInteger(value) && value > 0
    ? value
    : new Wrong("must be a whole number above 0")

export const share: Reader<number> = (value) =>
  typeof value === "number" && Number.isFinite(value) ? value : new Wrong("must be a number")

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const uuid: Reader<string> = (value) =>
  typeof value === "string" && UUID.test(value) ? value : new Wrong("must be a UUID")

/** Money is text from end to end: no number of JavaScript's holds cents exactly. */
const AMOUNT = /^\d{1,12}(\.\d{1,2})?$/
export const amount: Reader<string> = (value) =>
  typeof value === "string" && AMOUNT.test(value) ? value : new Wrong('must be an amount as text, as "12.50"')

const DAY = /^\d{4}-\d{2}-\d{2}$/
export const day: Reader<string> = (value) =>
  typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(value))
    ? value
    : new Wrong("must be a day, as 2026-01-31")

export function oneOf<T extends string>(values: readonly T[]): Reader<T> {
  return (value) => values.find((known) => known === value) ?? new Wrong(`must be one of ${values.join(", ")}`)
}

type Values<R> = { [K in keyof R]: R[K] extends Reader<infer T> ? Exclude<T, Wrong> : never }

/** All fields that are asked for; or everything that is wrong, at once. */
export function fields<R extends Readonly<Record<string, Reader<unknown>>>>(
  input: Fields,
  readers: R,
): Result<Values<R>, BadInput> {
  const errors: Record<string, string> = {}
  const values: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(readers)) {
    const value = read(input[name])
    if (value instanceof Wrong) errors[name] = value.why
    else values[name] = value
  }
  return hasAll<R>(values, readers) ? ok(values) : err(bad(errors))
}

function hasAll<R extends object>(values: object, readers: R): values is Values<R> {
  return Object.keys(readers).every((name) => name in values)
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
