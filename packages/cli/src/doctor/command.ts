import { examine, type Examination } from "@kysely-resilient/core"
import { closest } from "@kysely-resilient/driver"

import { EXIT, type Command, type Surroundings } from "../command.ts"
import { openDatabase } from "../database.ts"
import { linesOf, noAnswerOf } from "../no-answer.ts"
import { paintFor } from "../paint.ts"
import { refuse, taught } from "../taught.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { cutShort, fixSqlOf, jsonOf, reportOf } from "./report.ts"

export const doctor: Command = taught("doctor", HELP, parseFlags, look)

async function look(
  { url, poolMax, output, strict, ignore, examine: options }: Flags,
  surroundings: Surroundings,
): Promise<number> {
  const db = openDatabase({ url, poolMax })
  if (typeof db === "string") return refuse("doctor", db, surroundings)
  try {
    const examined = await examine(db, options)
    if (examined.isErr()) {
      const noAnswer = noAnswerOf(db, examined.error)
      if (output === "json") surroundings.stdout.write(`${JSON.stringify({ ok: false, ...noAnswer })}\n`)
      else surroundings.stderr.write(`doctor: The server could not be looked at: ${linesOf(noAnswer).join("\n  ")}\n`)
      return EXIT.misunderstood
    }
    for (const warning of strangersIn(ignore, examined.value)) surroundings.stderr.write(`doctor: ${warning}.\n`)
    const examination = without(ignore, examined.value)
    const code = exitCodeOf(examination, strict)
    const { stdout, env } = surroundings
    switch (output) {
      case "words":
        stdout.write(reportOf(examination, paintFor(stdout, env)))
        break
      case "json":
        stdout.write(`${jsonOf(examination, code === EXIT.ok)}\n`)
        break
      case "sql":
        stdout.write(fixSqlOf(examination))
        break
    }
    return code
  } finally {
    await db.close()
  }
}

/** What was found is true, whatever could not be asked; that nothing is wrong is known only if all was. */
function exitCodeOf(examination: Examination, strict: boolean): number {
  if (examination.advice.some(({ severity }) => strict || severity !== "info")) return EXIT.failed
  return cutShort(examination) ? EXIT.misunderstood : EXIT.ok
}

function without(codes: readonly string[], examination: Examination): Examination {
  return {
    ...examination,
    advice: examination.advice.filter(({ code }) => !codes.includes(code)),
    checked: examination.checked.filter((code) => !codes.includes(code)),
    unchecked: examination.unchecked.filter(({ code }) => !codes.includes(code)),
  }
}

/** A warning, and no refusal: what one version knows, the next may not. */
function strangersIn(codes: readonly string[], { checked, unchecked }: Examination): readonly string[] {
  const known = [...checked, ...unchecked.map(({ code }) => code)]
  return codes
    .filter((code) => !known.includes(code))
    .map((code) => {
      const meant = closest(code, known)
      return `There is no advice ${code} to ignore${meant === undefined ? "" : ` (did you mean ${meant}?)`}`
    })
}
