import type { LiveConnection } from "../../../live/messages.ts"
import { h, keep, say, set } from "../dom.ts"
import { count, duration } from "../format.ts"
import type { Moment, View } from "./view.ts"

type State = LiveConnection["state"] | "opening" | "gone" | "free"

interface Square {
  readonly key: string
  readonly state: State
  readonly connection?: LiveConnection
}

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

const WAITING_SHOWN_MAX = 60

/** Every square is a real connection; who waits for one stands beside. */
export function pool(): View {
  const squares = h("div", { class: "squares", role: "list", "aria-label": "Connections" })
  const line = h("div", { class: "line", "aria-hidden": "true" })
  const waiting = h("span", { id: "waiting" })
  const counts = h("span", { id: "pool-counts", class: "soft" })
  const told = h("p", { class: "told", id: "connection" })
  const legend = h(
    "ul",
    { class: "legend" },
    ...LEGEND.map((state) => h("li", {}, h("i", { class: "slot", "data-state": state }, MARKS[state]), NAMES[state])),
  )
  let looked: string | undefined
  let shown: readonly Square[] = []
  let seenAt = 0

  const tell = (): void => {
    const square = shown.find(({ key }) => key === looked)
    say(
      told,
      square === undefined ? "Point at a square, or step to it with Tab, to see what it does." : about(square, seenAt),
    )
  }
  const look = (key: string | undefined) => () => {
    looked = key
    tell()
  }
  const element = h(
    "section",
    { class: "card pool", "aria-labelledby": "pool-title" },
    h("div", { class: "head" }, h("h2", { id: "pool-title" }, "Pool"), counts),
    h("div", { class: "places" }, squares, h("div", { class: "queue" }, line, waiting)),
    told,
    legend,
  )
  return {
    element,
    show({ model, now }: Moment) {
      const sample = model.samples.at(-1)
      const stats = sample?.pool ?? model.report?.pool
      if (stats === undefined) return
      seenAt = model.connections?.at_ms ?? now
      shown = squaresOf(model.connections?.open ?? [], model.gone, stats)
      keep(squares, shown, {
        key: ({ key }) => key,
        make({ key }) {
          const square = h("button", {
            type: "button",
            class: "slot",
            role: "listitem",
            "aria-describedby": "connection",
          })
          square.addEventListener("pointerenter", look(key))
          square.addEventListener("focus", look(key))
          square.addEventListener("click", look(key))
          return square
        },
        update(square, { state, connection }) {
          const name = connection === undefined ? NAMES[state] : `Connection ${connection.id}, ${NAMES[state]}`
          set(square, { "data-state": state, "aria-label": name })
          say(square, MARKS[state] ?? "")
        },
      })
      tell()
      const { waiting: standing, idle, used, opening, max } = stats
      keep(
        line,
        Array.from({ length: Math.min(standing, WAITING_SHOWN_MAX) }, (_, index) => String(index)),
        {
          key: (key) => key,
          make: () => h("i", {}),
          update: () => {},
        },
      )
      say(waiting, standing === 0 ? "nobody waits" : `${count(standing)} waiting`)
      set(waiting, { "data-waiting": standing > 0 ? "yes" : undefined })
      say(counts, `${used} in use · ${idle} idle · ${opening} opening · at most ${max}`)
    },
  }
}

function squaresOf(
  open: readonly LiveConnection[],
  gone: Moment["model"]["gone"],
  { opening, max }: { readonly opening: number; readonly max: number },
): readonly Square[] {
  const squares: Square[] = open.map((connection) => ({
    key: `c${connection.id}`,
    state: connection.state,
    connection,
  }))
  for (const { connection } of gone) squares.push({ key: `c${connection.id}`, state: "gone", connection })
  squares.sort((one, other) => (one.connection?.id ?? 0) - (other.connection?.id ?? 0))
  for (let index = 0; index < opening; index += 1) squares.push({ key: `o${index}`, state: "opening" })
  for (let index = 0; open.length + gone.length + opening + index < max && index < 200; index += 1) {
    squares.push({ key: `f${index}`, state: "free" })
  }
  return squares
}

function about({ state, connection }: Square, now: number): string {
  if (connection === undefined) return `A place for a connection: ${NAMES[state]}.`
  const { id, since_ms: since, opened_ms: opened, uses, process_id: pid, summary, sql } = connection
  const ago = (at: number): string => duration(Math.max(0, now - at) / 1_000)
  const what = state === "gone" ? "closed" : `${NAMES[state]} for ${ago(since)}`
  const doing = sql === undefined ? "" : ` · ${summary}: ${sql}`
  return `Connection ${id} · ${what} · opened ${ago(opened)} ago · used ${count(uses)}× · server process ${pid}${doing}`
}
