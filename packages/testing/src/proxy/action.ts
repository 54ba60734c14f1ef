import type { InjectedMessage } from "./messages.ts"
import type { Hit } from "./hit.ts"

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
  | { readonly action: "throttle"; readonly bytesPerSecond: number; readonly direction: Direction }
  | { readonly action: "truncate"; readonly bytes: number; readonly how: CutHow }
  | { readonly action: "inject"; readonly messages: readonly InjectedMessage[] }
  | { readonly action: "drop" }
  | { readonly action: "call"; readonly run: (hit: Hit) => unknown }

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

/** At most so many bytes per second pass from here on, until `release()` of the rule's handle, or `resumeAll()`. */
export function throttle(bytesPerSecond: number, direction: Direction = "both"): Action {
  if (!(bytesPerSecond > 0)) throw new Error(`cannot throttle to ${bytesPerSecond} bytes per second: use stall()`)
  return { action: "throttle", bytesPerSecond, direction }
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

/**
 * Calls you, and holds the message (and what comes behind it in the same direction) until what you give back has
 * settled: so that a fault of the server itself can be made to strike at an instant.
 *
 *     call(({ backendPid }) => serverFaults.terminate(server, { backendPid }))
 */
export function call(run: (hit: Hit) => unknown): Action {
  return { action: "call", run }
}
