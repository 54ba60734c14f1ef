import type { LeftBehind, Repetition } from "@kysely-resilient/core"

import type { RequestReport } from "./options.ts"

/** Places that have been told. A program has so many only if they are made up. */
const TOLD_MAX = 1_000
const told = new Set<string>()

/** A process warning for everything in a report, once for each place. */
export function warn(report: RequestReport): void {
  const where = `${report.method} ${report.path}`
  for (const left of report.leftBehind) once(`${where} left behind ${named(left)}, which was ended`)
  for (const repeated of report.repetitions)
    once(`${where} ${looped(repeated)}`, `${repeated.callSite}\n${repeated.sql}`)
}

function named({ what, label, callSite }: LeftBehind): string {
  return `a ${what}${label === undefined ? "" : ` "${label}"`}${callSite === undefined ? "" : ` of ${callSite}`}`
}

function looped({ sql, times, callSite }: Repetition): string {
  const place = callSite === undefined ? "" : ` at ${callSite}`
  return `read the same ${times} times, one after the other${place}: one query for all, or db.batch, would do. ${sql}`
}

function once(message: string, key: string = message): void {
  if (told.has(key)) return
  if (told.size >= TOLD_MAX) told.clear()
  told.add(key)
  process.emitWarning(message, { type: "KyselyResilientWarning" })
}
