import { examine } from "@kysely-resilient/core"

import { EXIT, type Command, type Surroundings } from "../command.ts"
import { openDatabase } from "../database.ts"
import { paintFor } from "../paint.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { fixSqlOf, jsonOf, reportOf } from "./report.ts"

export const doctor: Command = {
  name: "doctor",
  summary: "looks at a PostgreSQL and the way to it, and says what may go wrong and what to do about it",
  async run(args, surroundings) {
    const parsed = parseFlags(args)
    switch (parsed.action) {
      case "help":
        surroundings.stdout.write(HELP)
        return EXIT.ok
      case "refuse":
        return refuse(parsed.message, surroundings)
      case "run":
        return look(parsed.flags, surroundings)
    }
  },
}

async function look(
  { url, poolMax, output, strict, examine: options }: Flags,
  surroundings: Surroundings,
): Promise<number> {
  const db = openDatabase({ url, poolMax })
  if (typeof db === "string") return refuse(db, surroundings)
  try {
    const examined = await examine(db, options)
    if (examined.isErr()) {
      surroundings.stderr.write(`doctor: The server could not be looked at: ${examined.error.message}\n`)
      return EXIT.misunderstood
    }
    const { advice } = examined.value
    const ok = !advice.some(({ severity }) => strict || severity !== "info")
    const { stdout, env } = surroundings
    switch (output) {
      case "words":
        stdout.write(reportOf(examined.value, paintFor(stdout, env)))
        break
      case "json":
        stdout.write(`${jsonOf(examined.value, ok)}\n`)
        break
      case "sql":
        stdout.write(fixSqlOf(examined.value))
        break
    }
    return ok ? EXIT.ok : EXIT.failed
  } finally {
    await db.close()
  }
}

function refuse(reason: string, { stderr }: Surroundings): number {
  stderr.write(`doctor: ${reason}${/[.?!…\n]$/.test(reason) ? "" : "."}\nTry kysely-resilient doctor --help\n`)
  return EXIT.misunderstood
}
