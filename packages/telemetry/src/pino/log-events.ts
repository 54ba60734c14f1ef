import type { DriverEventName } from "@kysely-resilient/driver"

import { POOL_NAME } from "../names.ts"
import type { Source } from "../source.ts"
import { lineOf, type Level } from "./line.ts"
import { Repeats } from "./repeats.ts"

/** A logger of pino's kind: fields first, then the words. */
export type Logger = { readonly [level in Level]: (fields: object, message: string) => void }

export interface LogOptions {
  /** From when on a statement that succeeded is worth a line. Default 1,000; milliseconds. */
  readonly slowMs?: number
}

const SLOW_MS = 1_000

/** Each is a write whose fate somebody has to look after. */
const NEVER_HELD_BACK: ReadonlySet<DriverEventName> = new Set(["effect.resolved", "effect.unresolved"])

/**
 * Writes what happens in a database, one structured line for each thing that somebody may want to know. Lines that say the same come
 * once in 10 seconds, with `suppressed` for how many were held back; a COMMIT of which nobody knew is told each time. The function that is returned ends it.
 */
export function logEvents(source: Source, logger: Logger, { slowMs = SLOW_MS }: LogOptions = {}): () => void {
  const repeats = new Repeats()
  const pool = { [POOL_NAME]: source.snapshot().database.name }
  return source.observe((event) => {
    const line = lineOf(event, slowMs)
    if (line === undefined) return
    const { level, message, fields } = line
    const { event: name, kind = "", "db.query.summary": summary = "", label = "" } = fields
    const suppressed = NEVER_HELD_BACK.has(event.name)
      ? 0
      : repeats.admit(`${name} ${kind} ${summary} ${label}`, event.at)
    if (suppressed === undefined) return
    logger[level]({ ...fields, ...pool, ...(suppressed > 0 && { suppressed }) }, message)
  })
}
