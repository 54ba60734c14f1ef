import { Chance } from "./chance.ts"
import type { About, Instant, ServerSettings } from "./model/host.ts"
import type { Cut, Direction } from "./network/link.ts"

/** Everything that is decided before a run begins. Plain data: it can be printed, replayed, and made smaller. */
export interface Scenario {
  /** Of what is decided while it runs: latencies, back-offs, who comes first. */
  readonly seed: number
  readonly driver: DriverChoices
  readonly server: ServerSettings
  /** How much later than it should a timer of the client's may fire. */
  readonly lateMs: number
  /** Each worker does one thing after the other. */
  readonly workers: readonly (readonly Operation[])[]
  readonly faults: readonly Fault[]
  /** False: the driver is closed while things are still broken. */
  readonly healed: boolean
}

export interface DriverChoices {
  readonly poolMin: number
  readonly poolMax: number
  readonly idleTimeoutMs: number
  readonly validateAfterIdleMs: number
  readonly acquireTimeoutMs: number
  readonly connectMs: number
  readonly queryMs: number
  readonly cancelMs: number
  readonly outageWaitMs: number
  readonly retry: boolean
  readonly resolution: "off" | "xid" | "marker"
  readonly resolveAutocommit: boolean
  readonly orphanedTransaction: "rollback" | "commit" | "discard"
}

export interface Limits {
  readonly timeoutMs?: number
  readonly abortAfterMs?: number
  readonly retry?: false
}

export type Operation =
  | ({ readonly do: "append"; readonly via: AppendVia } & Limits)
  | ({ readonly do: "upsert" } & Limits)
  | ({ readonly do: "read"; readonly what: "tree" | "token" | "total"; readonly readOnly?: true } & Limits)
  | ({ readonly do: "batch"; readonly size: number } & Limits)
  | ({ readonly do: "stream"; readonly chunk: number; readonly leaveAfter?: number } & Limits)
  /** Rows of an INSERT, two of them; `forget`: the loop stands still, and the lease is given back. */
  | ({ readonly do: "stream-write"; readonly end: "whole" | "early" | "forget" } & Limits)
  | {
      /** Core's: its callback is run again where that helps. */
      readonly do: "transaction"
      readonly steps: readonly Step[]
      readonly end: "return" | "err" | "throw"
      readonly strict?: true
      readonly timeoutMs: number
      readonly abortAfterMs?: number
    }
  | {
      /** The driver's own: once. */
      readonly do: "lease"
      readonly steps: readonly Step[]
      readonly end: "commit" | "rollback" | "leave"
      readonly timeoutMs: number
    }
  /** Leaves a setting in its session. */
  | ({ readonly do: "touch" } & Limits)
  | { readonly do: "raw"; readonly end: "commit" | "rollback" | "leave" }
  | { readonly do: "think"; readonly ms: number }

export type AppendVia = "tree" | "raw" | "returning" | "function" | "several" | "call"

/** What is done in a transaction. */
export type Step =
  | { readonly do: "append"; readonly via: "tree" | "raw" | "function"; readonly deferredFailure?: true }
  | { readonly do: "transfer"; readonly from: number; readonly to: number; readonly by: number }
  | { readonly do: "read"; readonly what: "tree" | "total" }
  | { readonly do: "stream"; readonly chunk: number }
  | { readonly do: "think"; readonly ms: number }
  /** The server has its reasons. */
  | { readonly do: "raise"; readonly code: "23505" | "40001" | "40P01" }
  | { readonly do: "savepoint"; readonly steps: readonly Step[]; readonly end: "release" | "rollback" }

export interface Fault {
  readonly when:
    | { readonly step: number }
    /** The nth time that a session comes to this. */
    | { readonly instant: Instant; readonly about?: About; readonly nth: number }
  readonly strike: Strike
}

export type Strike =
  | ({ readonly do: "cut"; readonly all?: true } & Cut)
  | {
      readonly do: "hold"
      readonly all?: true
      readonly direction: Direction
      readonly ms: number
      readonly after: "release" | "reset"
    }
  | { readonly do: "truncate"; readonly share: number }
  | { readonly do: "terminate"; readonly all?: true }
  | { readonly do: "crash"; readonly downMs: number; readonly whole: boolean; readonly saysGoodbye: boolean }
  | { readonly do: "fail-over"; readonly downMs: number; readonly recoveryMs: number }
  | { readonly do: "refuse"; readonly how: "nobody" | "starting"; readonly ms: number }
  | { readonly do: "crowd"; readonly max: number; readonly ms: number }
  | { readonly do: "complain"; readonly code: ComplaintCode }
  | { readonly do: "slow-statement"; readonly ms: number }
  | { readonly do: "slow-network"; readonly byMs: number; readonly ms: number }
  | { readonly do: "standby-away"; readonly ms: number }
  | { readonly do: "oversleep"; readonly ms: number }

export type ComplaintCode = "40001" | "40P01" | "55P03" | "57014" | "53100" | "XX000"

