import type { FailedTry, GaveUp } from "@kysely-resilient/driver"

import type { DatabaseError } from "./database-error.ts"
import type { ErrorBase } from "./error-base.ts"
import { REMEDIES } from "./remedies.ts"

/**
 * An error for people: what happened, whether anything was applied, how it was tried, what to do, and where to read more. As safe to
 * show as the error itself.
 */
export function describe(error: DatabaseError): string {
  const happened = error.message.startsWith(`${error.kind}: `)
    ? error.message.slice(error.kind.length + 2)
    : error.message
  const { callSite, journal, docs } = error
  const sentences = [happened, consequence(error), tries(error), `What to do: ${plain(REMEDIES[error.kind])}`]
  return [
    ...sentences.filter((text) => text !== undefined).map(sentence),
    ...(callSite === undefined ? [] : [`Called at ${callSite}.`]),
    `More: ${docs}`,
  ]
    .join(" ")
    .concat(journal.length > 1 ? `\n${journal.map(line).join("\n")}` : "")
}

/** The message says it already where it is in doubt. */
function consequence({ effect, token }: ErrorBase<string, DatabaseError["category"]>): string | undefined {
  switch (effect) {
    case "not_applied":
      return "Nothing was applied"
    case "applied":
      return "What it asked for was done"
    case "unknown":
      return token === undefined ? undefined : "db.resolve(error.token) may tell later"
    default:
      return undefined
  }
}

const REASONS: Readonly<Record<GaveUp, string>> = {
  "not-transient": "another try would not have helped",
  "in-transaction": "only the whole transaction can be tried again",
  "effect-unknown": "it may have been done already",
  "session-pinned": "what its session held is lost",
  "attempts-spent": "it had been tried as often as it may be",
  "budget-spent": "too much else was being tried again",
  "deadline-near": "its time was nearly up",
  "switched-off": "that was switched off",
  "rows-delivered": "some of its rows had been delivered",
}

function tries({
  attempts,
  because,
  journal,
}: Pick<DatabaseError, "attempts" | "because" | "journal">): string | undefined {
  const times = Math.max(attempts, journal.length)
  if (because === undefined || (times <= 1 && because === "not-transient")) return undefined
  return `Tried ${times === 1 ? "once" : `${times} times`}, and not again, because ${REASONS[because]}`
}

/** `  1. connection_failed (ECONNRESET) while in phase write, after 12 ms, on connection 3; the next try came 480 ms later`. */
function line(one: FailedTry, index: number): string {
  const code = one.sqlState ?? one.errno
  return [
    `  ${index + 1}. ${one.kind}${code === undefined ? "" : ` (${code})`} in phase ${one.phase}, after ${Math.round(one.tookMs)} ms`,
    one.connectionId === undefined ? "" : `, on connection ${one.connectionId}`,
    one.waitedMs === undefined ? "" : `; the next try came ${Math.round(one.waitedMs)} ms later`,
  ].join("")
}

/** Without the marks of Markdown. */
function plain(text: string): string {
  return text.replaceAll("`", "")
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}
