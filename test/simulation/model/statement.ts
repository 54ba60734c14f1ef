import type { Column } from "./backend-messages.ts"
import type { Session } from "./host.ts"
import type { Change, Storage } from "./storage.ts"
import type { ServerTransaction } from "./transaction.ts"
import type { Work } from "./waits.ts"

export type Values = readonly (string | null)[]

export interface Answer {
  readonly rows: readonly Values[]
  readonly tag: string
}

/** What a statement can do on the server. */
export interface StatementHost {
  readonly transaction: ServerTransaction
  readonly storage: Storage
  readonly processId: number
  /** Takes an xid, if it is the first. */
  write(change: Change): void
  /** Waits until nobody else holds it; it is kept to the transaction's end. */
  lock(key: string): Work<void>
  /** Commits what there is, and goes on in another transaction. */
  commitMidway(): Work<void>
  /** Which caller this statement is for. */
  witness(owner: string): void
  /** What a session keeps beyond its statements: on whose behalf it was set; undefined for nothing. */
  keep(owner: string | undefined): void
  /** A value that a select list may name. */
  fact(expression: string): string | null | undefined
  /** Those of a whole list. */
  facts(list: string): (string | null)[]
  /** All other sessions. */
  others(): readonly Session[]
  /** Tells it to end; it does so when it hears of it. */
  signal(session: Session): void
  /** The table for markers is there. */
  readonly markers: boolean
}

export interface Statement {
  readonly columns: readonly Column[]
  /** At once, or in its time. */
  readonly run: (host: StatementHost, values: Values) => Answer | Work<Answer>
}
