import type { Database } from "@kysely-resilient/core"

import { json } from "../answers/answers.ts"
import type { ReadinessState } from "../readiness.ts"
import type { Route } from "./route.ts"

/** The process is there to say so. It knows nothing of the database: restarting the process would not help that. */
export function liveRoute(): Route {
  return { methods: ["GET"], answer: () => json(200, { status: "ok" }) }
}

export function startupRoute(readiness: ReadinessState): Route {
  return {
    methods: ["GET"],
    answer: () =>
      readiness.started ? json(200, { status: "started" }) : json(503, { status: "starting" }, { "retry-after": "1" }),
  }
}

/** Whether to send requests here. `includeDatabase`: not while the database is critical. */
export function readyRoute(
  readiness: ReadinessState,
  db: Pick<Database<unknown>, "health">,
  includeDatabase: boolean,
): Route {
  return {
    methods: ["GET"],
    answer() {
      const { state } = readiness
      const status = state === "ready" && includeDatabase && db.health().status === "critical" ? "unavailable" : state
      return status === "ready" ? json(200, { status }) : json(503, { status }, { "retry-after": "1" })
    },
  }
}
