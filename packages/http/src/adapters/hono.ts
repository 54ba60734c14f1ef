import { ServerResponse } from "node:http"

import type { Handler } from "../handler.ts"
import { lasting } from "../scope/in-request.ts"
import type { RequestScope } from "../scope/request-scope.ts"
import { signalOf } from "../signal-of.ts"
import { createWeb, type WebDatabase, type WebOptions } from "../web.ts"
import { endWith } from "./enter.ts"

export type { WebOptions } from "../web.ts"

/** What is needed of Hono's context, as it has it. */
interface Context {
  readonly req: { readonly raw: Request; readonly path: string; readonly method: string; readonly routePath: string }
  readonly env: unknown
  res: Response
}

/** A middleware as Hono has them; and the handler in it, to drain and to close. */
export interface Middleware {
  (context: Context, next: () => Promise<void>): Promise<Response | undefined>
  readonly handler: Handler
}

/**
 * A middleware for Hono, before all others: what operators ask is answered, and everything else has a scope. A client that goes away ends its
 * statements on the server.
 *
 * ```ts
 * app.use(resilience(db, { token: process.env.DATABASE_PAGE_TOKEN }))
 * ```
 */
export function resilience(db: WebDatabase, options: WebOptions = {}): Middleware {
  const { handler, requests } = createWeb(db, options)
  const middleware = async (context: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    const { raw, path, method } = context.req
    if (handler.matches(path)) return handler(raw)
    if (requests === undefined) {
      await next()
      return undefined
    }
    const refused = requests.refusalOf(path)
    if (refused !== undefined) return refused
    const scope = requests.begin({
      method,
      path,
      header: (name) => raw.headers.get(name),
      // Of the handler that runs by then.
      route: () => context.req.routePath,
      signal: signalOf(raw),
    })
    await inScope(scope, context, next)
    return undefined
  }
  return Object.assign(middleware, { handler })
}

async function inScope(scope: RequestScope, context: Context, next: () => Promise<void>): Promise<void> {
  const outgoing = outgoingOf(context.env)
  if (outgoing !== undefined) {
    endWith(outgoing, scope)
    await scope.run(next)
    return
  }
  try {
    await scope.run(next)
  } catch (thrown) {
    scope.end()
    throw thrown
  }
  context.res = lasting(context.res, scope, context.req.method)
}

/** On `@hono/node-server` the response of `node:http` is there, which knows best when it has ended. */
function outgoingOf(env: unknown): ServerResponse | undefined {
  if (typeof env !== "object" || env === null || !("outgoing" in env)) return undefined
  return env.outgoing instanceof ServerResponse ? env.outgoing : undefined
}
