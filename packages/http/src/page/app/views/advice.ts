import type { ReportedAdvice } from "@kysely-resilient/core"

import { copy, h, keep, say, set } from "../dom.ts"
import { askedBefore } from "../asked.ts"
import { counted } from "../format.ts"
import type { Moment, View } from "./view.ts"

/** What to do about it, and SQL to copy where there is some. */
export function advice(): View {
  const list = h("ol", { class: "cards", id: "advice" })
  const more = h("ol", { class: "cards" })
  const summary = h("summary", {})
  const minor = h("details", { class: "minor" }, summary, more)
  const none = h("p", { class: "soft none" }, "Nothing to be done.")
  const element = h(
    "section",
    { class: "advise", "aria-labelledby": "advice-title" },
    h("div", { class: "head" }, h("h2", { id: "advice-title" }, "Recommendations")),
    none,
    list,
    minor,
  )
  const cards = { key: keyOf, make: cardOf, update }
  return {
    element,
    show(moment) {
      const found = adviceIn(moment)
      const urgent = found.filter(({ severity }) => severity !== "info")
      const others = found.filter(({ severity, code }) => severity === "info" && code !== undefined)
      none.hidden = urgent.length > 0
      keep(list, urgent, cards)
      minor.hidden = others.length === 0
      say(summary, `${counted(others.length, "thing")} more that ${others.length === 1 ? "is" : "are"} good to know`)
      keep(more, others, cards)
    },
  }
}

/** Numbers in a message change by the second, and its card stays the same. */
function keyOf({ severity, code, message }: ReportedAdvice): string {
  return code === undefined ? message : `${severity} ${code}`
}

const RANK = { critical: 0, warning: 1, info: 2 } as const

interface Advised extends ReportedAdvice {
  /** What may have caused it. */
  readonly asked?: string | undefined
}

function adviceIn({ model }: Moment): readonly Advised[] {
  const own = (model.report?.recommendations ?? []).map((one) => ({
    ...one,
    asked: one.since === undefined ? undefined : askedBefore(model.events, Date.parse(one.since)),
  }))
  const servers = model.database?.advice ?? []
  return [...own, ...servers].toSorted((one, other) => RANK[one.severity] - RANK[other.severity])
}

function cardOf({ severity, message, action, code, docs, sql }: ReportedAdvice): HTMLElement {
  const button = h("button", { type: "button" }, "Copy SQL")
  if (sql !== undefined) button.addEventListener("click", () => void copy(sql, button))
  return h(
    "li",
    { class: "card advice", "data-severity": severity },
    h("p", { class: "message" }, h("b", {}), h("span", {}, message)),
    h("p", { class: "action" }, action),
    h("p", { class: "asked soft" }),
    sql === undefined ? undefined : h("pre", { tabindex: "0" }, sql),
    h(
      "p",
      { class: "foot soft" },
      sql === undefined ? undefined : button,
      // The page that explains it is a file of the application's, which a browser cannot open.
      code === undefined ? undefined : h("code", { title: docs }, code),
    ),
  )
}

function update(card: HTMLElement, { severity, message, action, passed, asked }: Advised): void {
  set(card, { "data-passed": passed === true ? "yes" : undefined })
  say(card.querySelector("b")!, passed === true ? "Just passed: " : `${SEVERITIES[severity]}: `)
  say(
    card.querySelector(".asked")!,
    asked === undefined ? "" : `Before it began, “${asked}” was asked for on this page.`,
  )
  say(card.querySelector(".message span")!, message)
  say(card.querySelector(".action")!, action)
}

const SEVERITIES = { critical: "Critical", warning: "Warning", info: "Good to know" } as const
