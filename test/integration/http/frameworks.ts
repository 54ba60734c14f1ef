import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"

import { serve as serveHono } from "@hono/node-server"
import type { Database } from "@kysely-resilient/core"
import { jsonResponse, respond } from "@kysely-resilient/http"
import { resilience as forExpress } from "@kysely-resilient/http/express"
import { resilience as forFastify } from "@kysely-resilient/http/fastify"
import { resilience as forHono } from "@kysely-resilient/http/hono"
import { fetchListener, listener, type WebOptions } from "@kysely-resilient/http/node"
import express from "express"
import Fastify from "fastify"
import { Hono } from "hono"
import { ok } from "neverthrow"

export type AppDatabase = Database<object>

export interface Running {
  readonly origin: string
  stop(): Promise<void>
}

/** An application that a framework serves: the same routes for all, each in the framework's own words. */
export type Serve = (db: AppDatabase, options: WebOptions) => Promise<Running>

const slow = (db: AppDatabase, tag: string) => db.query(`select pg_sleep(20) /* ${tag} */`, [], { name: "slow" })

/** Leaves a transaction open that never ends by itself. */
function leave(db: AppDatabase): Promise<void> {
  return new Promise((resolve) => {
    void db.transaction(
      async (tx) => {
        await tx.query("select 'left behind'")
        resolve()
        await new Promise(() => {})
        return ok(1)
      },
      { name: "forgotten" },
    )
  })
}

const query = (db: AppDatabase) => db.query<{ n: number }>("select 1 as n")

const encoder = new TextEncoder()

/** Rows as they come: the response goes on for as long as the client reads. */
function rows(db: AppDatabase, tag: string): ReadableStream<Uint8Array> {
  const text = `select n, pg_sleep(0.02) from generate_series(1, 100000) n /* ${tag} */`
  const chunks = db.stream({ compile: () => ({ ...compiled, sql: text }) }, { chunkSize: 1 })[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next()
      if (next.done === true) return controller.close()
      next.value.match(
        (row) => controller.enqueue(encoder.encode(`${JSON.stringify(row)}\n`)),
        (error) => controller.error(error),
      )
    },
    cancel: async () => void (await chunks.return?.()),
  })
}

const compiled = {
  query: { kind: "RawNode" as const, sqlFragments: [""], parameters: [] },
  parameters: [],
  queryId: { queryId: "rows" },
}

function handle(db: AppDatabase): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url)
    const [, route, tag = ""] = pathname.split("/")
    switch (route) {
      case "slow":
        return respond(slow(db, tag))
      case "echo":
        await request.text()
        return respond(slow(db, tag))
      case "quick":
        return respond(query(db))
      case "left":
        await leave(db)
        return jsonResponse({ left: true })
      case "rows":
        return new Response(rows(db, tag))
      case "throws":
        throw new Error("the handler's own words")
      default:
        return jsonResponse({}, { status: 404 })
    }
  }
}

async function listening(server: Server): Promise<Running> {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    const closed = once(server, "close")
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { origin: `http://127.0.0.1:${port}`, stop }
}

export const frameworks: Readonly<Record<string, Serve>> = {
  "node:http": (db, options) => {
    const hear = listener(
      db,
      (incoming, outgoing) => {
        const [, route, tag = ""] = (incoming.url ?? "").replace(/\?.*/, "").split("/")
        const json = (status: number, value: unknown): void =>
          void outgoing.writeHead(status).end(JSON.stringify(value))
        const done = (): void =>
          void slow(db, tag).match(
            () => json(200, {}),
            ({ kind }) => json(500, { kind }),
          )
        if (route === "slow") done()
        else if (route === "echo") incoming.on("end", done).resume()
        else if (route === "quick")
          void query(db).match(
            (value) => json(200, value.rows),
            () => json(500, {}),
          )
        else if (route === "left") void leave(db).then(() => json(200, {}))
        else if (route === "throws") {
          outgoing.write("half of")
          outgoing.destroy(new Error("the handler's own words"))
        } else json(404, {})
      },
      options,
    )
    return listening(createServer(hear))
  },

  "node:http, a Fetch handler": (db, options) => listening(createServer(fetchListener(db, handle(db), options))),

  "Express 5": (db, options) => {
    const app = express()
    app.use(forExpress(db, options))
    app.use(express.json())
    app.get("/slow/:tag", async (request, response) => {
      const result = await slow(db, request.params.tag)
      response.status(result.isOk() ? 200 : 500).json({})
    })
    app.post("/echo/:tag", async (request, response) => {
      const result = await slow(db, request.params.tag)
      response.status(result.isOk() ? 200 : 500).json(request.body)
    })
    app.get("/quick", async (_request, response) => {
      const result = await query(db)
      response.json(result.map(({ rows: found }) => found).unwrapOr([]))
    })
    app.get("/left", async (_request, response) => {
      await leave(db)
      response.json({})
    })
    app.get("/throws", async (_request, response) => {
      response.write("half of")
      throw new Error("the handler's own words")
    })
    return listening(createServer(app))
  },

  "Fastify 5": async (db, options) => {
    const app = Fastify()
    await app.register(forFastify, { db, ...options })
    app.get<{ Params: { tag: string } }>("/slow/:tag", async (request, reply) => {
      const result = await slow(db, request.params.tag)
      return reply.code(result.isOk() ? 200 : 500).send({})
    })
    app.post<{ Params: { tag: string } }>("/echo/:tag", async (request, reply) => {
      const result = await slow(db, request.params.tag)
      return reply.code(result.isOk() ? 200 : 500).send(request.body)
    })
    app.get("/quick", async () => (await query(db)).map(({ rows: found }) => found).unwrapOr([]))
    app.get("/left", async () => {
      await leave(db)
      return {}
    })
    app.get("/throws", async (_request, reply) => {
      reply.raw.write("half of")
      throw new Error("the handler's own words")
    })
    const origin = await app.listen({ port: 0, host: "127.0.0.1" })
    return {
      origin,
      stop: async () => {
        app.server.closeAllConnections()
        await app.close()
      },
    }
  },

  "Hono 4": async (db, options) => {
    const app = new Hono()
    app.use(forHono(db, options))
    app.get("/slow/:tag", (c) => respond(slow(db, c.req.param("tag"))))
    app.post("/echo/:tag", async (c) => {
      await c.req.text()
      return respond(slow(db, c.req.param("tag")))
    })
    app.get("/quick", () => respond(query(db)))
    app.get("/left", async (c) => {
      await leave(db)
      return c.json({})
    })
    app.get("/rows/:tag", (c) => c.body(rows(db, c.req.param("tag"))))
    app.get("/throws", () => {
      throw new Error("the handler's own words")
    })
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" })
    return listening(server as Server)
  },
}
