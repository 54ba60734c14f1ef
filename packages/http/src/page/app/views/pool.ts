import type { LiveConnection } from "../../../live/messages.ts"
import { h, keep, say, set } from "../dom.ts"
import { count, counted, duration } from "../format.ts"
import type { Seat } from "../seats.ts"
import type { Moment, View } from "./view.ts"

type State = LiveConnection["state"] | "opening" | "gone" | "free"

const NAMES: Readonly<Record<State, string>> = {
  idle: "idle",
  checking: "checked before use",
  held: "held, doing nothing",
  active: "running a statement",
  "in-transaction": "in a transaction",
  "failed-transaction": "in a failed transaction",
  opening: "being opened",
  gone: "closed",
  free: "not open",
}

const MARKS: Readonly<Partial<Record<State, string>>> = {
  "in-transaction": "tx",
  "failed-transaction": "tx!",
  checking: "?",
  opening: "…",
  gone: "✕",
}

const LEGEND: readonly State[] = [
  "idle",
  "active",
  "in-transaction",
  "failed-transaction",
  "held",
  "opening",
  "gone",
  "free",
]

const WAITING_SHOWN_MAX = 24

/** Every square is a real connection; who waits for one stands beside. */
export function pool(): View {
  const squares = h("div", { class: "squares", role: "group", "aria-label": "Connections" })
  const line = h("div", { class: "line", "aria-hidden": "true" })
  const waiting = h("span", { id: "waiting" })
  const counts = h("span", { id: "pool-counts", class: "soft" })
  const told = h("p", { class: "told", id: "connection" })
  const legend = h(
    "ul",
    { class: "legend" },
    ...LEGEND.map((state) => h("li", {}, h("i", { class: "slot", "data-state": state }, MARKS[state]), NAMES[state])),
  )
  let looked: number | undefined
  let shown: readonly Seat[] = []
  let seenAt = 0

  const tell = (): void => {
    const seat = looked === undefined ? undefined : shown[looked]
    say(
      told,
      seat === undefined ? "Point at a square, or step to it with Tab, to see what it does." : about(seat, seenAt),
    )
  }
  const look = (place: number) => () => {
    looked = place
    tell()
  }
  const element = h(
    "section",
    { class: "card pool", "aria-labelledby": "pool-title" },
    h("div", { class: "head" }, h("h2", { id: "pool-title" }, "Pool"), counts),
    squares,
    h("div", { class: "queue" }, waiting, line),
    told,
    legend,
  )
  return {
    element,
    show({ model: { connections, seats } }: Moment) {
      if (connections === undefined) return
      seenAt = connections.at_ms
      shown = seats
      keep(squares, [...seats.entries()], {
        key: ([place]) => String(place),
        make([place]) {
          const square = h("button", {
            type: "button",
            class: "slot",
            "aria-describedby": "connection",
          })
          for (const type of ["pointerenter", "focus", "click"]) square.addEventListener(type, look(place))
          return square
        },
        update(square, [, seat]) {
          const state = stateOf(seat)
          const name = "connection" in seat ? `Connection ${seat.connection.id}, ${NAMES[state]}` : NAMES[state]
          set(square, { "data-state": state, "aria-label": name })
          say(square, MARKS[state] ?? "")
        },
      })
      tell()
      const { waiting: standing, idle, used, opening, max } = connections.pool
      keep(
        line,
        Array.from({ length: Math.min(standing, WAITING_SHOWN_MAX) }, (_, index) => String(index)),
        {
          key: (key) => key,
          make: () => h("i", {}),
          update: () => {},
        },
      )
      say(
        waiting,
        standing === 0
          ? "Nobody waits for a connection"
          : `${counted(standing, "caller waits", "callers wait")} for a connection`,
      )
      set(waiting, { "data-waiting": standing > 0 ? "yes" : undefined })
      say(counts, `${used} in use, ${idle} idle, ${opening} opening, at most ${max}`)
    },
  }
}

function stateOf(seat: Seat): State {
  return seat.state === "taken" ? seat.connection.state : seat.state
}

function about(seat: Seat, now: number): string {
  const state = stateOf(seat)
  if (!("connection" in seat)) return `A place for a connection: ${NAMES[state]}.`
  const { connection } = seat
  const { id, since_ms: since, opened_ms: opened, uses, process_id: pid, summary, sql } = connection
  const ago = (at: number): string => duration(Math.max(0, now - at) / 1_000)
  const what = state === "gone" ? "closed" : `${NAMES[state]} for ${ago(since)}`
  const doing = sql === undefined ? "" : `; ${summary}: ${sql}`
  return `Connection ${id}: ${what}, opened ${ago(opened)} ago, used ${count(uses)}×, server process ${pid}${doing}`
}
