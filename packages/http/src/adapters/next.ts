import { createHandler, type Handler, type Shown } from "../handler.ts"
import type { HandlerOptions } from "../options.ts"
import { inRequest } from "../scope/in-request.ts"
import type { RequestOptions } from "../scope/options.ts"
import { Requests, type Asked } from "../scope/requests.ts"

export type { HandlerOptions } from "../options.ts"
export type { RequestOptions } from "../scope/options.ts"

type RouteHandler = (request: Request) => Promise<Response>

/** What a `route.ts` exports. */
export interface Routes {
  readonly GET: RouteHandler
  readonly HEAD: RouteHandler
  readonly POST: RouteHandler
  readonly OPTIONS: RouteHandler
}

const BASE_PATH = "/api/database-resilience"

/**
 * What operators ask, for one catch-all route of Next: `app/api/database-resilience/[[...path]]/route.ts`. The probes and the metrics are below it too,
 * unless the options say otherwise.
 *
 * ```ts
 * export const { GET, HEAD, POST, OPTIONS } = routes(db, { token: process.env.DATABASE_PAGE_TOKEN })
 * ```
 */
export function routes(db: Shown, options: HandlerOptions = {}): Routes {
  const { basePath = BASE_PATH } = options
  const below = { live: `${basePath}/livez`, ready: `${basePath}/readyz`, startup: `${basePath}/startupz` }
  const handler = createHandler(db, {
    metricsPath: `${basePath}/metrics`,
    ...options,
    ...(options.probes !== false && { probes: { ...below, ...options.probes } }),
  })
  replace(db, handler)
  const answer: RouteHandler = (request) => handler(request)
  return { GET: answer, HEAD: answer, POST: answer, OPTIONS: answer }
}

/**
 * Makes route handlers whose requests have a scope: a client that goes away ends its statements on the server.
 *
 * ```ts
 * const route = withDatabase(db, { timeoutMs: 5_000 })
 * export const GET = route(async (request) => respond(db.all(db.selectFrom("users").selectAll())))
 * ```
 */
export function withDatabase(
  db: Asked,
  options: RequestOptions = {},
): <A extends readonly [Request, ...unknown[]]>(
  handle: (...parameters: A) => Response | Promise<Response>,
) => (...parameters: A) => Promise<Response> {
  const requests = new Requests(db, options)
  return (handle) =>
    (...parameters) =>
      inRequest(requests, parameters[0], () => handle(...parameters))
}

/** In the global scope, because a module that is loaded anew has a scope of its own: the handler that it made before is closed. */
const HANDLERS = Symbol.for("@kysely-resilient/http.next.1")

function replace(db: object, handler: Handler): void {
  const existing: unknown = Reflect.get(globalThis, HANDLERS)
  const handlers = existing instanceof WeakMap ? existing : new WeakMap<object, unknown>()
  const before: unknown = handlers.get(db)
  if (typeof before === "function" && "close" in before && typeof before.close === "function") before.close()
  handlers.set(db, handler)
  Reflect.set(globalThis, HANDLERS, handlers)
}
