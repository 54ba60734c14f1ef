import fc from "fast-check"

/** How a value is made, and not the value: fast-check looks at what it generates, and these do not like to be looked at. */
export interface Recipe<T = unknown> {
  /** For the report of a failing run. */
  readonly what: string
  readonly make: () => T
}

function recipe<T>(what: string, make: () => T): Recipe<T> {
  return { what, make }
}

function thrower(thrown: Recipe): () => never {
  return () => {
    throw thrown.make()
  }
}

function circularError(): Error {
  const error = new Error("circular")
  error.cause = error
  return error
}

/** What is thrown at us: errors, what is none, and what does not like to be looked at. */
export const thrown: fc.Arbitrary<Recipe> = fc.constantFrom<Recipe>(
  recipe("an error", () => new Error("mine")),
  recipe("undefined", () => undefined),
  recipe("null", () => null),
  recipe("a number", () => 0),
  recipe("a symbol", () => Symbol("s")),
  recipe("an object without a prototype", (): unknown => Object.create(null)),
  recipe("a circular error", circularError),
  recipe("an error whose message throws", () =>
    Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("a getter")
      },
    }),
  ),
  recipe("a revoked proxy", () => revoked({})),
)

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

function nested(depth: number): unknown[] {
  let value: unknown[] = []
  for (let n = 0; n < depth; n += 1) value = [value]
  return value
}

function circular(): unknown[] {
  const value: unknown[] = [1]
  value.push(value)
  return value
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

class TimelessDate extends Date {
  override getTime(): number {
    throw new Error("no time")
  }
}

const TRAPS = ["get", "has", "getPrototypeOf", "ownKeys", "getOwnPropertyDescriptor"] as const
const CALLED = ["toJSON", "toPostgres", "toString", "valueOf", "then", "length", "constructor"] as const

const plain = fc
  .oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withTypedArray: true,
      withSparseArray: true,
      withBoxedValues: true,
    }),
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\ud800", "\udfff", "\0", "a", "\uffff", "\u{10ffff}") }),
  )
  .map((value) => recipe(fc.stringify(value), () => value))

const strange = fc.constantFrom<Recipe>(
  recipe("a symbol", () => Symbol.iterator),
  recipe("a function", () => () => 1),
  recipe("a class", () => TimelessDate),
  recipe("NaN", () => Number.NaN),
  recipe("a big integer", () => 2n ** 80n),
  recipe("a regular expression", () => /x/),
  recipe("a promise", () => Promise.resolve(1)),
  recipe("a text of 6 MB", () => "é".repeat(3_000_000)),
  recipe("an array in 20,000 arrays", () => nested(20_000)),
  recipe("a circular array", circular),
  recipe("an object with a circular array", () => ({ circular: circular() })),
  recipe("an invalid date", () => new Date(Number.NaN)),
  recipe("the last date", () => new Date(8.64e15)),
  recipe("the first date", () => new Date(-8.64e15)),
  recipe("a date without a time", () => new TimelessDate()),
  recipe("a revoked object", () => revoked({})),
  recipe("a revoked array", () => revoked([])),
  recipe("a revoked date", () => revoked(new Date(0))),
  recipe("a revoked function", () => revoked(() => 1)),
  recipe("bytes that were transferred", detached),
  recipe("shared bytes", () => new Uint8Array(new SharedArrayBuffer(4))),
)

const trapped = fc
  .tuple(fc.constantFrom(...TRAPS), fc.constantFrom<object>({}, [1, 2]), thrown)
  .map(([trap, target, what]) =>
    recipe(`a proxy whose ${trap} throws ${what.what}`, () => new Proxy(target, { [trap]: thrower(what) })),
  )
const throwing = fc
  .tuple(fc.constantFrom(...CALLED), thrown)
  .map(([name, what]) => recipe(`an object whose ${name}() throws ${what.what}`, () => ({ [name]: thrower(what) })))
const giving = fc
  .tuple(fc.constantFrom(...CALLED), fc.anything())
  .map(([name, given]) =>
    recipe(`an object whose ${name}() gives ${fc.stringify(given)}`, () => ({ [name]: () => given })),
  )
const unreadable = fc
  .tuple(fc.constantFrom("a", "toJSON", "toPostgres", "refused"), thrown)
  .map(([name, what]) =>
    recipe(`an object whose ${name} throws ${what.what}`, () =>
      Object.defineProperty({}, name, { enumerable: true, get: thrower(what) }),
    ),
  )

/** Every kind of value that JavaScript has, and the ways in which an object can refuse to be one. */
export const hostileValue: fc.Arbitrary<Recipe> = fc.oneof(plain, strange, trapped, throwing, giving, unreadable)

/** Parameters: mostly a few; an array that does not like to be read; too many. */
export const hostileParameters: fc.Arbitrary<Recipe<unknown[]>> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .array(hostileValue, { minLength: 1, maxLength: 3 })
      .map((values) => recipe(values.map(({ what }) => what).join("; "), () => values.map(({ make }) => make()))),
  },
  fc
    .constantFrom(65_535, 65_536, 100_000)
    .map((count) => recipe(`${count} of them`, () => Array<unknown>(count).fill(1))),
  thrown.map((what) =>
    recipe(`an array whose first throws ${what.what}`, () => Object.defineProperty([1, 2], 0, { get: thrower(what) })),
  ),
  thrown.map((what) =>
    recipe(`an array whose reading throws ${what.what}`, () => new Proxy([1, 2], { get: thrower(what) })),
  ),
  fc.constant(recipe("an array of holes", () => Array<unknown>(2))),
)
