import { answer, refusal } from "../answers/answers.ts"
import type { Live } from "../live/live.ts"
import { signalOf } from "../signal-of.ts"
import type { Route } from "./route.ts"

/** The event stream, from what the client has seen last: `Last-Event-ID`, or `after` in the query for those that cannot send that. */
export function eventsRoute(live: Live): Route {
  return {
    methods: ["GET"],
    answer(request, url) {
      const type = "text/event-stream; charset=utf-8"
      // Proxies that collect answers before they pass them on are told not to.
      const headers = { "x-accel-buffering": "no", "cache-control": "no-store, no-transform" }
      if (request.method === "HEAD") return answer(200, type, "", headers)
      if (live.full) {
        return refusal(503, "Too many streams", "As many as allowed are open.", { "retry-after": "10" })
      }
      const lastId = request.headers.get("last-event-id") ?? url.searchParams.get("after") ?? undefined
      return answer(200, type, live.open(lastId, signalOf(request)), headers)
    },
  }
}
