import { h, keep, say } from "../dom.ts"
import { count, duration, percent, PERCENTILES } from "../format.ts"
import type { View } from "./view.ts"

const COLUMNS = ["calls", "share of time", "p50", "p95", "slowest", "met a failure", "tried again"] as const

const SHOWN_MAX = 12
/** Of the time: what takes less is not worth a look. */
const LEAST_SHARE = 0.001

/** Which statements take the time. */
export function queries(): View {
  const body = h("tbody", {})
  const element = h(
    "section",
    { class: "card", "aria-labelledby": "queries-title" },
    h(
      "div",
      { class: "head" },
      h("h2", { id: "queries-title" }, "Statements, by the time they take"),
      h("span", { class: "soft" }, "since the start"),
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "queries-title" },
      h(
        "table",
        { id: "queries" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "statement"),
            ...COLUMNS.map((name) => h("th", { scope: "col", title: PERCENTILES[name] }, name)),
          ),
        ),
        body,
      ),
    ),
  )
  return {
    element,
    show({ model }) {
      const { top, total_s: all } = model.queries ?? { top: [], total_s: 0 }
      const worth = top.filter((one) => one.failed > 0 || one.total_s >= all * LEAST_SHARE).slice(0, SHOWN_MAX)
      keep(body, worth, {
        key: ({ summary }) => summary,
        make: ({ summary, sql }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, h("details", {}, h("summary", {}, summary), h("code", {}, sql))),
            ...COLUMNS.map(() => h("td", {})),
          ),
        update(row, one) {
          const cells = [
            count(one.calls),
            percent(all === 0 ? 0 : one.total_s / all),
            duration(one.p50_s),
            duration(one.p95_s),
            duration(one.max_s),
            count(one.failed),
            count(one.retries),
          ]
          for (const [index, cell] of row.querySelectorAll("td").entries()) say(cell, cells[index] ?? "")
        },
      })
    },
  }
}
