import { commitsByItself, effectOf, reachedServer } from "./effect.ts"
import type { Ending, Evidence } from "./effect.ts"
import type { Effect, Failure, FailureKind, Phase, RetryScope, Verdict } from "./failure.ts"
import { layersOf } from "./layers.ts"
import type { Layer } from "./layers.ts"
import { abandonment, describe } from "./message.ts"
import { reportOfErrno } from "./network.ts"
import type { Report } from "./network.ts"
import { desynchronised, reportOfText } from "./node-postgres.ts"
import { rowOfPooler } from "./pooler.ts"
import { loss, misuse } from "./row.ts"
import type { Circumstances, Row } from "./row.ts"
import { QUICKDIE_ROUTINE, rankOf, SYNC_REP_ROUTINE } from "./severity.ts"
import type { Rank } from "./severity.ts"
import { CRASHED, rowOfSqlState, rowOfUnlisted } from "./sqlstate.ts"

/** Which of the things that were thrown together tells most, what it is, and how the statement ended by it. */
interface Finding extends Report {
  readonly said: Layer
  readonly rank: Rank
  readonly ending: Ending
}

const SQLSTATE = /^[0-9A-Z]{5}$/

/**
 * What went wrong, whatever was thrown. By shape and never by class; a code before a text, PostgreSQL's word before the socket's,
 * the outer before its cause. Never throws.
 */
export function classify(thrown: unknown, seen: Evidence): Failure {
  const layers = layersOf(thrown)
  const evidence = withNotices(seen, layers)
  const { said, origin, row, rank, ending } = findingIn(layers, evidence)
  const verdict = verdictOf(row, { evidence, rank }, ending)
  const spoken = origin === "server" || origin === "pooler"
  const failure: Failure = {
    ...verdict,
    effect: effectOf(evidence, ending),
    origin,
    phase: evidence.phase,
    message: describe(verdict.kind, origin, said.message),
    ...(spoken ? fieldsOf(said) : said.code !== undefined && { errno: said.code }),
    cause: thrown,
  }
  return evidence.abandoned === undefined ? failure : asAbandoned(failure, evidence.abandoned, evidence.deadlineMs)
}

/** A row as the phase, the severity and the effect shape it. */
export function verdictOf(row: Row, { evidence, rank }: Circumstances, ending: Ending): Verdict {
  const { says: _, ...rest } = row
  return {
    ...rest,
    retry: scopeOf(row, evidence, effectOf(evidence, ending), ending),
    connection: fateOf(row, evidence.phase, rank),
  }
}

function scopeOf(row: Row, evidence: Evidence, effect: Effect, ending: Ending): RetryScope {
  // What is done needs no repeating, and what commits by itself must not be (L11).
  if (effect === "applied" || effect === "applied_locally") return "never"
  if (reachedServer(evidence, ending) && commitsByItself(evidence)) return "never"

  if (row.retry === "phase") return phaseScope(evidence.phase)
  if (row.retry === "reads") return evidence.readOnly ? phaseScope(evidence.phase) : "never"
  return row.retry
}

function phaseScope(phase: Phase): RetryScope {
  return phase === "transaction" || phase === "commit" || phase === "rollback" ? "transaction" : "statement"
}

function fateOf({ connection }: Row, phase: Phase, rank: Rank): Verdict["connection"] {
  // One that did not come up cannot be repaired, and says nothing of those that did.
  if (phase === "connect") return "discard"
  if (connection === "discard_generation") return connection
  return rank === "fatal" ? "discard" : connection
}

/** A notice that stands for the end of its session is evidence, however it reaches us. */
function withNotices(evidence: Evidence, layers: readonly Layer[]): Evidence {
  const raisedBy = (routine: string) => layers.some((layer) => layer.routine === routine)
  return {
    ...evidence,
    syncRepWait: evidence.syncRepWait || raisedBy(SYNC_REP_ROUTINE),
    quickdie: evidence.quickdie || raisedBy(QUICKDIE_ROUTINE),
  }
}

function findingIn(layers: readonly Layer[], evidence: Evidence): Finding {
  const spoken = layers.find(isSpoken)
  if (spoken !== undefined) return spokenFinding(spoken, evidence)

  const circumstances: Circumstances = { evidence, rank: "unknown" }
  const coded = layers.flatMap((said) => {
    const report = reportOfErrno(said, circumstances)
    return report === undefined ? [] : [{ said, ...report }]
  })
  // Of several addresses that were tried, the one that may work another time.
  const told =
    coded.find(({ row }) => row.retry !== "never") ?? coded[0] ?? textual(layers) ?? unheardOf(layers, evidence)
  const ending = told.row.says === "unforwarded" ? "unforwarded" : "lost"
  if (ending === "lost" && evidence.quickdie) return { ...told, row: CRASHED, rank: "unknown", ending }
  if (ending === "lost" && evidence.syncRepWait) return { ...told, row: CUT_SHORT, rank: "unknown", ending }
  return { ...told, rank: "unknown", ending }
}

