import type { IncomingMessage, ServerResponse } from "node:http"
import { Readable } from "node:stream"

import { keptBy } from "../signal-of.ts"

/** The path and query that a request names, whatever form of it its client chose. */
export function targetOf(url: string): string {
  if (url.startsWith("/")) return url
  if (!URL.canParse(url)) return "/"
  const { pathname, search } = new URL(url)
  return pathname + search
}

/** Without the query. */
export function pathOf(target: string): string {
  const query = target.indexOf("?")
  return query === -1 ? target : target.slice(0, query)
}

/** A request of `node:http` as Fetch has them. Undefined for a method that Fetch does not know. */
export function requestOf(incoming: IncomingMessage, target: string, signal: AbortSignal): Request | undefined {
  const headers = new Headers()
  const { rawHeaders, method = "GET", socket } = incoming
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2)
    // HTTP/2 has some that begin with a colon, which are no headers.
    if (!name.startsWith(":")) headers.append(name, value)
  }
  const protocol = "encrypted" in socket ? "https" : "http"
  const { host = "localhost" } = incoming.headers
  const origin = URL.canParse(`${protocol}://${host}`) ? `${protocol}://${host}` : `${protocol}://localhost`
  const body = method === "GET" || method === "HEAD" ? {} : { body: Readable.toWeb(incoming), duplex: "half" as const }
  try {
    return keptBy(signal, new Request(new URL(origin + target), { method, headers, signal, ...body }))
  } catch {
    return undefined
  }
}

/**
 * Writes a response of Fetch to its end, no faster than its client reads; or cancels it when its client has gone. Throws before anything was sent,
 * if it is none that can be: its status is 0, its body was read before, a header has what HTTP does not allow.
 */
export async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers["set-cookie"] = cookies
  const reader = response.body?.getReader()
  // Whoever made it may fail at that; nobody waits for it any more.
  const cancel = (): void => void reader?.cancel(new DOMException("Its client has gone", "AbortError")).catch(() => {})
  if (outgoing.destroyed || outgoing.headersSent) return cancel()
  try {
    outgoing.writeHead(response.status, headers)
  } catch (thrown) {
    cancel()
    throw thrown
  }
  // To HEAD no body is sent, and one that never ends would never be done with.
  if (reader === undefined || outgoing.req.method === "HEAD") {
    cancel()
    outgoing.end()
    return
  }
  outgoing.once("close", cancel)
  // Whoever writes may have failed while its client does not read, and then nothing else would show it.
  reader.closed.catch(() => outgoing.destroy())
  try {
    // A stream that says nothing yet has begun nevertheless.
    outgoing.flushHeaders()
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (!outgoing.write(next.value)) await drained(outgoing)
    }
    outgoing.end()
  } catch {
    // What was begun cannot be taken back: its client is shown that it is not whole.
    outgoing.destroy()
  } finally {
    outgoing.off("close", cancel)
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done)
      outgoing.off("close", done)
      resolve()
    }
    outgoing.once("drain", done)
    outgoing.once("close", done)
  })
}
