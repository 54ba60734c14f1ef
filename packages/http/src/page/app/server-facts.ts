import type { Concern, DatabaseFacts } from "../../live/messages.ts"
import { bytes, count, counted, duration, percent } from "./format.ts"

export interface Fact {
  readonly name: string
  readonly value: string
  readonly below: readonly string[]
  /** 0 to 1, where it is a share of something that ends, and matters. */
  readonly share?: number
  /** What would be worth a look; the server says whether it is. */
  readonly concern?: Concern
  /** A number that says nothing at the moment. */
  readonly pale?: true
}

/** What the server said of itself so many seconds ago, in words of now. */
export function factsOf(facts: DatabaseFacts, agoS: number): readonly Fact[] {
  return [...sessionsIn(facts), ...storageIn(facts), ...lifeOf(facts, agoS)]
}

/** What is worth a look now. A crash explains what is wrong, and nothing where all is well again. */
export function concernsOf(concerns: readonly Concern[], healthy: boolean): ReadonlySet<Concern | undefined> {
  return new Set(concerns.filter((concern) => concern !== "crash" || !healthy))
}

function sessionsIn(facts: DatabaseFacts): readonly Fact[] {
  const { sessions, max_connections: all, reserved_connections: reserved, blocked } = facts
  const open = Object.values(sessions).reduce((sum, one) => sum + one, 0)
  const max = Math.max(1, all - reserved)
  const states = Object.entries(sessions).toSorted(([, one], [, other]) => other - one)
  const longest = facts.longest_transaction_s ?? 0
  return [
    {
      name: "Sessions of all clients",
      value: `${count(open)} of ${count(max)}`,
      below: [states.map(([state, many]) => `${count(many)} ${state}`).join(", ")],
      share: open / max,
      concern: "sessions",
    },
    {
      name: "Longest transaction",
      value: longest === 0 ? "none open" : duration(longest),
      below: ["of all that were open then"],
      concern: "transaction",
    },
    {
      name: "Waiting for a lock",
      value: blocked.length === 0 ? "nobody" : counted(blocked.length, "session"),
      below: blocked.slice(0, 3).map(({ pid, by, for_s: forS }) => {
        const whom = by.length === 0 ? "another" : `${by.length === 1 ? "process" : "processes"} ${by.join(", ")}`
        return `process ${pid} waits for ${whom}, ${duration(forS)}`
      }),
      concern: "locks",
    },
  ]
}

function storageIn(facts: DatabaseFacts): readonly Fact[] {
  const { dead_rows: dead, live_rows: live, tables_to_vacuum: tables, cache_hit_ratio: hits } = facts
  const deadShare = dead / Math.max(1, dead + live)
  const few = tables === 0
  return [
    {
      name: "Dead rows",
      value: percent(deadShare),
      below: [
        `${count(dead)} of ${count(dead + live)}; ${few ? "too few to matter" : `${counted(tables, "table")} to vacuum`}`,
      ],
      ...(few ? { pale: true } : { share: deadShare }),
      concern: "dead_rows",
    },
    {
      name: "Found in memory",
      value: hits === null ? "–" : percent(hits),
      below: ["of all blocks read"],
      ...(hits !== null && { share: hits }),
    },
    {
      name: "Transaction ids used",
      value: percent(facts.xid_used_ratio),
      below: ["of 2 billion"],
      share: facts.xid_used_ratio,
      concern: "transaction_ids",
    },
  ]
}

/** The first process of a server outlives a crash of any other, and so does its start: nobody else's sessions do. */
function lifeOf(facts: DatabaseFacts, agoS: number): readonly Fact[] {
  const { replication_lag_s: lag, recovered_s: recovered, size_bytes: size } = facts
  return [
    {
      name: "Replication lag",
      value: lag === null ? "no standby" : duration(lag),
      below: lag === null ? [] : ["of the slowest"],
      concern: "replication",
    },
    {
      name: facts.primary ? "Primary" : "Standby",
      value: `started ${ago(facts.up_s + agoS)}`,
      below: [
        ...(recovered === null ? [] : [`all its sessions restarted after a crash ${ago(recovered + agoS)}`]),
        `PostgreSQL ${facts.version}`,
        ...(size === null ? [] : [`database ${bytes(size)}`]),
      ],
      concern: "crash",
    },
  ]
}

/** The server says it in whole seconds. */
function ago(seconds: number): string {
  return `${duration(Math.max(1, Math.round(seconds)))} ago`
}
