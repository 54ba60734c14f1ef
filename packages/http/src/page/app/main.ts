import { copy, h, set } from "./dom.ts"
import { markdownOf } from "./incident-report.ts"
import { incidentsOf } from "./incidents.ts"
import { after, EMPTY, type Model } from "./model.ts"
import { listen } from "./stream.ts"
import { actions } from "./views/actions.ts"
import { advice, urgentAdvice } from "./views/advice.ts"
import { charts } from "./views/charts.ts"
import { header } from "./views/header.ts"
import { incidents } from "./views/incidents.ts"
import { pool } from "./views/pool.ts"
import { queries } from "./views/queries.ts"
import { server } from "./views/server.ts"
import { tiles } from "./views/tiles.ts"
import type { Moment, View } from "./views/view.ts"

/** Often enough to look alive; what a person cannot see need not be drawn. */
const SHOW_EVERY_MS = 250

const RANGE_MIN_MS = 60_000

let model: Model = EMPTY
let shown: Model = EMPTY
let stream: Moment["stream"] = "opening"
let rangeMs = 300_000
let paused = false
/** How far the server's clock is ahead of this one. */
let aheadMs = 0
let pausedAt = 0

const views: readonly View[] = [
  header({
    onRange(ms) {
      rangeMs = ms
      show()
    },
    onPause() {
      paused = !paused
      pausedAt = now()
      show()
    },
  }),
  tiles(),
  urgentAdvice(),
  actions(),
  pool(),
  incidents(),
  charts(),
  advice(),
  queries(),
  server(),
]

const report = h("button", { type: "button", id: "copy-report" }, "Copy incident report")
report.addEventListener("click", () => void copy(markdownOf(momentOf().incidents, shown.report, now()), report))

/** Where there are metrics. */
const prometheus = h("a", { hidden: "" }, "Prometheus")

const [top, ...parts] = views
document.body.append(
  top!.element,
  h("main", {}, ...parts.map(({ element }) => element)),
  h(
    "footer",
    {},
    h("a", { href: "./" }, "JSON"),
    h("a", { href: "./?format=health%2Bjson" }, "health+json"),
    prometheus,
    report,
  ),
)

function now(): number {
  return Date.now() + aheadMs
}

function momentOf(): Moment {
  if (!paused) shown = model
  const at = paused ? pausedAt : now()
  const first = shown.samples[0]?.at_ms ?? at
  // What was not yet there is not shown: a page that was just opened would be empty.
  const shownMs = Math.min(rangeMs, Math.max(RANGE_MIN_MS, at - first))
  return {
    model: shown,
    incidents: incidentsOf(shown.events, shown.samples, at),
    now: at,
    rangeMs: shownMs,
    stream,
    paused,
  }
}

function show(): void {
  const moment = momentOf()
  for (const view of views) view.show(moment)
  const metrics = moment.model.hello?.metrics_path
  prometheus.hidden = typeof metrics !== "string"
  if (typeof metrics === "string") set(prometheus, { href: metrics })
}

listen({
  heard(message) {
    model = after(model, message)
    // Of a report that came late the clock would look slow.
    if (message.type === "connections") aheadMs = message.data.at_ms - Date.now()
  },
  became: (state) => (stream = state),
})
setInterval(() => {
  if (!document.hidden) show()
}, SHOW_EVERY_MS)