const INSTANTS: readonly [Instant, ...Instant[]] = ["opens", "arrives", "flushing", "waits", "done", "cancelled"]
const ABOUTS: readonly [About, ...About[]] = ["begin", "commit", "rollback", "savepoint", "write", "read"]

/** What a seed stands for. */
export function scenarioOf(seed: number): Scenario {
  const chance = new Chance(seed).fork("scenario")
  const driver = driverChoices(chance)
  const accounts = 3
  const workers = Array.from({ length: chance.whole(1, 4) }, () =>
    Array.from({ length: chance.whole(1, 6) }, () => operation(chance, accounts)),
  )
  const synchronous = chance.maybe(0.3)
  const some = chance.maybe(0.1) ? [] : Array.from({ length: chance.whole(1, 7) }, () => fault(chance))
  const faults = synchronous && chance.maybe(0.2) ? [...some, ...lateStandby(chance)] : some
  return {
    seed,
    driver,
    server: {
      accounts,
      synchronous,
      connectionsMax: chance.maybe(0.1) ? chance.whole(2, 3) : 100,
      markers: chance.maybe(0.9),
    },
    lateMs: chance.maybe(0.3) ? chance.between(1, 20) : 0,
    workers,
    faults,
    healed: chance.maybe(0.8),
  }
}

function driverChoices(chance: Chance): DriverChoices {
  const poolMax = chance.whole(1, 4)
  return {
    poolMin: chance.whole(0, Math.min(2, poolMax)),
    poolMax,
    idleTimeoutMs: chance.pick([200, 2_000, 30_000]),
    validateAfterIdleMs: chance.pick([5, 100, 5_000]),
    acquireTimeoutMs: chance.pick([100, 1_000, 5_000]),
    connectMs: chance.pick([100, 1_000]),
    queryMs: chance.pick([200, 1_000, 3_000]),
    cancelMs: chance.pick([50, 200, 1_000]),
    outageWaitMs: chance.pick([100, 1_000, 5_000]),
    retry: chance.maybe(0.9),
    resolution: chance.pick(["off", "xid", "xid", "marker", "marker"]),
    resolveAutocommit: chance.maybe(0.8),
    orphanedTransaction: chance.pick(["rollback", "rollback", "commit", "discard"]),
  }
}

function limits(chance: Chance): Limits {
  return {
    ...(chance.maybe(0.25) && { timeoutMs: chance.pick([5, 30, 300, 3_000]) }),
    ...(chance.maybe(0.1) && { abortAfterMs: chance.pick([1, 5, 20, 200]) }),
    ...(chance.maybe(0.1) && { retry: false as const }),
  }
}

function operation(chance: Chance, accounts: number): Operation {
  switch (chance.pick(["append", "append", "read", "transaction", "transaction", "transaction", "lease", "rest"])) {
    case "append":
      return {
        do: "append",
        via: chance.pick(["tree", "tree", "raw", "raw", "returning", "function", "several", "call"]),
        ...limits(chance),
      }
    case "read":
      return {
        do: "read",
        what: chance.pick(["tree", "token", "total"]),
        ...(chance.maybe(0.3) && { readOnly: true as const }),
        ...limits(chance),
      }
    case "transaction":
      return {
        do: "transaction",
        steps: steps(chance, accounts, 0),
        end: chance.pick(["return", "return", "return", "return", "return", "err", "throw"]),
        ...(chance.maybe(0.3) && { strict: true as const }),
        timeoutMs: chance.pick([20, 200, 1_000, 3_000, 3_000]),
        ...(chance.maybe(0.1) && { abortAfterMs: chance.pick([1, 5, 20, 200]) }),
      }
    case "lease":
      return {
        do: "lease",
        steps: steps(chance, accounts, 0),
        end: chance.pick(["commit", "commit", "rollback", "leave"]),
        timeoutMs: chance.pick([20, 200, 1_000, 3_000]),
      }
    default:
      return other(chance)
  }
}

function other(chance: Chance): Operation {
  switch (chance.pick(["upsert", "batch", "stream", "stream-write", "raw", "touch", "think"])) {
    case "upsert":
      return { do: "upsert", ...limits(chance) }
    case "batch":
      return { do: "batch", size: chance.whole(1, 3), ...limits(chance) }
    case "stream":
      return {
        do: "stream",
        chunk: chance.whole(1, 4),
        ...(chance.maybe(0.3) && { leaveAfter: chance.whole(0, 2) }),
        ...limits(chance),
      }
    case "stream-write":
      return { do: "stream-write", end: chance.pick(["whole", "early", "forget"]), ...limits(chance) }
    case "touch":
      return { do: "touch", ...limits(chance) }
    case "raw":
      return { do: "raw", end: chance.pick(["commit", "rollback", "leave"]) }
    default:
      return { do: "think", ms: chance.pick([1, 10, 300, 6_000]) }
  }
}

function steps(chance: Chance, accounts: number, depth: number): Step[] {
  return Array.from({ length: chance.whole(depth === 0 ? 0 : 1, 4) }, () => step(chance, accounts, depth))
}

