import type { LiveMessage } from "./messages.ts"

const encoder = new TextEncoder()

/** How long a browser waits before it comes again, milliseconds. */
const RETRY_MS = 2_000

/** A message as `text/event-stream` has it. JSON has no line breaks of its own, so its data is one line. */
export function encode(message: LiveMessage, id?: string): Uint8Array {
  const mark = id === undefined ? "" : `id: ${id}\n`
  return encoder.encode(`${mark}event: ${message.type}\ndata: ${JSON.stringify(message.data)}\n\n`)
}

/** How a stream begins. */
export const OPENING: Uint8Array = encoder.encode(`retry: ${RETRY_MS}\n\n`)

/** A comment, which no client sees: so that whoever stands in between keeps the connection. */
export const HEARTBEAT: Uint8Array = encoder.encode(": \n\n")
