import { h, keep, say, set } from "../dom.ts"
import { clockTime, duration } from "../format.ts"
import { concernsOf, factsOf } from "../server-facts.ts"
import type { View } from "./view.ts"

/** What the server says of itself. */
export function server(): View {
  const facts = h("dl", { class: "facts", id: "server" })
  const said = h("span", { class: "soft" })
  const element = h(
    "section",
    { class: "card", "aria-labelledby": "server-title" },
    h("div", { class: "head" }, h("h2", { id: "server-title" }, "Server"), said),
    facts,
  )
  return {
    element,
    show({ model: { database, report }, now }) {
      element.hidden = database === undefined
      if (database === undefined) return
      const agoS = Math.max(0, now - database.at_ms) / 1_000
      say(
        said,
        database.facts === undefined
          ? `did not answer: ${database.error}`
          : `as of ${clockTime(database.at_ms)}, ${duration(Math.round(agoS))} ago; asked every 5 s while somebody watches and nobody waits for a connection`,
      )
      if (database.facts === undefined) return
      const concerns = concernsOf(database.concerns, report?.resilience.status === "healthy")
      keep(facts, factsOf(database.facts, agoS), {
        key: ({ name }) => name,
        make: ({ name }) =>
          h(
            "div",
            {},
            h("dt", {}, name),
            h("dd", {}),
            h("div", { class: "share", "aria-hidden": "true" }, h("i", {})),
            h("ul", { class: "soft dotted" }),
          ),
        update(element_, { value, below, share, concern, pale }) {
          say(element_.querySelector("dd")!, value)
          keep(element_.querySelector("ul")!, [...below.entries()], {
            key: ([index]) => String(index),
            make: () => h("li", {}),
            update: (line, [, text]) => say(line, text),
          })
          set(element_, {
            "data-bad": concerns.has(concern) ? "yes" : undefined,
            "data-pale": pale === true ? "yes" : undefined,
          })
          // No judgement is in the bar itself: of the one the more is the better, of the other the less.
          const bar = element_.querySelector<HTMLElement>(".share")!
          bar.hidden = share === undefined
          bar.querySelector("i")!.style.width = `${Math.min(1, share ?? 0) * 100}%`
        },
      })
    },
  }
}
