import type { LiveEvent } from "../../../live/messages.ts"
import { h, keep, say, set } from "../dom.ts"
import { clockTime, count, fullTime } from "../format.ts"
import type { Incident } from "../incidents.ts"
import { badgesOf, detailsOf, gravityOf, lengthOf, lineOf, titleOf, verdictOf } from "../words.ts"
import type { Moment, View } from "./view.ts"

const CARDS_MAX = 20
const LINES_MAX = 60
const WHO_MAX = 12
const NEWS: ReadonlySet<LiveEvent["name"]> = new Set(["health.changed", "action.started"])

type Entry = { readonly at: number; readonly key: string } & (
  | { readonly incident: Incident; readonly first: boolean }
  | { readonly event: LiveEvent }
)

/** What went wrong, as cards; in between, what was news without being trouble. */
export function incidents(): View {
  const list = h("ol", { class: "cards", id: "incidents" })
  const none = h("p", { class: "soft none" }, "Nothing went wrong in the last 15 minutes.")
  const element = h(
    "section",
    { class: "timeline", "aria-labelledby": "timeline-title" },
    h("div", { class: "head" }, h("h2", { id: "timeline-title" }, "What happened")),
    none,
    list,
  )
  return {
    element,
    show(moment) {
      none.hidden = moment.incidents.length > 0
      keep(list, entriesOf(moment), { key: ({ key }) => key, make, update })
    },
  }
}

function entriesOf({ incidents: found, model }: Moment): readonly Entry[] {
  const cards = found.slice(0, CARDS_MAX).map((incident, index) => ({
    at: incident.from,
    key: `i${incident.from}`,
    incident,
    first: index === 0,
  }))
  const oldest = cards.at(-1)?.at ?? Number.POSITIVE_INFINITY
  // A card that says what it was caused by needs no line that says the same.
  const told = new Set(cards.map(({ incident }) => incident.asked))
  const news = model.events.flatMap((event, index): readonly Entry[] =>
    NEWS.has(event.name) && !told.has(event) && (event.at_ms >= oldest - 60_000 || found.length < CARDS_MAX)
      ? [{ at: event.at_ms, key: `e${event.at_ms}${event.name}${index}`, event }]
      : [],
  )
  return [...cards, ...news].toSorted((one, other) => other.at - one.at).slice(0, 2 * CARDS_MAX)
}

function make(entry: Entry): HTMLElement {
  if ("event" in entry) {
    const { event } = entry
    return h("li", { class: "news" }, timeOf(event.at_ms), h("span", {}, lineOf(event)))
  }
  return h(
    "li",
    { class: "card incident" },
    h("div", { class: "when" }, h("time", {}), h("span", { class: "lasted" }), h("span", { class: "badges" })),
    h("h3", {}),
    h("p", { class: "verdict" }),
    h(
      "dl",
      { class: "figures" },
      ...["affected", "recovered", "failed", "unknown"].map((name) =>
        h("div", { "data-figure": name }, h("dt", {}, name), h("dd", {})),
      ),
    ),
    h("ul", { class: "details dotted" }),
    h(
      "table",
      { class: "who" },
      h("caption", {}, "Who was affected"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...["", "affected", "recovered", "failed", "unknown"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h("tbody", {}),
    ),
    h("details", { class: "raw" }, h("summary", {}, "Events"), h("ol", {})),
  )
}

function timeOf(ms: number): HTMLElement {
  return h("time", { title: fullTime(ms) }, clockTime(ms))
}

function update(element: HTMLElement, entry: Entry): void {
  if ("event" in entry) return
  const { incident } = entry
  const part = (selector: string): HTMLElement => element.querySelector<HTMLElement>(selector)!
  set(element, { "data-gravity": gravityOf(incident), "data-open": incident.open ? "yes" : undefined })
  say(part("time"), clockTime(incident.from))
  set(part("time"), { title: fullTime(incident.from) })
  say(part(".lasted"), lengthOf(incident))
  keep(part(".badges"), badgesOf(incident), {
    key: (text) => text,
    make: (text) => h("b", {}, text),
    update: () => {},
  })
  say(part("h3"), titleOf(incident))
  say(part(".verdict"), verdictOf(incident))
  part(".figures").hidden = incident.affected === 0
  for (const name of ["affected", "recovered", "failed", "unknown"] as const) {
    const figure = part(`[data-figure=${name}]`)
    say(figure.querySelector("dd")!, count(incident[name]))
    set(figure, { "data-some": incident[name] > 0 ? "yes" : undefined })
  }
  keep(part(".details"), detailsOf(incident), {
    key: (text) => text.replaceAll(/[\d.,]+/g, ""),
    make: () => h("li", {}),
    update: say,
  })
  part(".who").hidden = incident.who.length === 0
  keep(part("tbody"), incident.who.slice(0, WHO_MAX), {
    key: ({ who }) => who,
    make: ({ who }) => h("tr", {}, h("th", { scope: "row" }, who), ...Array.from({ length: 4 }, () => h("td", {}))),
    update(row, one) {
      const cells = row.querySelectorAll("td")
      for (const [index, name] of (["affected", "recovered", "failed", "unknown"] as const).entries()) {
        say(cells[index]!, count(one[name]))
        set(cells[index]!, { "data-some": index > 1 && one[name] > 0 ? "yes" : undefined })
      }
    },
  })
  const { events } = incident
  part(".raw").hidden = events.length === 0
  say(part("summary"), `${count(events.length)} ${events.length === 1 ? "line" : "lines"} of events`)
  keep(part(".raw ol"), events.slice(0, LINES_MAX), {
    key: ({ at_ms: at, name, label, summary, kind }) => [at, name, label, summary, kind].join(),
    make: (event) => h("li", {}, timeOf(event.at_ms), h("span", {})),
    update: (line, event) =>
      say(line.querySelector("span")!, `${event.count > 1 ? `${count(event.count)}× ` : ""}${lineOf(event)}`),
  })
}
