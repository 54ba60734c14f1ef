import type { IncomingMessage, ServerResponse } from "node:http"

import type { Handler } from "../handler.ts"
import { createWeb, type WebDatabase, type WebOptions } from "../web.ts"
import { enter } from "./enter.ts"

export { reply } from "./reply.ts"
export type { WebOptions } from "../web.ts"

/** A middleware as Express has them; and the handler in it, to drain and to close. */
export interface Middleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
  readonly handler: Handler
}

/**
 * A middleware for Express, before all others: what operators ask is answered, and everything else has a scope. A client that goes away ends its
 * statements on the server.
 *
 * ```ts
 * app.use(resilience(db, { token: process.env.DATABASE_PAGE_TOKEN }))
 * ```
 */
export function resilience(db: WebDatabase, options: WebOptions = {}): Middleware {
  const web = createWeb(db, options)
  const middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    const entered = enter(web, request, response, request.url ?? "/", () => routeOf(request))
    if (entered.answered) return
    if (entered.scope === undefined) next()
    else entered.scope.run(() => next())
  }
  return Object.assign(middleware, { handler: web.handler })
}

/** Express writes it on the request when a handler has been found: `/users` where its router was mounted, and `/:id` in it. */
function routeOf(request: object): string | undefined {
  if (!("route" in request && "baseUrl" in request)) return undefined
  const { route, baseUrl } = request
  if (typeof route !== "object" || route === null || !("path" in route)) return undefined
  return typeof route.path === "string" && typeof baseUrl === "string" ? baseUrl + route.path : undefined
}