/** The session ended while its COMMIT waited for the standby. */
const CUT_SHORT: Row = loss("server_shutdown", { retry: "never", connection: "discard_generation" })

/** Is it an ErrorResponse (or a notice)? pg names those "error", and unlike Node's errors they have a severity. */
function isSpoken({ severity, name, code }: Layer): boolean {
  return severity !== undefined || (name === "error" && code !== undefined && SQLSTATE.test(code))
}

function spokenFinding(said: Layer, evidence: Evidence): Finding {
  const rank = rankOf(said, evidence.ready)
  const circumstances: Circumstances = { evidence, rank }
  // Only PostgreSQL signs with the place in its source.
  const origin = said.routine === undefined && said.file === undefined ? "pooler" : "server"

  if (rank === "panic" || said.routine === QUICKDIE_ROUTINE) return { said, origin, row: CRASHED, rank, ending: "lost" }
  if (origin === "pooler") {
    const row = rowOfPooler(said, circumstances)
    return { said, origin, row, rank, ending: row.says === "unforwarded" ? "unforwarded" : "lost" }
  }
  const row = rowOfSqlState(said, circumstances) ?? rowOfUnlisted(circumstances)
  const vouched = (rank === "error" || rank === "fatal") && row.says !== "outcome-unknown"
  return { said, origin, row, rank, ending: vouched ? rank : "lost" }
}

function textual(layers: readonly Layer[]): (Report & { readonly said: Layer }) | undefined {
  for (const said of layers) {
    const report = reportOfText(said)
    if (report !== undefined) return { said, ...report }
  }
  return undefined
}

/** Nobody's error that we know: ours, the application's, or the last that was heard of a connection. */
function unheardOf(layers: readonly Layer[], { phase, sent }: Evidence): Report & { readonly said: Layer } {
  const [said = { message: "" }] = layers
  const { name = "", code = "", message } = said
  const bug = phase === "connect" || message.startsWith("bug: ")
  if (!bug && !sent && (name === "TypeError" || name === "RangeError")) {
    return { said, origin: "client", row: misuse("encode_failed") }
  }
  // What pg's parser stumbles over when it reads a length, or a field, that is none.
  if (!bug && (name === "RangeError" || code === "ERR_OUT_OF_RANGE" || code === "ERR_BUFFER_OUT_OF_BOUNDS")) {
    return { said, origin: "driver", row: desynchronised() }
  }
  if (bug || PROGRAMMING.has(name))
    return { said, origin: "client", row: misuse("client_error", { connection: "discard" }) }
  return { said, origin: "driver", row: loss("connection_failed") }
}

const PROGRAMMING: ReadonlySet<string> = new Set(["TypeError", "ReferenceError", "SyntaxError", "AssertionError"])

/** How a statement ends that we cancelled, or whose connection we closed. */
const OUR_DOING: ReadonlySet<FailureKind> = new Set([
  "aborted",
  "connection_failed",
  "deadline_exceeded",
  "query_canceled",
  "server_shutdown",
  "statement_timeout",
])

/** What ends a statement after we gave it up is our own doing, unless the server had another reason. */
function asAbandoned(failure: Failure, reason: "deadline" | "abort" | "close", deadlineMs?: number): Failure {
  if (!OUR_DOING.has(failure.kind)) return failure
  const { heal: _heal, retriesMax: _retriesMax, ...rest } = failure
  return { ...rest, ...abandonment(reason, failure.phase, deadlineMs), retry: "never", pace: "quick" }
}

function fieldsOf(said: Layer): Partial<Failure> {
  const { code, severity, routine, schema, table, column, dataType, constraint } = said
  return {
    ...(code !== undefined && SQLSTATE.test(code) && { sqlState: code }),
    ...(severity !== undefined && { severity }),
    ...(routine !== undefined && { routine }),
    ...(schema !== undefined && { schema }),
    ...(table !== undefined && { table }),
    ...(column !== undefined && { column }),
    ...(dataType !== undefined && { dataType }),
    ...(constraint !== undefined && { constraint }),
  }
}
