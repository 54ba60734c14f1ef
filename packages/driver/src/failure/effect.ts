import type { Effect, Phase } from "./failure.ts"

/** What was seen on the wire, and what we know of the statement that failed. */
export interface Evidence {
  readonly phase: Phase
  /** Bytes of this statement (or COMMIT) were handed to the socket. */
  readonly sent: boolean
  /** The server enforces that it only reads, or its operation tree proves it. */
  readonly readOnly: boolean
  /**
   * May it commit by itself? `outside-transaction`: where no transaction is open (CALL, DO, and the commands that refuse to run
   * inside one). `anywhere`: several statements in one text, of which one may be COMMIT.
   */
  readonly selfCommitting: false | "outside-transaction" | "anywhere"
  /** The tag of COMMIT's CommandComplete, if that was seen. */
  readonly commitTag?: "COMMIT" | "ROLLBACK"
  /** COMMIT was answered with the warning 25P01: the session it reached had no transaction open. */
  readonly noTransaction: boolean
  /** CommandComplete was seen; of a batch, any of them. */
  readonly completed: boolean
  /** ReadyForQuery was seen after whatever ended it. */
  readonly ready: boolean
  readonly protocol: "simple" | "extended"
  /** A notice of routine SyncRepWaitForLSN came while it ran. */
  readonly syncRepWait: boolean
  /** A notice of routine quickdie came: the postmaster is killing its backends. */
  readonly quickdie: boolean
  /** We gave it up, and why. */
  readonly abandoned?: "deadline" | "abort" | "close"
  /** How long the deadline was, for messages. */
  readonly deadlineMs?: number
  /** A `statement_timeout` of ours was in force: a cancellation that does not say why was probably that. */
  readonly backstop: boolean
  /**
   * Does the session's server take writes, as it says itself? `never`: none that was reached there has, of late.
   * Undefined: it has changed, or nobody knows.
   */
  readonly serverWrites?: "yes" | "never" | undefined
  /** A connection to this address has been opened before, so that its name is not a typing error. */
  readonly everConnected: boolean
}

/** Evidence before anything has happened. */
export function untouched(phase: Phase): Evidence {
  return {
    phase,
    sent: false,
    readOnly: phase === "read",
    selfCommitting: false,
    noTransaction: false,
    completed: false,
    ready: false,
    protocol: "extended",
    syncRepWait: false,
    quickdie: false,
    backstop: false,
    everConnected: false,
  }
}

/**
 * How it ended, as far as somebody who knows has told us.
 *
 * - `unforwarded`: whoever answered vouches that the server never got it
 * - `error`, `fatal`: PostgreSQL itself said ERROR or FATAL
 * - `acknowledged`: PostgreSQL did it; what failed came after
 * - `lost`: anything else: no answer, a PANIC, a pooler's word, a severity that we cannot read
 */
export type Ending = "unforwarded" | "error" | "fatal" | "acknowledged" | "lost"

/** Would it have committed without us? Then no error says how far it came, and it may not be repeated (L11). */
export function commitsByItself(evidence: Evidence): boolean {
  if (evidence.selfCommitting === false) return false
  return evidence.selfCommitting === "anywhere" || evidence.phase !== "transaction"
}

/** Did the server get any of it? An answer proves so, whatever `sent` says. */
export function reachedServer(evidence: Evidence, ending: Ending): boolean {
  if (evidence.phase === "acquire" || evidence.phase === "connect" || evidence.phase === "idle") return false
  if (evidence.completed || evidence.syncRepWait || evidence.commitTag !== undefined) return true
  return evidence.sent && ending !== "unforwarded"
}

/** The effect laws: what has the server done? The first one that applies decides, before any table is asked. */
export function effectOf(evidence: Evidence, ending: Ending): Effect {
  const { phase, completed, commitTag } = evidence

  // L9: nobody acts on what they were not told.
  if (!reachedServer(evidence, ending)) return "not_applied"

  // L11: an error after a commit of its own undoes only what came after that commit.
  if (commitsByItself(evidence)) return ending === "acknowledged" ? "applied" : "unknown"

  // L10: what only reads changes nothing.
  if (evidence.readOnly) return "not_applied"

  // L7: it waits for the standby only once it has committed here.
  if (evidence.syncRepWait) return "applied_locally"

  // A COMMIT that met no transaction says nothing about ours: a pooler gave us another session in between.
  if (phase === "commit" && evidence.noTransaction) return "unknown"

  // L5: COMMIT's tag is written after the commit, under both protocols.
  if (commitTag === "COMMIT") return "applied"

  // L6: the server rolled back instead, because a statement had failed.
  if (commitTag === "ROLLBACK") return "not_applied"

  // L1: without COMMIT nothing of a transaction stays.
  if (phase === "transaction" || phase === "rollback") return "not_applied"

  if (ending === "acknowledged") return "applied"

  // L5: a simple query commits before its CommandComplete; an extended one only at Sync, after it.
  if (completed && phase !== "commit" && evidence.protocol === "simple") return "applied"

  // L8: a backend that is being killed says nothing of what it was doing.
  if (evidence.quickdie) return "unknown"

  // L2: ERROR means rolled back. After CommandComplete it is the commit at Sync that failed (a deferred constraint), or a later
  // statement of the group; that the session survived it, as ReadyForQuery shows, proves the rollback: PostgreSQL panics when it
  // has to abort what it has committed.
  if (ending === "error" && (!completed || evidence.ready)) return "not_applied"

  // L3: before CommandComplete, FATAL means rolled back: having committed, a backend must not say it.
  if (ending === "fatal" && !completed) return "not_applied"

  // L4: nobody has told us.
  return "unknown"
}
