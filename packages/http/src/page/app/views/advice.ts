import type { ReportedAdvice } from "@kysely-resilient/core"

import { copy, h, keep } from "../dom.ts"
import type { Moment, View } from "./view.ts"

/** What to do about it, and SQL to copy where there is some. */
export function advice(): View {
  const list = h("ol", { class: "cards", id: "advice" })
  const element = h(
    "section",
    { "aria-labelledby": "advice-title" },
    h("div", { class: "head" }, h("h2", { id: "advice-title" }, "Recommendations")),
    list,
  )
  return {
    element,
    show(moment) {
      keep(list, adviceIn(moment), {
        key: ({ code, message, severity }) => `${severity} ${code ?? ""} ${message}`,
        make: cardOf,
        update: () => {},
      })
    },
  }
}

const RANK = { critical: 0, warning: 1, info: 2 } as const

function adviceIn({ model }: Moment): readonly ReportedAdvice[] {
  const own = model.report?.recommendations ?? []
  const servers = model.database?.advice ?? []
  const found = servers.length > 0 ? own.filter(({ code }) => code !== undefined) : own
  return [...found, ...servers].toSorted((one, other) => RANK[one.severity] - RANK[other.severity])
}

function cardOf({ severity, message, action, code, docs, sql }: ReportedAdvice): HTMLElement {
  const button = h("button", { type: "button" }, "Copy SQL")
  if (sql !== undefined) button.addEventListener("click", () => void copy(sql, button))
  return h(
    "li",
    { class: "card advice", "data-severity": severity },
    h("p", { class: "message" }, h("b", {}, `${SEVERITIES[severity]}: `), message),
    h("p", { class: "action" }, action),
    sql === undefined ? undefined : h("pre", { tabindex: "0" }, sql),
    h(
      "p",
      { class: "foot soft" },
      sql === undefined ? undefined : button,
      code === undefined
        ? undefined
        : docs === undefined
          ? h("code", {}, code)
          : h("a", { href: docs, target: "_blank", rel: "noreferrer" }, code),
    ),
  )
}

const SEVERITIES = { critical: "Critical", warning: "Warning", info: "Good to know" } as const
