import { readFlags } from "../flags.ts"
import { addressOf, type Address } from "../address.ts"
import type { Parsed } from "../taught.ts"

export interface Flags {
  readonly address: Address
  readonly json: boolean
}

export const HELP: string = `Usage: kysely-resilient status [http://…/api/database-resilience | postgres://…] [options]

Asks a running application how its database is doing, by the endpoint of @kysely-resilient/http. Or looks for itself: connects to a
PostgreSQL as an application would, and says what it met; that knows nothing of what happened to others.

  --token TOKEN       what the endpoint wants to see before it says more than the status; better in RESILIENCE_TOKEN
  --json              print the report as JSON; {"status":"unreachable","why":…} if there is none, of a PostgreSQL with
                      where, kind and action
  --help              this text

Without an address: RESILIENCE_URL, else DATABASE_URL, or PGHOST, PGUSER, PGPASSWORD and their like.

Exit codes: 0 healthy, 1 degraded, critical or unreachable, 2 the command is not understood.

  kysely-resilient status http://localhost:3000
  RESILIENCE_URL=https://shop.example/api/database-resilience RESILIENCE_TOKEN=… kysely-resilient status --json
`

export function parseFlags(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed<Flags> {
  const told = readFlags(
    args,
    { token: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    1,
  )
  if (!told.ok) return { action: "refuse", message: told.message }
  const { values, words } = told
  if (values.help === true) return { action: "help" }
  const address = addressOf(words[0], values.token, env)
  if (typeof address === "string") return { action: "refuse", message: address }
  return { action: "run", flags: { address, json: values.json === true } }
}