function step(chance: Chance, accounts: number, depth: number): Step {
  if (chance.maybe(depth === 0 ? 0.03 : 0.15)) return { do: "raise", code: chance.pick(["23505", "40001", "40P01"]) }
  const kinds = [
    "append",
    "append",
    "transfer",
    "transfer",
    "read",
    "stream",
    "think",
    "savepoint",
    "savepoint",
  ] as const
  switch (chance.pick(kinds)) {
    case "append":
      return {
        do: "append",
        via: chance.pick(["tree", "raw", "function"]),
        ...(chance.maybe(0.05) && { deferredFailure: true as const }),
      }
    case "transfer":
      return {
        do: "transfer",
        from: chance.whole(0, accounts - 1),
        to: chance.whole(0, accounts - 1),
        by: chance.whole(1, 9),
      }
    case "read":
      return { do: "read", what: chance.pick(["tree", "total"]) }
    case "stream":
      return { do: "stream", chunk: chance.whole(1, 4) }
    case "savepoint":
      if (depth > 1) return { do: "read", what: "tree" }
      return { do: "savepoint", steps: steps(chance, accounts, depth + 1), end: chance.pick(["release", "rollback"]) }
    default:
      return { do: "think", ms: chance.pick([0, 2, 30]) }
  }
}

function fault(chance: Chance): Fault {
  if (chance.maybe(0.1)) return crashAtCommit(chance)
  if (chance.maybe(0.3)) return { when: { step: chance.whole(1, 300) }, strike: strike(chance) }
  const instant = chance.pick(INSTANTS)
  const when =
    instant === "arrives" || instant === "done"
      ? { instant, about: chance.pick(ABOUTS), nth: chance.whole(1, 4) }
      : { instant, nth: chance.whole(1, 3) }
  return { when, strike: strike(chance) }
}

/** A COMMIT waits for the standby, and whoever sent it is cut off. */
function lateStandby(chance: Chance): Fault[] {
  const nth = chance.whole(1, 3)
  const ms = chance.pick([300, 1_500])
  return [
    { when: { instant: "flushing", nth }, strike: { do: "standby-away", ms } },
    {
      when: { instant: "waits", nth },
      strike: { do: "cut", serverGetsRest: true, clientGetsRest: false, how: "reset" },
    },
  ]
}

/** What only the log could tell is lost, or is it? */
function crashAtCommit(chance: Chance): Fault {
  const { whole, saysGoodbye } = { whole: chance.maybe(0.3), saysGoodbye: chance.maybe(0.3) }
  return {
    when: { instant: "flushing", nth: chance.whole(1, 4) },
    strike: { do: "crash", downMs: chance.pick([1, 5, 50]), whole, saysGoodbye },
  }
}

const DURATIONS = [5, 50, 300, 1_500, 8_000] as const

function strike(chance: Chance): Strike {
  const kinds = [
    "cut",
    "cut",
    "cut",
    "hold",
    "hold",
    "truncate",
    "terminate",
    "terminate",
    "crash",
    "crash",
    "fail-over",
    "refuse",
    "crowd",
    "complain",
    "complain",
    "slow-statement",
    "slow-network",
    "standby-away",
    "oversleep",
  ] as const
  const ms = chance.pick(DURATIONS)
  const all = chance.maybe(0.2) ? ({ all: true } as const) : {}
  switch (chance.pick(kinds)) {
    case "cut":
      return {
        do: "cut",
        ...all,
        serverGetsRest: chance.maybe(0.5),
        clientGetsRest: chance.maybe(0.3),
        how: chance.pick(["reset", "end"]),
      }
    case "hold":
      return {
        do: "hold",
        ...all,
        direction: chance.pick(["to-server", "to-client", "both"]),
        ms,
        after: chance.pick(["release", "reset"]),
      }
    case "truncate":
      return { do: "truncate", share: chance.next() }
    case "terminate":
      return { do: "terminate", ...all }
    case "crash":
      return { do: "crash", downMs: ms, whole: chance.maybe(0.5), saysGoodbye: chance.maybe(0.5) }
    case "fail-over":
      return { do: "fail-over", downMs: ms, recoveryMs: chance.maybe(0.5) ? chance.pick(DURATIONS) : 0 }
    case "refuse":
      return { do: "refuse", how: chance.pick(["nobody", "starting"]), ms }
    case "crowd":
      return { do: "crowd", max: chance.whole(0, 2), ms }
    case "complain":
      return { do: "complain", code: chance.pick(["40001", "40P01", "55P03", "57014", "53100", "XX000"]) }
    case "slow-statement":
      return { do: "slow-statement", ms }
    case "slow-network":
      return { do: "slow-network", byMs: chance.between(1, 100), ms }
    case "standby-away":
      return { do: "standby-away", ms }
    case "oversleep":
      return { do: "oversleep", ms: chance.pick([10, 200, 2_000]) }
  }
}
