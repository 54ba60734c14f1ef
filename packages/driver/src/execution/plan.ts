import type { Deadline } from "../foundation/deadline.ts"
import type { Evidence } from "../failure/effect.ts"
import type { Phase } from "../failure/failure.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import type { Leftovers } from "../postgres/leftovers.ts"

/** What policy allows one unit of work: a statement, a batch, a chunk of a stream, BEGIN, or COMMIT. */
export interface Plan {
  /** For events and errors. */
  readonly queryId: string
  readonly sql: string
  readonly label: string | undefined
  /** Behind each text that is sent for it, for readers on the server; the texts here and in events are without. */
  readonly comment: string | undefined
  /** What is sent, made anew for each try. */
  readonly exchangeOn: (connection: PgConnection) => Exchange
  readonly access: "read" | "write"
  /** Where it happens, if it fails: decides its effect. */
  readonly phase: Phase
  /** Law 11: may have committed on its own. */
  readonly selfCommitting: Evidence["selfCommitting"]
  /** It brings its own BEGIN and COMMIT: what a failure leaves open is ours to roll back. */
  readonly enclosed: boolean
  /** Running it twice does no harm: it only reads, or its caller said so. */
  readonly repeatable: boolean
  /** It travels read-only on suspicion; if the server refuses it as a write (25006), this is what to run instead. */
  readonly ifWrite: Plan | undefined
  /** Counting its rows in the same flight may be what the server refuses (0A000, of a table with rules); then this is what to run. */
  readonly ifNotCounted?: Plan
  /** A stream's caller has rows in hand: it cannot begin again. */
  readonly rowsDelivered: boolean
  /** What it may leave in the session; undefined for nothing. */
  readonly leaves: Leftovers | undefined
  /** One of the caller's statements, which events and counters tell of; not our BEGIN or COMMIT. */
  readonly counted: boolean
  /** False: the caller said `retry: false`. */
  readonly retry: boolean
  readonly attemptsMax: number
  readonly deadline: Deadline | undefined
  readonly signal: AbortSignal | undefined
  /** False for Kysely's door, whose own abort strategies act on what is already sent: the signal then only ends the waits before. */
  readonly abortInFlight: boolean
  /** How it travels on this connection, where that depends on what is known of it. */
  readonly on?: (connection: PgConnection) => Plan
  /** The second flight, COMMIT, for what the first has answered. */
  readonly commit?: (first: Exchange) => Plan
}
