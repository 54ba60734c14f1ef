export interface ListenOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal
  /** How many notifications may wait for a loop that is slower than they come. What comes on top is dropped, and told of. Default 1,000. */
  readonly bufferMax?: number
}

/** What a channel has to say. */
export type ListenEvent =
  /** The first of all: from now on nothing is missed. What was there before is yours to read, now. */
  | { readonly kind: "listening"; readonly channel: string }
  | { readonly kind: "notification"; readonly channel: string; readonly payload: string }
  /** The connection was lost `downMs` ago, and there is a new one. Something may have been missed: read again what it is about. */
  | { readonly kind: "gap"; readonly channel: string; readonly downMs: number }
  /** The buffer was full: after what came before this event, `dropped` notifications are missing. Read again what it is about. */
  | { readonly kind: "overflow"; readonly channel: string; readonly dropped: number }
