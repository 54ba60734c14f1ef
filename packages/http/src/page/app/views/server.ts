import type { DatabaseFacts } from "../../../live/messages.ts"
import { h, keep, say, set } from "../dom.ts"
import { bytes, count, counted, duration, percent } from "../format.ts"
import type { View } from "./view.ts"

interface Fact {
  readonly name: string
  readonly value: string
  readonly below?: string
  /** 0 to 1, where it is a share of something that ends. */
  readonly share?: number
  readonly bad?: boolean
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
      keep(facts, factsOf(database.facts), {
        key: ({ name }) => name,
        make: ({ name, share }) =>
          h(
            "div",
            {},
            h("dt", {}, name),
            h("dd", {}),
            h("span", { class: "soft" }),
            share === undefined ? undefined : h("meter", { max: "1" }),
          ),
        update(element_, { value, below, share, bad }) {
          say(element_.querySelector("dd")!, value)
          say(element_.querySelector("span")!, below ?? "")
          set(element_, { "data-bad": bad === true ? "yes" : undefined })
          if (share !== undefined) set(element_.querySelector("meter")!, { value: String(share) })
        },
      })
    },
  }
}

function factsOf(facts: DatabaseFacts): readonly Fact[] {
  const { sessions, max_connections: max, blocked, dead_rows: dead, live_rows: live } = facts
  const open = Object.values(sessions).reduce((sum, one) => sum + one, 0)
  const states = Object.entries(sessions).toSorted(([, one], [, other]) => other - one)
  const longest = facts.longest_transaction_s ?? 0
  const deadShare = dead / Math.max(1, dead + live)
  return [
    {
      name: "Sessions",
      value: `${count(open)} of ${count(max)}`,
      below: states.map(([state, many]) => `${count(many)} ${state}`).join(", "),
      share: open / max,
      bad: open / max > 0.8,
    },
    { name: "Longest transaction", value: longest === 0 ? "none open" : duration(longest), bad: longest > 60 },
    {
      name: "Waiting for a lock",
      value: blocked.length === 0 ? "nobody" : counted(blocked.length, "session"),
      below: blocked
        .slice(0, 3)
        .map(({ pid, by, for_s: forS }) => `${pid} for ${by.join(", ") || "?"}: ${duration(forS)}`)
        .join(" · "),
      bad: blocked.some(({ for_s: forS }) => forS > 1),
    },
    {
      name: "Dead rows",
      value: percent(deadShare),
      below: `${count(dead)} of ${count(dead + live)}`,
      share: deadShare,
      bad: deadShare > 0.3 && dead > 10_000,
    },
    {
      name: "Found in memory",
      value: facts.cache_hit_ratio === null ? "–" : percent(facts.cache_hit_ratio),
      below: "of all blocks read",
      ...(facts.cache_hit_ratio !== null && { share: facts.cache_hit_ratio }),
    },
    {
      name: "Transaction ids used",
      value: percent(facts.xid_used_ratio),
      below: "of 2 thousand million",
      share: facts.xid_used_ratio,
      bad: facts.xid_used_ratio > 0.5,
    },
    {
      name: "Replication lag",
      value: facts.replication_lag_s === null ? "no standby" : duration(facts.replication_lag_s),
      bad: (facts.replication_lag_s ?? 0) > 30,
    },
    {
      name: facts.primary ? "Primary" : "Standby",
      value: `up ${duration(facts.up_s)}`,
      below: `PostgreSQL ${facts.version}${facts.size_bytes === null ? "" : ` · ${bytes(facts.size_bytes)}`}`,
    },
  ]
}
