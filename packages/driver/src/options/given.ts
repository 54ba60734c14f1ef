import { closest } from "./closest.ts"
import { listed, type Problems } from "./check.ts"
import { parseConnectionString } from "./connection-string.ts"
import { FOREIGN_PARAMETERS, KEYWORDS } from "./keywords.ts"

/** The value of one of libpq's keywords, and who gave it. */
export interface Given {
  readonly value: string
  /** For messages: `connection.port`, `DATABASE_URL`, `PGPORT`. */
  readonly path: string
}

/** All that was given, by libpq's keywords; the stronger source has already won. */
export class GivenSettings {
  readonly #values: ReadonlyMap<string, Given>
  readonly #problems: Problems

  /** Sources from the weakest to the strongest. */
  constructor(problems: Problems, sources: readonly ReadonlyMap<string, Given>[]) {
    this.#values = new Map(sources.flatMap((source) => [...source]))
    this.#problems = problems
    for (const [keyword, given] of this.#values) this.#refuseWhatCannotBeDone(keyword, given)
  }

  /** Empty is not given, as libpq has it. */
  take(keyword: string): Given | undefined {
    const given = this.#values.get(keyword)
    return given?.value === "" ? undefined : given
  }

  value(keyword: string): string | undefined {
    return this.take(keyword)?.value
  }

  has(keyword: string): boolean {
    return this.take(keyword) !== undefined
  }

  choice<const T extends string>(keyword: string, choices: readonly T[], hint?: string): T | undefined {
    const given = this.take(keyword)
    const chosen = choices.find((choice) => choice === given?.value)
    if (given === undefined || chosen !== undefined) return chosen
    const meant = closest(given.value, choices)
    const advice = hint ?? (meant === undefined ? "" : `Did you mean "${meant}"? `) + `Give ${listed(choices)}`
    return this.wrong(keyword, "has a value that libpq does not know", advice)
  }

  wholeNumber(keyword: string, least: number, most: number): number | undefined {
    const given = this.take(keyword)
    if (given === undefined) return undefined
    const number = Number(given.value)
    const good = /^\s*\d+\s*$/.test(given.value) && number >= least && number <= most
    return good
      ? number
      : this.wrong(keyword, "is out of range or no number", `Give a whole number from ${least} to ${most}`)
  }

  wrong(keyword: string, problem: string, hint: string): undefined {
    const path = this.#values.get(keyword)?.path ?? "connection"
    this.#problems.add(path, namesKeyword(path) ? problem : `${keyword} ${problem}`, hint)
    return undefined
  }

  #refuseWhatCannotBeDone(keyword: string, given: Given): void {
    const rule = KEYWORDS[keyword]
    if (given.value.includes("\0"))
      this.wrong(keyword, "holds a NUL character, which PostgreSQL cannot take", "Remove it")
    if (rule?.only === undefined || given.value === "" || rule.only.includes(given.value)) return
    const problem = rule.only.length === 0 ? "is not supported" : `can only be ${listed(rule.only)}`
    this.wrong(keyword, rule.why === undefined ? problem : `${problem}: ${rule.why}`, rule.hint ?? "Leave it out")
  }
}

/** What a connection string gives; nothing if it cannot be read, which is a problem then. */
export function fromString(text: string, path: string, problems: Problems): Map<string, Given> {
  const parsed = parseConnectionString(text)
  const found = new Map<string, Given>()
  if (!parsed.ok) {
    problems.add(
      path,
      `${parsed.unreadable.problem}, so it cannot be read as a connection string`,
      parsed.unreadable.hint,
    )
    return found
  }
  for (const [name, value] of parsed.values) {
    if (Object.hasOwn(KEYWORDS, name)) found.set(name, { value, path })
    else if (name === "ssl") readSsl(value, parsed.values.get("sslmode"), path, found, problems)
    else if (name.toLowerCase() === "uselibpqcompat" && value === "true") continue // That is what this driver always does.
    else refuseUnknown(name, parsed.names === "quotable", path, problems)
  }
  return found
}

/**
 * JDBC's and pg's parameter. Off is off; but on means a checked certificate to pg, and an unchecked one to libpq, unless
 * there is an sslmode to say it.
 */
function readSsl(
  value: string,
  sslmode: string | undefined,
  path: string,
  found: Map<string, Given>,
  problems: Problems,
): void {
  const off = value === "false" || value === "0"
  if (sslmode === undefined && off) found.set("sslmode", { value: "disable", path })
  else if (sslmode === undefined) {
    problems.add(
      path,
      "ssl=true means a verified certificate to pg and an unverified one to libpq, so it is not clear what is wanted",
      "Write sslmode=verify-full, with sslrootcert=system or the path of a root certificate; or sslmode=require, which only encrypts",
    )
  } else if (off !== (sslmode === "disable")) {
    problems.add(path, "has an ssl and an sslmode that contradict each other", "Remove ssl; sslmode says it all")
  }
}

function refuseUnknown(name: string, quotable: boolean, path: string, problems: Problems): void {
  const foreign = Object.hasOwn(FOREIGN_PARAMETERS, name) ? FOREIGN_PARAMETERS[name] : undefined
  const meant = closest(name, Object.keys(KEYWORDS))
  const problem =
    quotable || foreign !== undefined
      ? `has a parameter ${JSON.stringify(name.slice(0, 60))} that PostgreSQL's clients do not know`
      : "has a parameter that PostgreSQL's clients do not know (its name is not shown, as it may be part of the password)"
  const advice =
    meant === undefined ? "Remove it; libpq's manual (32.1.2) lists what there is" : `Did you mean ${meant}?`
  problems.add(path, problem, foreign ?? advice)
}

/** `PGPORT` and `connection.port` say themselves what they are about; a whole connection string does not. */
function namesKeyword(path: string): boolean {
  return path.startsWith("PG") || (path.startsWith("connection.") && path !== "connection.connectionString")
}
