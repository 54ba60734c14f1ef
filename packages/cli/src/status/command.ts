import type { ResilienceReport } from "@kysely-resilient/core"

import { EXIT, type Command, type Surroundings } from "../command.ts"
import { openDatabase } from "../database.ts"
import { askEndpoint, type Answered } from "../endpoint.ts"
import { linesOf, noAnswerOf, type NoAnswer } from "../no-answer.ts"
import { paintFor } from "../paint.ts"
import { printable } from "../words.ts"
import { taught } from "../taught.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { statusReport } from "./report.ts"

export const status: Command = taught("status", HELP, parseFlags, async (flags, surroundings) =>
  tell(await ask(flags), flags, surroundings),
)

/** A database that nobody can ask, as it looks from here. */
type Unusable = NoAnswer & { readonly what: "unusable" }

function ask({ address }: Flags): Promise<Answered | Unusable> {
  return address.at === "endpoint" ? askEndpoint(address) : lookAt(address.url)
}

function tell(answered: Answered | Unusable, { json }: Flags, { stdout, stderr, env }: Surroundings): number {
  switch (answered.what) {
    case "misunderstood":
      stderr.write(`status: ${printable(answered.why)}\nTry kysely-resilient status --help\n`)
      return EXIT.misunderstood
    case "unreachable":
      if (json) stdout.write(`${JSON.stringify({ status: "unreachable", why: answered.why })}\n`)
      else stderr.write(`${paintFor(stderr, env)("red", "unreachable")}\n  ${printable(answered.why)}\n`)
      return EXIT.failed
    case "unusable": {
      const { what: _, ...noAnswer } = answered
      if (json) stdout.write(`${JSON.stringify({ status: "unreachable", ...noAnswer })}\n`)
      else stderr.write(`${[paintFor(stderr, env)("red", "unreachable"), ...linesOf(answered)].join("\n  ")}\n`)
      return EXIT.failed
    }
    case "status":
      stdout.write(
        json
          ? `${JSON.stringify({ status: answered.status })}\n`
          : `${printable(answered.status)}\nMore is told to those who show a token: --token, or RESILIENCE_TOKEN.\n`,
      )
      return answered.status === "healthy" ? EXIT.ok : EXIT.failed
    case "report":
      stdout.write(json ? `${JSON.stringify(answered.report)}\n` : statusReport(answered.report, paintFor(stdout, env)))
      return exitCodeOf(answered.report)
  }
}

function exitCodeOf({ resilience }: ResilienceReport): number {
  return resilience.status === "healthy" ? EXIT.ok : EXIT.failed
}

/** Enough to meet what an application would meet, and little enough to be no load. */
const STATEMENTS = 5
const READY_MS = 10_000

/** As an application would: connects, asks something, and reports what it met. */
async function lookAt(url: string | undefined): Promise<Answered | Unusable> {
  const db = openDatabase({ url, poolMax: 1 })
  if (typeof db === "string") return { what: "misunderstood", why: db }
  try {
    const ready = await db.ready({ timeoutMs: READY_MS })
    if (ready.isErr()) return { what: "unusable", ...noAnswerOf(db, ready.error) }
    for (let count = 0; count < STATEMENTS; count += 1) {
      const answer = await db.query("select 1")
      if (answer.isErr()) break
    }
    return { what: "report", report: db.report() }
  } finally {
    await db.close()
  }
}
