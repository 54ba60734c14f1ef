import type { DriverSnapshot } from "@kysely-resilient/driver"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"

import { page } from "./page.ts"
import type { FaultTitle } from "./report.ts"
import { resilienceReport } from "./resilience.ts"
import type { View } from "./view.ts"

/** The application as the page sees it. */
export interface Site {
  look(): View
  snapshot(): DriverSnapshot
  readonly faults: readonly FaultTitle[]
  /** Starts a fault; `busy` while another one is on, so that each can be told apart. */
  hurt(fault: string): "started" | "busy"
}

export interface Served extends AsyncDisposable {
  readonly url: string
}

/** Only this machine may look, and above all only this machine may hurt. */
const HOST = "127.0.0.1"

const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'"

export class PortTakenError extends Error {
  override readonly name: string = "PortTakenError"
}

/** @throws {PortTakenError} if nobody could serve there now */
export async function mustBeFree(port: number): Promise<void> {
  const server = createServer()
  await listen(server, port)
  await new Promise((resolve) => server.close(resolve))
}

/**
 * Port 0 takes any free one.
 *
 * @throws {PortTakenError} if the port cannot be had
 */
export async function serve(site: Site, port: number): Promise<Served> {
  const server = createServer((request, response) => answer(site, request, response))
  await listen(server, port)
  const address = server.address()
  const bound = typeof address === "object" && address !== null ? address.port : port
  return {
    url: `http://${HOST}:${bound}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new PortTakenError(`Cannot serve on ${HOST}:${port}: ${cause.message}. Try --port with another one.`, {
          cause,
        }),
      )
    })
    server.listen(port, HOST, resolve)
  })
}

function answer(site: Site, request: IncomingMessage, response: ServerResponse): void {
  if (!comesFromHere(request)) return json(response, 403, { error: "only for pages and programs of this machine" })
  const { pathname } = new URL(request.url ?? "/", `http://${HOST}`)
  const route = `${request.method} ${pathname}`

  if (route === "GET /") return html(response, page(site.faults))
  if (route === "GET /live") {
    const { pool } = site.snapshot()
    return json(response, 200, { ...site.look(), pool })
  }
  if (route === "GET /api/database-resilience") {
    const report = resilienceReport(site.snapshot())
    return json(response, report.resilience.status === "critical" ? 503 : 200, report)
  }
  if (request.method === "POST" && pathname.startsWith("/chaos/")) {
    const fault = pathname.slice("/chaos/".length)
    if (!site.faults.some(({ name }) => name === fault)) return json(response, 404, { error: `no fault "${fault}"` })
    const started = site.hurt(fault)
    return json(response, started === "started" ? 202 : 409, { fault, state: started })
  }
  return json(response, 404, { error: `nothing at ${route}` })
}

/** Another site's page must not press our buttons: not by a form (Origin), nor by a name that resolves to us (Host). */
function comesFromHere({ headers }: IncomingMessage): boolean {
  const host = headers.host ?? ""
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return false
  return headers.origin === undefined || headers.origin === `http://${host}`
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" })
  response.end(`${JSON.stringify(body)}\n`)
}

function html(response: ServerResponse, body: string): void {
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": PAGE_POLICY,
  })
  response.end(body)
}
