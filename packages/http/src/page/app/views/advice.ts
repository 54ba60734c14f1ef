import type { ReportedAdvice } from "@kysely-resilient/core"

import { advisedIn, isUrgent, type Advised } from "../advised.ts"
import { copy, h, keep, say, set } from "../dom.ts"
import { counted } from "../format.ts"
import type { View } from "./view.ts"

const CARDS = { key: keyOf, make: cardOf, update }

/** What somebody should do now: it stands above everything that only shows. */
export function urgentAdvice(): View {
  const list = h("ol", { class: "cards advice-list", id: "urgent" })
  const element = h(
    "section",
    { class: "advise", hidden: "", "aria-labelledby": "urgent-title" },
    h("div", { class: "head" }, h("h2", { id: "urgent-title" }, "To do now")),
    list,
  )
  return {
    element,
    show({ model, incidents }) {
      const urgent = advisedIn(model, incidents).filter(isUrgent)
      element.hidden = urgent.length === 0
      keep(list, urgent, CARDS)
    },
  }
}

/** What else to do, and SQL to copy where there is some. */
export function advice(): View {
  const list = h("ol", { class: "cards advice-list", id: "advice" })
  const more = h("ol", { class: "cards" })
  const summary = h("summary", {})
  const minor = h("details", { class: "minor" }, summary, more)
  const none = h("p", { class: "soft none" })
  const element = h(
    "section",
    { class: "advise", "aria-labelledby": "advice-title" },
    h("div", { class: "head" }, h("h2", { id: "advice-title" }, "Recommendations")),
    none,
    list,
    minor,
  )
  return {
    element,
    show({ model, incidents }) {
      const all = advisedIn(model, incidents)
      const found = all.filter((one) => !isUrgent(one))
      const warnings = found.filter(({ severity }) => severity !== "info")
      const others = found.filter(({ severity, code }) => severity === "info" && code !== undefined)
      none.hidden = warnings.length > 0
      say(none, all.length > found.length ? "Nothing else to be done." : "Nothing to be done.")
      keep(list, warnings, CARDS)
      minor.hidden = others.length === 0
      say(summary, `${counted(others.length, "thing")} more that ${others.length === 1 ? "is" : "are"} good to know`)
      keep(more, others, CARDS)
    },
  }
}

/** Numbers in a message change by the second, and its card stays the same. */
function keyOf({ severity, code, message }: ReportedAdvice): string {
  return code === undefined ? message : `${severity} ${code}`
}

function cardOf({ severity, message, action, code, docs, sql }: Advised): HTMLElement {
  const button = h("button", { type: "button" }, "Copy SQL")
  if (sql !== undefined) button.addEventListener("click", () => void copy(sql, button))
  return h(
    "li",
    { class: "card advice", "data-severity": severity, id: code === undefined ? undefined : `advice-${code}` },
    h("p", { class: "message" }, h("b", {}), h("span", {}, message)),
    h("p", { class: "cause" }),
    h("p", { class: "action" }, action),
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

function update(card: HTMLElement, { severity, message, action, passed, cause }: Advised): void {
  set(card, { "data-passed": passed === true ? "yes" : undefined })
  say(card.querySelector("b")!, passed === true ? "Over: " : `${SEVERITIES[severity]}: `)
  say(card.querySelector(".message span")!, sentence(message))
  say(card.querySelector(".cause")!, cause ?? "")
  say(card.querySelector(".action")!, sentence(action))
}

/** Several stand below each other, and each must end. */
function sentence(text: string): string {
  return text === "" || text.endsWith(".") ? text : `${text}.`
}

const SEVERITIES = { critical: "Critical", warning: "Warning", info: "Good to know" } as const
