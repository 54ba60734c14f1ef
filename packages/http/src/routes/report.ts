import type { Database } from "@kysely-resilient/core"

import { answer, refusal } from "../answers/answers.ts"
import { healthJson, healthStatus } from "../answers/health-json.ts"
import { negotiate } from "../answers/negotiate.ts"
import type { Door } from "../door/door.ts"
import type { Route } from "./route.ts"

const JSON_TYPE = "application/json"
const HEALTH_TYPE = "application/health+json"

/** In a query `+` is a space, and who writes it by hand does not think of that. */
const FORMATS: ReadonlyMap<string, string> = new Map([
  ["json", JSON_TYPE],
  ["health+json", HEALTH_TYPE],
  ["health json", HEALTH_TYPE],
])

/** While nothing says when it makes sense to come back, seconds. */
const RETRY_AFTER_S = 5

/** How the database is doing; whoever may not know that is told the status. */
export function reportRoute(db: Pick<Database<unknown>, "report">, door: Door, criticalStatus: number): Route {
  return {
    methods: ["GET"],
    async answer(request, url) {
      const format = url.searchParams.get("format")
      const type =
        format === null ? negotiate(request.headers.get("accept"), [JSON_TYPE, HEALTH_TYPE]) : FORMATS.get(format)
      if (type === undefined) return refusal(400, "No such format", "Known are json and health+json.")
      const trusted = await door.lets(request)
      const report = db.report()
      const { status } = report.resilience
      const critical = status === "critical"
      const wait = critical ? { "retry-after": String(Math.ceil(report.retry_after_s ?? RETRY_AFTER_S)) } : {}
      const body =
        type === HEALTH_TYPE ? (trusted ? healthJson(report) : healthStatus(report)) : trusted ? report : { status }
      return answer(critical ? criticalStatus : 200, type, `${JSON.stringify(body)}\n`, { vary: "accept", ...wait })
    },
  }
}
