/** How the types between which there is a choice are read. What is left out has its default. */
export interface PolicyChoices {
  /** Default `bigint`. `number`: a value beyond ±2^53 is an error (`decode_failed`). */
  readonly int8?: "bigint" | "number" | "string"
  /** Default `string`, which keeps every digit. `number`: the nearest one. */
  readonly numeric?: "string" | "number"
  /** Default `Date`, to the millisecond; what no Date can be (infinity, BC, after the year 275760) is an error. */
  readonly timestamptz?: "Date" | "string"
  /** Default `string`. `Date`: in the time zone of the process, as `pg` reads and writes it; infinity and BC are errors. */
  readonly timestamp?: "string" | "Date"
  /** Default `string`. `Date`: that day's midnight in the time zone of the process; infinity and BC are errors. */
  readonly date?: "string" | "Date"
  /** Default `string`. `parts`: `IntervalParts`; infinity is an error. */
  readonly interval?: "string" | "parts"
  /** json and jsonb. Default `unknown`: parsed. `string`: the JSON text. */
  readonly json?: "unknown" | "string"
  /** Ranges and multiranges. Default `string`, as in `[1,3)`. `object`: `Range`, and arrays of it. */
  readonly range?: "string" | "object"
  /** Default `object`: by attribute, each of them read as its own type; any may be null. `string`, as in `(1,a)`. */
  readonly composite?: "object" | "string"
  /** Elements of arrays. Default `nullable`: any may be null, and the types say so. `notNull`: one that is null is an error. */
  readonly elements?: "nullable" | "notNull"
  /**
   * A type of your own or an extension's, by schema and name; a built-in one as `pg_catalog.tsvector`. Not for domains:
   * the server sends their values as those of the base type.
   */
  readonly [type: `${string}.${string}`]: CustomType
}

/**
 * How the values of one type are read and written.
 *
 * ```ts
 * "public.vector": { ts: "number[]", parse: (text) => JSON.parse(text), serialize: (value: number[]) => JSON.stringify(value) }
 * ```
 */
export interface CustomType {
  /** What TypeScript calls what `parse` gives: a type of the language (`number[]`), or the name of one that `from` exports. */
  readonly ts: string
  /** The module that exports `ts`, as the policy's own module would import it: `./vector.ts`, `some-package`. */
  readonly from?: string
  /** Called with PostgreSQL's text of a value, never with null. What it throws makes the query fail with `decode_failed`. */
  parse(text: string): unknown
  /**
   * The text of a value, wherever a query says which column it is for: in `values`, `set` and their like, which take `ts` then, and
   * compared with the column. Everywhere else (raw SQL, columns of a subquery) a parameter of the type is that text, as it is
   * everywhere without this function.
   */
  serialize?(value: unknown): string
}

/** What `policy()` returns: every choice made, and the custom types apart. */
export interface Policy {
  readonly choices: Required<Pick<PolicyChoices, ChoiceName>>
  /** By `schema.type`. */
  readonly custom: Readonly<Record<string, CustomType>>
}

/** What can be chosen; the first is the default. */
const CHOICES = {
  int8: ["bigint", "number", "string"],
  numeric: ["string", "number"],
  timestamptz: ["Date", "string"],
  timestamp: ["string", "Date"],
  date: ["string", "Date"],
  interval: ["string", "parts"],
  json: ["unknown", "string"],
  range: ["string", "object"],
  composite: ["object", "string"],
  elements: ["nullable", "notNull"],
} as const

type ChoiceName = keyof typeof CHOICES

