import type { IncomingMessage, ServerResponse } from "node:http"

import { createWeb, type WebDatabase, type WebOptions } from "../web.ts"
import { enter } from "./enter.ts"

/** What is needed of Fastify, as it has it. */
interface FastifyRequest {
  readonly raw: IncomingMessage
  /** No url: nothing matches. */
  readonly routeOptions: { readonly url?: string | undefined }
}

interface FastifyReply {
  readonly raw: ServerResponse
  hijack(): unknown
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

interface Fastify {
  addHook(name: "onRequest", hook: Hook): unknown
  addHook(name: "onClose", hook: (instance: never, done: () => void) => void): unknown
}

export interface PluginOptions extends WebOptions {
  readonly db: WebDatabase
}

/** A plugin as Fastify has them. */
export type Plugin = (app: Fastify, options: PluginOptions, done: (error?: Error) => void) => void

/**
 * A plugin for Fastify, before all others: what operators ask is answered, and everything else has a scope. A client that goes away ends its statements
 * on the server.
 *
 * ```ts
 * await app.register(resilience, { db, token: process.env.DATABASE_PAGE_TOKEN })
 * ```
 */
export const resilience: Plugin = Object.assign<Plugin, object>(
  (app, { db, ...options }, done) => {
    const web = createWeb(db, options)
    app.addHook("onRequest", (request, reply, next) => {
      const { raw } = request
      const entered = enter(web, raw, reply.raw, raw.url ?? "/", () => request.routeOptions.url)
      if (entered.answered) {
        reply.hijack()
        return
      }
      if (entered.scope === undefined) next()
      else entered.scope.run(next)
    })
    app.addHook("onClose", (_app, next) => {
      web.handler.close()
      next()
    })
    done()
  },
  {
    // What fastify-plugin says: it is for the whole application, and not for what is registered inside of it.
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@kysely-resilient/http",
    [Symbol.for("plugin-meta")]: { name: "@kysely-resilient/http", fastify: "5.x" },
  },
)
