import type { ExamineOptions } from "@kysely-resilient/core"

import { mustBeWhole, readFlags, wholeNumber } from "../flags.ts"
import type { Parsed } from "../taught.ts"

export interface Flags {
  readonly url: string | undefined
  readonly poolMax: number | undefined
  readonly output: "words" | "json" | "sql"
  readonly strict: boolean
  /** Codes that are not wanted. */
  readonly ignore: readonly string[]
  readonly examine: ExamineOptions
}

const REPLICAS_MAX = 100_000
const POOL_MAX = 10_000
const SECONDS = { least: 1, most: 600 }
/** So that the whole, from one prompt to the next, takes less than five seconds. */
const TIMEOUT_MS = 4_000

export const HELP: string = `Usage: kysely-resilient doctor [postgres://…] [options]

Looks at a PostgreSQL, and at the way to it, as an application with the default options has it: settings, limits, role, tables and
indexes, who waits for whom, how far away it is. Says what may go wrong, why, and what to do about it. It reads only, over one
connection, and takes five seconds at most.

  --replicas N        how many processes like the application's run at once: their pools add up (default 1)
  --pool-max N        the most connections that one of them may hold (default 20)
  --production        judge it as one that people depend on (default: if the server is not on this machine)
  --development       judge it as one that nobody depends on
  --read-only         a standby is meant
  --ignore CODE       leave this piece of advice out; may be said more than once
  --timeout N         seconds, ${SECONDS.least} to ${SECONDS.most} (default ${TIMEOUT_MS / 1_000})
  --strict            notes count too
  --fix-sql           print nothing but the SQL that would mend it, with its reasons; read it before you run it
  --json              print one JSON object, also where the server cannot be reached: {"ok":false,"where":…,"kind":…,"why":…,"action":…}
  --help              this text

Without an address: DATABASE_URL, or PGHOST, PGUSER, PGPASSWORD and their like. An address on the command line can be seen by
everybody on this machine, with its password.

Exit codes: 0 sound, 1 something should be mended, 2 the command is not understood, the server cannot be reached, or nothing was found
and not everything could be asked (the session ended, a catalogue was locked, time was up): the report says which checks were not made.

  kysely-resilient doctor --replicas 4 --production
  kysely-resilient doctor --json | jq '.advice[].code'
  kysely-resilient doctor --fix-sql > fixes.sql
`

export function parseFlags(args: readonly string[]): Parsed<Flags> {
  const told = readFlags(
    args,
    {
      replicas: { type: "string" },
      "pool-max": { type: "string" },
      production: { type: "boolean" },
      development: { type: "boolean" },
      "read-only": { type: "boolean" },
      ignore: { type: "string", multiple: true },
      timeout: { type: "string" },
      strict: { type: "boolean" },
      "fix-sql": { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
    1,
  )
  if (!told.ok) return refuse(told.message)
  const { values, words } = told
  if (values.help === true) return { action: "help" }

  const [url] = words
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) {
    return refuse(`an address begins with postgres://, not as "${beginningOf(url)}"`)
  }
  const replicas = wholeNumber(values.replicas, 1, REPLICAS_MAX)
  if (replicas === "bad") return refuse(mustBeWhole("--replicas", values.replicas, 1, REPLICAS_MAX))
  const poolMax = wholeNumber(values["pool-max"], 1, POOL_MAX)
  if (poolMax === "bad") return refuse(mustBeWhole("--pool-max", values["pool-max"], 1, POOL_MAX))
  const seconds = wholeNumber(values.timeout, SECONDS.least, SECONDS.most)
  if (seconds === "bad") return refuse(mustBeWhole("--timeout", values.timeout, SECONDS.least, SECONDS.most))
  if (values.production === true && values.development === true) {
    return refuse("--production and --development exclude each other")
  }
  if (values.json === true && values["fix-sql"] === true) return refuse("--json and --fix-sql exclude each other")

  const environment =
    values.production === true ? "production" : values.development === true ? "development" : undefined
  return {
    action: "run",
    flags: {
      url,
      poolMax,
      output: values.json === true ? "json" : values["fix-sql"] === true ? "sql" : "words",
      strict: values.strict === true,
      ignore: (values.ignore ?? []).map((code) => code.toUpperCase()),
      examine: {
        replicas: replicas ?? 1,
        ...(environment !== undefined && { environment }),
        readOnly: values["read-only"] === true,
        timeoutMs: seconds === undefined ? TIMEOUT_MS : seconds * 1_000,
      },
    },
  }
}

/** Never the whole: it may hold a password. */
function beginningOf(text: string): string {
  return text.length > 12 ? `${text.slice(0, 8)}…` : text
}

function refuse(reason: string): Parsed<Flags> {
  return { action: "refuse", message: reason }
}