/** Everything that is wrong with a policy, at once. */
export class PolicyError extends Error {
  override readonly name = "PolicyError"
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The policy cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`)
    this.problems = problems
  }
}

/**
 * Decides, in one place, what the types of a database are in TypeScript and how its values are read: the generated types
 * and the driver follow the same policy, so one cannot say what the other does not do.
 *
 * The generated file holds the policy, as `defineSchema<DB>({ policy: … })`. Choices alone are written into it again:
 * `policy({ int8: "number" })`. Functions cannot be written down: with custom types the policy lives in a module of the
 * application, the generator is told where (`"./policy.ts#types"`), and the generated file imports it from there.
 *
 * ```ts
 * // policy.ts
 * import { policy } from "@kysely-resilient/core/schema"
 * export const types = policy({
 *   int8: "number",
 *   "public.vector": { ts: "number[]", parse: (text) => JSON.parse(text) },
 * })
 * ```
 *
 * @throws PolicyError with everything that is wrong
 */
export function policy(choices: PolicyChoices = {}): Policy {
  if (!isRecord(choices)) throw new PolicyError(["It is no object: give one, or nothing"])
  const given = Object.entries(choices).filter(([, value]) => value !== undefined)
  const problems = given.flatMap(([name, value]) => problemsOf(name, value, choices))
  if (problems.length > 0) throw new PolicyError(problems)
  const custom = given.filter((entry): entry is [string, CustomType] => !isChoice(entry[0]))
  return Object.freeze({
    choices: Object.freeze(chosen(choices)),
    custom: Object.freeze(Object.fromEntries(custom.map(([name, type]) => [name, Object.freeze({ ...type })]))),
  })
}

function chosen(choices: PolicyChoices): Policy["choices"] {
  return {
    int8: choices.int8 ?? CHOICES.int8[0],
    numeric: choices.numeric ?? CHOICES.numeric[0],
    timestamptz: choices.timestamptz ?? CHOICES.timestamptz[0],
    timestamp: choices.timestamp ?? CHOICES.timestamp[0],
    date: choices.date ?? CHOICES.date[0],
    interval: choices.interval ?? CHOICES.interval[0],
    json: choices.json ?? CHOICES.json[0],
    range: choices.range ?? CHOICES.range[0],
    composite: choices.composite ?? CHOICES.composite[0],
    elements: choices.elements ?? CHOICES.elements[0],
  }
}

// Types forbid most of the following, and JavaScript does not.

function problemsOf(name: string, value: unknown, choices: PolicyChoices): readonly string[] {
  if (isChoice(name)) {
    const known: readonly unknown[] = CHOICES[name]
    return known.includes(value) ? [] : [`${name} has no such choice: give ${CHOICES[name].map(quoted).join(" or ")}`]
  }
  if (!name.includes(".")) {
    return [
      `There is no choice ${quoted(name)}: known are ${Object.keys(CHOICES).join(", ")}; ` +
        `a type is named with its schema, as "public.${name}" or "pg_catalog.${name}"`,
    ]
  }
  const builtIn = /^pg_catalog\.(.+)$/.exec(name)?.[1]
  const twice = builtIn !== undefined && choiceOf(builtIn, choices) !== undefined
  return [
    ...customProblems(name, value),
    ...(twice ? [`${name} and ${choiceNameOf(builtIn)} decide the same type`] : []),
  ]
}

function customProblems(name: string, value: unknown): readonly string[] {
  if (!isRecord(value)) return [`${name} is no object: give { ts, parse, serialize? }`]
  const { ts, from, parse, serialize } = value
  const problems: string[] = []
  if (name.endsWith("[]")) problems.push(`${name} is an array: name the type of its elements instead`)
  if (typeof ts !== "string" || ts.trim() === "") problems.push(`${name}.ts is no text: give a type of TypeScript`)
  if (from !== undefined && (typeof from !== "string" || from === "")) problems.push(`${name}.from is no module`)
  if (from !== undefined && typeof ts === "string" && !/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(ts))
    problems.push(`${name}.ts must be the name of a type if it comes from a module`)
  if (typeof parse !== "function") problems.push(`${name}.parse is no function`)
  if (serialize !== undefined && typeof serialize !== "function") problems.push(`${name}.serialize is no function`)
  const unknown = Object.keys(value).filter((key) => !CUSTOM_KEYS.has(key))
  return [...problems, ...unknown.map((key) => `${name} has no ${quoted(key)}: known are ts, from, parse, serialize`)]
}

const CUSTOM_KEYS: ReadonlySet<string> = new Set(["ts", "from", "parse", "serialize"])

function choiceOf(type: string, choices: PolicyChoices): unknown {
  const name = choiceNameOf(type)
  return name === undefined ? undefined : choices[name]
}

/** The choice that decides a built-in type. */
function choiceNameOf(type: string): ChoiceName | undefined {
  if (type === "jsonb") return "json"
  return isChoice(type) && type !== "range" && type !== "composite" && type !== "elements" ? type : undefined
}

function isChoice(name: string): name is ChoiceName {
  return Object.hasOwn(CHOICES, name)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
