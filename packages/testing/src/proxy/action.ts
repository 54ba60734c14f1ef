import type { InjectedMessage } from "./messages.ts"

/** Which of the proxy's two connections: the one to the client, the one to the server. */
export type Side = "client" | "server" | "both"
/** An orderly end, or a reset: "connection closed" and "ECONNRESET". */
export type CutHow = "fin" | "rst"
export type Direction = "toServer" | "toClient" | "both"

/** What a rule does when its instant comes. */
export type Action =
  | { readonly action: "cut"; readonly side: Side; readonly how: CutHow }
  | { readonly action: "stall"; readonly direction: Direction }
  | { readonly action: "delay"; readonly delayMs: number }
  | { readonly action: "truncate"; readonly bytes: number; readonly how: CutHow }
  | { readonly action: "inject"; readonly messages: readonly InjectedMessage[] }
  | { readonly action: "drop" }

/**
 * Ends the connection. With `side: "client"`, the server keeps its half open, as when a client's machine is gone;
 * with `side: "server"`, the client does. Default: both, by a reset.
 */
export function cut(options: { readonly side?: Side; readonly how?: CutHow } = {}): Action {
  return { action: "cut", side: options.side ?? "both", how: options.how ?? "rst" }
}

/**
 * Nothing passes any more, and sockets stay open: a network that swallows packets. Until `release()` of the rule's
 * handle, or `resumeAll()`; then everything goes on where it stopped.
 */
export function stall(direction: Direction = "both"): Action {
  return { action: "stall", direction }
}

/** Holds the message, and what comes behind it in the same direction. */
export function delay(delayMs: number): Action {
  return { action: "delay", delayMs }
}

/** Passes only these many bytes of the message, header included, and cuts both sides. */
export function truncate(bytes: number, how: CutHow = "rst"): Action {
  return { action: "truncate", bytes, how }
}

/**
 * Puts messages into the stream to the client as if they came from the server. At a message from the server they
 * come in its place in the order, before or after it; at one from the client, at once.
 */
export function inject(...messages: readonly InjectedMessage[]): Action {
  return { action: "inject", messages }
}

/** The message is not passed on. */
export function drop(): Action {
  return { action: "drop" }
}
