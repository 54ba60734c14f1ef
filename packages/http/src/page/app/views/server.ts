import type { Concern, DatabaseFacts } from "../../../live/messages.ts"
import { h, keep, say, set } from "../dom.ts"
import { bytes, count, counted, duration, percent } from "../format.ts"
import type { View } from "./view.ts"

interface Fact {
  readonly name: string
  readonly value: string
  readonly below?: string
  /** 0 to 1, where it is a share of something that ends. */
  readonly share?: number
  /** What would be worth a look; the server says whether it is. */
  readonly concern?: Concern
}

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
    show({ model: { database }, now }) {
      element.hidden = database === undefined
      if (database === undefined) return
      const age = duration(Math.max(0, now - database.at_ms) / 1_000)
      say(
        said,
        database.facts === undefined ? `did not answer: ${database.error}` : `asked ${age} ago, while somebody watches`,
      )
      if (database.facts === undefined) return
      const concerns: ReadonlySet<Concern | undefined> = new Set(database.concerns)
      keep(facts, factsOf(database.facts), {
        key: ({ name }) => name,
        make: ({ name, share }) =>
          h(
            "div",
            {},
            h("dt", {}, name),
            h("dd", {}),
            share === undefined ? undefined : h("div", { class: "share", "aria-hidden": "true" }, h("i", {})),
            h("span", { class: "soft" }),
          ),
        update(element_, { value, below, share, concern }) {
          say(element_.querySelector("dd")!, value)
          say(element_.querySelector("span")!, below ?? "")
          set(element_, { "data-bad": concerns.has(concern) ? "yes" : undefined })
          // No judgement is in the bar itself: of the one the more is the better, of the other the less.
          const bar = element_.querySelector<HTMLElement>(".share i")
          if (bar !== null) bar.style.width = `${Math.min(1, share ?? 0) * 100}%`
        },
      })
    },
  }
}

function factsOf(facts: DatabaseFacts): readonly Fact[] {
  return [...sessionsIn(facts), ...storageIn(facts), ...lifeOf(facts)]
}

function sessionsIn(facts: DatabaseFacts): readonly Fact[] {
  const { sessions, max_connections: all, reserved_connections: reserved, blocked } = facts
  const open = Object.values(sessions).reduce((sum, one) => sum + one, 0)
  const max = Math.max(1, all - reserved)
  const states = Object.entries(sessions).toSorted(([, one], [, other]) => other - one)
  const longest = facts.longest_transaction_s ?? 0
  return [
    {
      name: "Sessions",
      value: `${count(open)} of ${count(max)}`,
      below: states.map(([state, many]) => `${count(many)} ${state}`).join(", "),
      share: open / max,
      concern: "sessions",
    },
    {
      name: "Longest transaction",
      value: longest === 0 ? "none open" : duration(longest),
      below: "of all that are open now",
      concern: "transaction",
    },
    {
      name: "Waiting for a lock",
      value: blocked.length === 0 ? "nobody" : counted(blocked.length, "session"),
      below: blocked
        .slice(0, 3)
        .map(({ pid, by, for_s: forS }) => `process ${pid} for ${by.join(", ") || "?"}: ${duration(forS)}`)
        .join(" · "),
      concern: "locks",
    },
  ]
}

function storageIn(facts: DatabaseFacts): readonly Fact[] {
  const { dead_rows: dead, live_rows: live, tables_to_vacuum: tables, cache_hit_ratio: hits } = facts
  const deadShare = dead / Math.max(1, dead + live)
  return [
    {
      name: "Dead rows",
      value: percent(deadShare),
      below: `${count(dead)} of ${count(dead + live)}; ${tables === 0 ? "too few to matter" : `${counted(tables, "table")} to vacuum`}`,
      share: deadShare,
      concern: "dead_rows",
    },
    {
      name: "Found in memory",
      value: hits === null ? "–" : percent(hits),
      below: "of all blocks read",
      ...(hits !== null && { share: hits }),
    },
    {
      name: "Transaction ids used",
      value: percent(facts.xid_used_ratio),
      below: "of 2 thousand million",
      share: facts.xid_used_ratio,
      concern: "transaction_ids",
    },
  ]
}

/** The first process of a server outlives a crash of any other, and so does its uptime: nobody else's sessions do. */
function lifeOf(facts: DatabaseFacts): readonly Fact[] {
  const { replication_lag_s: lag, recovered_s: recovered, size_bytes: size } = facts
  const crash = recovered === null ? "" : `crashed and recovered ${duration(recovered)} ago`
  return [
    {
      name: "Replication lag",
      value: lag === null ? "no standby" : duration(lag),
      below: lag === null ? "" : "of the slowest",
      concern: "replication",
    },
    {
      name: facts.primary ? "Primary" : "Standby",
      value: `up ${duration(facts.up_s)}`,
      below: [crash, `PostgreSQL ${facts.version}`, size === null ? "" : bytes(size)]
        .filter((part) => part !== "")
        .join(" · "),
      concern: "crash",
    },
  ]
}
