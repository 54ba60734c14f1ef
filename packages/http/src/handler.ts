import { randomUUID } from "node:crypto"

import type { Database } from "@kysely-resilient/core"
import { systemClock, type Clock } from "@kysely-resilient/driver"

import { empty, refusal } from "./answers/answers.ts"
import { Door } from "./door/door.ts"
import { Live } from "./live/live.ts"
import { readHandlerOptions, withoutEnd, type HandlerOptions, type ResolvedHandlerOptions } from "./options.ts"
import { ReadinessState } from "./readiness.ts"
import { actionRoute } from "./routes/actions.ts"
import { eventsRoute } from "./routes/events.ts"
import { guarded } from "./routes/guarded.ts"
import { metricsRoute } from "./routes/metrics.ts"
import { pageRoute } from "./routes/page.ts"
import { liveRoute, readyRoute, startupRoute } from "./routes/probes.ts"
import { reportRoute } from "./routes/report.ts"
import type { Route } from "./routes/route.ts"
import { onSigterm } from "./sigterm.ts"

/** The database, as far as it is shown. */
export type Shown = Pick<
  Database<unknown>,
  "report" | "health" | "observe" | "ready" | "closing" | "snapshot" | "connections" | "query"
>

/** Answers what operators ask. It never rejects, asks no server, and waits for nothing but what the application was asked to say. */
export interface Handler {
  (request: Request): Promise<Response>
  /** Whether this is a path of its own; any other is answered 404. */
  readonly matches: (pathname: string) => boolean
  /** From now on `/readyz` says draining, and streams end. `db.close()` and SIGTERM do the same. */
  readonly drain: () => void
  /** Ends the streams and the memory. `db.close()` does the same. */
  readonly close: () => void
}

/**
 * One Fetch handler for everything that operators ask: the report, the probes, metrics, the event stream and the live page. Wrong options throw one
 * `OptionsError`.
 *
 * ```ts
 * const health = createHandler(db, { token: process.env.DATABASE_PAGE_TOKEN })
 * if (health.matches(new URL(request.url).pathname)) return health(request)
 * ```
 */
export function createHandler(db: Shown, options: HandlerOptions = {}): Handler {
  return assembleHandler(db, options, { clock: systemClock, env: process.env, instance: randomUUID().slice(0, 8) })
}

export interface HandlerFoundations {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly instance: string
}

/** `createHandler` with other foundations. */
export function assembleHandler(db: Shown, options: HandlerOptions, foundations: HandlerFoundations): Handler {
  const resolved = readHandlerOptions(options, foundations.env)
  const { clock, instance } = foundations
  const readiness = new ReadinessState({ db, clock, startup: resolved.startup })
  const actions = resolved.actions.map(({ name, title, about }) => ({
    name,
    title,
    ...(about !== undefined && { about }),
  }))
  const live = new Live({
    db,
    clock,
    instance,
    clientsMax: resolved.streamClientsMax,
    actions,
    inquire: resolved.askServer,
    metricsPath: resolved.metrics === undefined ? null : resolved.metricsPath,
  })
  const drain = (): void => {
    readiness.drain()
    live.drain()
  }
  const forget = resolved.drainOnSigterm ? onSigterm(drain) : undefined
  const routes = routesOf(db, resolved, { clock, readiness, live })

  const close = (): void => {
    db.closing.removeEventListener("abort", close)
    forget?.()
    readiness.close()
    live.close()
  }
  db.closing.addEventListener("abort", close, { once: true })
  if (db.closing.aborted) close()

  const handle = (request: Request): Promise<Response> => answerTo(request, routes)
  const matches = (pathname: string): boolean => routes.has(withoutEnd(pathname))
  return Object.assign(handle, { matches, drain, close })
}

interface Parts {
  readonly clock: Clock
  readonly readiness: ReadinessState
  readonly live: Live
}

function routesOf(db: Shown, options: ResolvedHandlerOptions, parts: Parts): ReadonlyMap<string, Route> {
  const { basePath, probes, metrics, metricsPath, open, token, authorize, criticalStatus } = options
  const { clock, readiness, live } = parts
  const door = new Door({ open, token, authorize, clock })
  const routes = new Map<string, Route>([
    [basePath, reportRoute(db, door, criticalStatus)],
    [`${basePath}/events`, guarded(door, eventsRoute(live))],
    [`${basePath}/ui`, pageRoute(door)],
  ])
  for (const action of options.actions) {
    routes.set(
      `${basePath}/actions/${action.name}`,
      guarded(
        door,
        actionRoute(door, action, () => live.acted(action.title)),
      ),
    )
  }
  if (probes !== undefined) {
    routes.set(withoutEnd(probes.live), liveRoute())
    routes.set(withoutEnd(probes.ready), readyRoute(readiness, db, options.includeDatabase))
    routes.set(withoutEnd(probes.startup), startupRoute(readiness))
  }
  if (metrics !== undefined) routes.set(metricsPath, guarded(door, metricsRoute(metrics, clock)))
  return routes
}

async function answerTo(request: Request, routes: ReadonlyMap<string, Route>): Promise<Response> {
  try {
    const url = new URL(request.url)
    const route = routes.get(withoutEnd(url.pathname))
    if (route === undefined) return refusal(404, "Nothing here", "There is nothing at this path.")
    const asked = request.method === "HEAD" ? "GET" : request.method
    if (route.methods.some((method) => method === asked)) {
      const response = await route.answer(request, url)
      return request.method === "HEAD" ? withoutBody(response) : response
    }
    const allow = route.methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    const allowed = { allow: [...allow, "OPTIONS"].join(", ") }
    if (request.method === "OPTIONS") return empty(204, allowed)
    return refusal(405, "Not allowed", `Here only ${allowed.allow}.`, allowed)
  } catch (thrown) {
    // Of what is asked here nothing may throw; should something, its words are not for whoever asked.
    process.emitWarning(`An answer about the database failed: ${String(thrown)}`, { type: "KyselyResilientWarning" })
    return refusal(500, "Something went wrong", "The state of the database could not be shown.")
  }
}

function withoutBody(response: Response): Response {
  void response.body?.cancel().catch(() => {})
  return new Response(null, { status: response.status, headers: response.headers })
}
