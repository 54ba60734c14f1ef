import { listener } from "@kysely-resilient/http/node"
import { registerPrometheus } from "@kysely-resilient/telemetry/prometheus"
import { createServer, type Server } from "node:http"
import { Registry } from "prom-client"

import type { Store } from "./app/store.ts"
import type { Chaos } from "./chaos/chaos.ts"

/** The application as it is served. */
export interface Site {
  readonly store: Store
  readonly chaos: readonly Chaos[]
}

export interface Served extends AsyncDisposable {
  readonly url: string
}

/** Only this machine may look, and above all only this machine may hurt. */
const HOST = "127.0.0.1"
const PAGE = "/api/database-resilience/ui"

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
 * Everything that the http package offers, with a button for each kind of chaos. Port 0 takes any free one.
 *
 * @throws {PortTakenError} if the port cannot be had
 */
export async function serve({ store, chaos }: Site, port: number): Promise<Served> {
  const metrics = new Registry()
  registerPrometheus(metrics, store)
  const hear = listener(
    store,
    (request, response) => {
      const found = request.url === "/"
      response.writeHead(found ? 302 : 404, found ? { location: PAGE } : {}).end()
    },
    { expose: "full", metrics, requests: false, readiness: { drainOnSigterm: false }, actions: buttons(chaos) },
  )
  const server = createServer(hear)
  await listen(server, port)
  const address = server.address()
  const bound = typeof address === "object" && address !== null ? address.port : port
  return {
    url: `http://${HOST}:${bound}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        hear.handler.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const ABOUT = "This is a demo: each of these hurts its database on purpose."

/** One at a time, so that each can be told apart. */
function buttons(chaos: readonly Chaos[]) {
  let now: string | undefined
  return chaos.map(({ name, title, run }) => ({
    name,
    title,
    about: ABOUT,
    run() {
      if (now !== undefined) return `not now, “${now}” is still on`
      now = title
      void run()
        .catch((error: unknown) => process.emitWarning(`${title} failed: ${String(error)}`))
        .finally(() => (now = undefined))
      return "begun; see what happens"
    },
  }))
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
