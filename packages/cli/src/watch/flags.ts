import { addressOf } from "../address.ts"
import type { Endpoint } from "../endpoint.ts"
import { mustBeWhole, readFlags, wholeNumber } from "../flags.ts"
import type { Parsed } from "../taught.ts"

export interface Flags {
  readonly endpoint: Endpoint
  readonly seconds: number | undefined
}

const SECONDS = { least: 1, most: 86_400 }

export const HELP: string = `Usage: kysely-resilient watch [http://…/api/database-resilience] [options]

Shows how the database of a running application is doing, as it happens: status and reasons, statements and their times, each
connection of the pool, what went wrong. Reads the event stream of @kysely-resilient/http; comes back by itself when it is lost, and asks for
the report every two seconds where there is no stream.

  --token TOKEN       what the endpoint wants to see; better in RESILIENCE_TOKEN
  --seconds N         stop after so long, ${SECONDS.least} to ${SECONDS.most} (default: Ctrl-C, or q)
  --help              this text

Without an address: RESILIENCE_URL. Where the output is no terminal: a line every five seconds, and one for whatever happens.

Exit codes: 0 it was watched, 2 the command is not understood, or the application does not let it watch.

  kysely-resilient watch http://localhost:3000
  kysely-resilient watch https://shop.example --seconds 600 >> deploy.log
`

const SAY_WHICH =
  "say which application: its http:// address, here or in RESILIENCE_URL. A database itself is looked at by status and doctor"

export function parseFlags(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed<Flags> {
  const told = readFlags(
    args,
    { token: { type: "string" }, seconds: { type: "string" }, help: { type: "boolean", short: "h" } },
    1,
  )
  if (!told.ok) return { action: "refuse", message: told.message }
  const { values, words } = told
  if (values.help === true) return { action: "help" }
  const seconds = wholeNumber(values.seconds, SECONDS.least, SECONDS.most)
  if (seconds === "bad") {
    return { action: "refuse", message: mustBeWhole("--seconds", values.seconds, SECONDS.least, SECONDS.most) }
  }
  const address = addressOf(words[0], values.token, env)
  if (typeof address === "string") return { action: "refuse", message: address }
  if (address.at === "database") {
    return { action: "refuse", message: SAY_WHICH }
  }
  return { action: "run", flags: { endpoint: address, seconds } }
}
