import type { ServerLife } from "./server-life.ts"

/** One backend process; the number alone may be given to another. */
export interface BackendIdentity {
  readonly processId: number
  /** Its start, seconds since the epoch, as the server writes them. */
  readonly startedAt: string
}

/** How it is found out what became of a COMMIT that nobody answered. */
export type Resolution = "off" | "xid" | "marker"

/** What is remembered of a transaction before its COMMIT is sent, so that it can be recognised if nobody answers. */
export type Claim =
  /** No transaction number was assigned: there is nothing to commit. */
  | { readonly by: "nothing" }
  /** Its number, in this life of the server. */
  | { readonly by: "xid"; readonly xid: string; readonly life: ServerLife }
  /** A row of the marker table, written by the transaction itself. */
  | {
      readonly by: "marker"
      readonly id: string
      readonly systemId: string
      /** Of the WAL that it is in, or an earlier one; undefined if the server did not say. */
      readonly timeline: string | undefined
      /** Who writes it; undefined behind a pooler. */
      readonly backend: BackendIdentity | undefined
    }
