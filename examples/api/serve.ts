import { createServer, type IncomingMessage, type Server } from "node:http"
import { Readable } from "node:stream"
import { once } from "node:events"

/** A Fetch handler on node:http. A client that goes away aborts the request's signal, and with it its statements on the server. */
export function serve(handle: (request: Request) => Promise<Response>): Server {
  return createServer((incoming, outgoing) => {
    const gone = new AbortController()
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) gone.abort()
    })
    void handle(requestOf(incoming, gone.signal)).then(async (response) => {
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      outgoing.end(await response.text())
    })
  })
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one)
  }
  const { method = "GET", url = "/" } = incoming
  const body = method === "GET" || method === "HEAD" ? {} : { body: Readable.toWeb(incoming), duplex: "half" as const }
  return new Request(`http://${incoming.headers.host ?? "localhost"}${url}`, { method, headers, signal, ...body })
}

/** Refuses new requests, and waits for those that are being answered. */
export async function stop(server: Server): Promise<void> {
  server.close()
  server.closeIdleConnections()
  await once(server, "close")
}
