/** What became of a transaction whose COMMIT was not answered. */
export type Finding =
  | { readonly effect: "not_applied" }
  /** `affected`: how many rows, where the transaction has left word of it. */
  | { readonly effect: "applied"; readonly affected?: bigint }
  /** Committed on this server; its synchronous standby has not confirmed it. */
  | { readonly effect: "applied_locally"; readonly affected?: bigint }
  /** Nobody can say, and asking again will not help. */
  | { readonly effect: "unknown"; readonly why: string }

/** One look at it. */
export type Look =
  | Finding
  /** Committed on the server that was asked; whether its synchronous standby has it is not known yet. */
  | { readonly effect: "committed"; readonly affected?: bigint }
  /** It is still going on, or whoever was asked is the wrong one for now. */
  | { readonly effect: "undecided"; readonly why: string; readonly backend?: BackendSeen }

/** The backend that has the transaction, as the server shows it. */
export interface BackendSeen {
  readonly processId: number
  /** It waits for the synchronous standby: its COMMIT stands here, and ending that wait would only weaken it. */
  readonly awaitsStandby: boolean
  /** It runs something: its COMMIT has perhaps arrived, and needs a moment. */
  readonly active: boolean
}
