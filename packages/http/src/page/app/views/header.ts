import { h, keep, say, set } from "../dom.ts"
import { clockTime, duration, fullTime, zone } from "../format.ts"
import { doubtOf, whyOf } from "../status-words.ts"
import type { Moment, View } from "./view.ts"

export interface HeaderParts {
  readonly onRange: (ms: number) => void
  readonly onPause: () => void
}

const NAMES = { healthy: "Healthy", degraded: "Degraded", critical: "Critical" } as const
const ICONS = { healthy: "#2c9f6c", degraded: "#c98412", critical: "#d23f3f", unknown: "#8a9099" } as const

/** Status, since when, and why; whose page this is; whether it is live. */
export function header({ onRange, onPause }: HeaderParts): View {
  const status = h("strong", { id: "status" }, "…")
  const since = h("span", { id: "since", class: "soft" })
  const reason = h("span", {})
  const doubt = h("a", { id: "doubt", hidden: "" })
  const who = h("ul", { id: "who", class: "soft dotted" })
  const clock = h("time", { id: "clock", class: "soft" })
  const stream = h("span", { id: "stream", role: "status" }, "opening")
  const range = h(
    "select",
    { "aria-label": "How much of the past is shown" },
    h("option", { value: "60000" }, "1 min"),
    h("option", { value: "300000", selected: "" }, "5 min"),
    h("option", { value: "900000" }, "15 min"),
  )
  range.addEventListener("change", () => onRange(Number(range.value)))
  const pause = h("button", { type: "button", "aria-pressed": "false" }, "Pause")
  pause.addEventListener("click", onPause)
  const lost = h("p", { id: "lost", role: "alert", hidden: "" })
  const element = h(
    "header",
    { class: "top" },
    h(
      "div",
      { class: "inner" },
      h("div", { class: "state" }, h("i", { class: "dot", "aria-hidden": "true" }), status, since),
      h("div", { class: "tools" }, who, clock, stream, range, pause),
      h("p", { id: "reason" }, reason, " ", doubt),
    ),
    lost,
  )
  return {
    element,
    show({ model, now, incidents, stream: state, paused }: Moment) {
      const { report, samples, database, hello } = model
      // It comes with every sample while it is not healthy, and says why: a status without its reason is of no use.
      const current = report?.resilience.status
      set(document.documentElement, { "data-status": current ?? "unknown" })
      say(status, current === undefined ? "…" : NAMES[current])
      say(since, report === undefined ? "" : `for ${duration((now - Date.parse(report.status_since)) / 1_000)}`)
      say(reason, report === undefined ? "" : whyOf(report, incidents))
      const unknown = doubtOf(incidents)
      doubt.hidden = unknown === ""
      say(doubt, unknown)
      // Of a statement without a transaction there is no such advice: its card tells.
      const advised = report?.recommendations.some(({ code }) => code === "UNRESOLVED_EFFECTS")
      set(doubt, { href: advised === true ? "#advice-UNRESOLVED_EFFECTS" : "#incidents" })
      say(clock, `${clockTime(now)} ${zone(now)}`)
      set(clock, { title: fullTime(now) })
      const { facts } = database ?? {}
      const parts = [
        ...(facts === undefined ? [] : [facts.database, `PostgreSQL ${facts.version}`]),
        ...(hello === undefined ? [] : [`process ${hello.instance}`]),
      ]
      keep(who, parts, { key: (part) => part, make: (part) => h("li", {}, part), update: () => {} })
      say(stream, paused ? "paused" : state === "live" ? "live" : state === "lost" ? "stream lost" : "opening")
      set(stream, { "data-stream": paused ? "paused" : state })
      set(pause, { "aria-pressed": String(paused) })
      say(pause, paused ? "Go on" : "Pause")
      lost.hidden = state !== "lost"
      const last = samples.at(-1)?.at_ms
      say(
        lost,
        `The stream is lost, and asked for again every few seconds.${last === undefined ? "" : ` What you see is ${duration((Date.now() - last) / 1_000)} old.`}`,
      )
      say(document.querySelector("title")!, `${current === undefined ? "…" : NAMES[current]} · database`)
      const icon = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${ICONS[current ?? "unknown"]}"/></svg>`)}`
      set(document.querySelector("link[rel=icon]")!, { href: icon })
    },
  }
}
