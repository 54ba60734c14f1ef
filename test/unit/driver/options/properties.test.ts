import { inspect } from "node:util"

import type { ResolvedOptions } from "@kysely-resilient/driver/src/options/resolve.ts"
import { OptionsError } from "@kysely-resilient/driver/src/options/options-error.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { resolved, systemWith } from "./fake-system.ts"

/** Values that options could be mistaken for, beside those that they are. */
const anything = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  fc.constantFrom(undefined, Infinity, NaN, -1, 0, 1, 20, 2 ** 31, true, false, null, "", [], {}),
  fc.constantFrom("postgres://u:p@h/d", "host=h", "require", "rollback", "system", "1", () => "x"),
)

/** Real keys more often than not: a made-up one gets no further than the door. */
function objectOf(keys: readonly string[]): fc.Arbitrary<object> {
  return fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, fc.string()), anything, {
    maxKeys: 6,
  })
}

const ssl = objectOf([
  "ca",
  "cert",
  "key",
  "passphrase",
  "rejectUnauthorized",
  "servername",
  "minVersion",
  "maxVersion",
  "crl",
])
const connection = fc
  .tuple(
    objectOf([
      "connectionString",
      "host",
      "port",
      "user",
      "password",
      "database",
      "sslmode",
      "sslrootcert",
      "channelBinding",
      "options",
    ]),
    fc.option(ssl, { nil: undefined }),
  )
  .map(([own, given]) => (given === undefined ? own : { ...own, ssl: given }))
const options = fc.record(
  {
    connection: fc.oneof(connection, anything, fc.string()),
    pool: fc.oneof(objectOf(["min", "max", "acquireTimeoutMs", "waitersMax", "keepAlive", "shedding"]), anything),
    timeouts: fc.oneof(objectOf(["connectMs", "queryMs", "cancelMs"]), anything),
    retry: fc.oneof(objectOf(["attemptsMax", "slow", "quick", "outageWaitMs", "budget"]), anything),
    orphanedTransaction: anything,
    circuit: fc.oneof(objectOf(["failuresMin", "windowMs", "afterMs"]), anything),
    onConnect: anything,
    observer: anything,
    log: anything,
    buggify: fc.oneof(objectOf(["seed", "probability", "kinds", "slowMs"]), anything),
  },
  { requiredKeys: [] },
)
const env = fc.dictionary(
  fc.constantFrom(
    "DATABASE_URL",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGTZ",
    "PGCONNECT_TIMEOUT",
    "PGSERVICE",
  ),
  fc.oneof(fc.string(), fc.constantFrom("postgres://u:p@h/d", "h", "5433", "require", "verify-full", "system", "10")),
)

/** Anything else that is thrown is the property's counterexample. */
function outcomeOf(given: unknown, variables: Record<string, string>): ResolvedOptions | OptionsError {
  try {
    return resolved(given, variables)
  } catch (error) {
    if (error instanceof OptionsError) return error
    throw error
  }
}

function isSound(outcome: ResolvedOptions | OptionsError): boolean {
  if (outcome instanceof OptionsError) {
    const told = outcome.problems.flatMap(({ path, problem, hint }) => [path, problem, hint])
    return told.length > 0 && !told.includes("")
  }
  const { pool, retry } = outcome
  return pool.min <= pool.max && retry.slow.baseMs <= retry.slow.maxMs && retry.quick.baseMs <= retry.quick.maxMs
}

describe("property: options", () => {
  it("are resolved or refused with an OptionsError that says what, where and what to do; nothing else happens", () => {
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: options }, anything), env, (given, variables) => {
        expect(isSound(outcomeOf(given, variables))).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  }, 20_000)
})

/** Of letters that no word of ours contains in this order, among what makes connection strings go wrong. */
const secret = fc
  .array(
    fc.constantFrom("Xq7", "/", "@", ":", "?", "#", "%", " ", "'", "\\", "=", "&", ",", "[", "]", "+", "é", "\n"),
    { minLength: 1, maxLength: 8 },
  )
  .map((letters) => `Xq7${letters.join("")}Zw9`)

/** Every way in which a password gets in, well formed or not, followed by what may be wrong as well. */
const leaks = fc
  .record({
    secret,
    tail: fc.constantFrom("", "?colour=red", "?port=x", " x=y", "?sslmode=bad", "?target_session_attrs=standby"),
  })
  .chain(({ secret: password, tail }) =>
    fc.constantFrom<readonly [options: object, env: Record<string, string>]>(
      [{ connection: `postgres://u:${password}@h:5432/d${tail}` }, {}],
      [{ connection: `postgres://u:${encodeURIComponent(password)}@h:bad/d${tail}` }, {}],
      [{ connection: `postgres://u:${encodeURIComponent(password)}@h/d${tail}` }, {}],
      [{ connection: `postgres://:${password}@h/${tail}` }, {}],
      [{ connection: `postgres://h/d?password=${password}` }, {}],
      [{ connection: `host=h password=${password}${tail}` }, {}],
      [{ connection: `host=h password='${password}'${tail}` }, {}],
      [{ connection: password }, {}],
      [{ connection: { connectionString: `postgres://u:${password}@h/d${tail}` } }, {}],
      [{ connection: { host: "h", password, port: "x" } }, {}],
      [{ connection: { host: `postgres://u:${password}@h/d` } }, {}],
      [{ connection: { host: `u:${password}@h` } }, {}],
      [{ connection: { host: "h", password: [password] } }, {}],
      [{ connection: { host: "h", ssl: { passphrase: password, key: "x" } } }, {}],
      [{ pool: `postgres://u:${password}@h/d` }, {}],
      [{ log: password, retry: password, timeouts: { queryMs: password } }, {}],
      [{}, { DATABASE_URL: `postgres://u:${password}@h/d${tail}` }],
      [{}, { PGHOST: "h", PGPASSWORD: password, PGPORT: "x" }],
    ),
  )

describe("property: a password", () => {
  it("is in no message and in nothing that can be printed, whole or from its first letters on", () => {
    fc.assert(
      fc.property(leaks, ([given, variables]) => {
        let shown: string
        try {
          shown = inspect(resolved(given, variables, systemWith()).connection, { depth: 9, showHidden: true })
        } catch (error) {
          shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)
        }
        expect(shown).not.toContain("Xq7")
        expect(shown).not.toContain("Zw9")
      }),
      { numRuns: 5_000 },
    )
  }, 20_000)
})
