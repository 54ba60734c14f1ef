import { classify, verdictOf } from "@kysely-resilient/driver/src/failure/classify.ts"
import { effectOf, untouched, type Evidence } from "@kysely-resilient/driver/src/failure/effect.ts"
import type { Failure, Phase } from "@kysely-resilient/driver/src/failure/failure.ts"
import * as local from "@kysely-resilient/driver/src/failure/local.ts"
import type { Row } from "@kysely-resilient/driver/src/failure/row.ts"
import { ALWAYS_FATAL } from "@kysely-resilient/driver/src/failure/severity.ts"
import * as pool from "@kysely-resilient/driver/src/pool/pool-failure.ts"

/** Where a failure can strike, as columns of a table. */
export const PLACES = ["connecting", "a read", "a write by itself", "in a transaction", "COMMIT"] as const
export type Place = (typeof PLACES)[number]
export type Failures = Readonly<Record<Place, Failure>>

const PHASES: Readonly<Record<Place, Phase>> = {
  connecting: "connect",
  "a read": "read",
  "a write by itself": "write",
  "in a transaction": "transaction",
  COMMIT: "commit",
}

function evidenceAt(place: Place): Evidence {
  return { ...untouched(PHASES[place]), sent: place !== "connecting", everConnected: true }
}

function everywhere(failureAt: (evidence: Evidence, place: Place) => Failure): Failures {
  const at = (place: Place): Failure => failureAt(evidenceAt(place), place)
  return {
    connecting: at("connecting"),
    "a read": at("a read"),
    "a write by itself": at("a write by itself"),
    "in a transaction": at("in a transaction"),
    COMMIT: at("COMMIT"),
  }
}

/** Where the place in the source decides, this is where the code usually comes from: a backend that is being killed only warns. */
const ROUTINES: Readonly<Record<string, string>> = { "57P01": "ProcessInterrupts", "57P02": "quickdie" }

/** What PostgreSQL says, with the severity that the code comes with. */
export function sqlStateFailures(code: string, routine: string = ROUTINES[code] ?? "errfinish"): Failures {
  return everywhere((evidence, place) => {
    const fatal = place === "connecting" || ALWAYS_FATAL.has(code)
    const said = { name: "error", severity: fatal ? "FATAL" : "ERROR", code, message: "", routine, file: "x.c" }
    return classify(said, { ...evidence, ready: !fatal })
  })
}

/** What Node or the system says. */
export function errnoFailures(code: string): Failures {
  return everywhere((evidence, place) =>
    classify({ code, message: code, syscall: place === "connecting" ? "connect" : "read" }, evidence),
  )
}

/** What a pooler says. */
export function poolerFailures(row: Row): Failures {
  const ending = row.says === "unforwarded" ? "unforwarded" : "lost"
  return everywhere((evidence) => ({
    ...verdictOf(row, { evidence, rank: "fatal" }, ending),
    effect: effectOf(evidence, ending),
    origin: "pooler",
    phase: evidence.phase,
    message: "",
  }))
}

const crowd = { max: 1, idle: 0, leased: 1, opening: 0, waiting: 1 }
const wait = { waitedMs: 1, crowd }

/** What the driver itself says, without anybody's word. */
export function ourOwnFailures(): readonly Failure[] {
  const evidence = { ...untouched("write"), sent: true }
  const lost = local.connectTimeout({ limitMs: 1 })
  return [
    ...(["deadline", "abort", "close"] as const).flatMap((reason) => [
      local.abandoned(reason, untouched("write")),
      local.abandoned(reason, evidence),
    ]),
    local.transactionTimeout({ limitMs: 1, evidence: untouched("transaction") }),
    lost,
    local.primaryMissing(),
    local.passwordFailed(undefined),
    local.refused({ why: "x" }),
    local.encodeFailed({ why: "x" }),
    local.decodeFailed({ column: "x", type: "x", evidence: { ...evidence, completed: true, ready: true } }),
    local.transactionAborted({ evidence: untouched("commit") }),
    local.commitWithoutTransaction({ ...untouched("commit"), sent: true }),
    local.replicationUnconfirmed({ ...untouched("commit"), sent: true }),
    pool.poolTimeout(wait, { acquireTimeoutMs: 1, lastFailure: undefined, still: 0 }),
    pool.poolFull(crowd, 1, 1),
    pool.circuitOpen(lost, { openMs: 1, retryAfterMs: 1 }),
    pool.poolStandstill(wait),
    pool.poolClosed(undefined),
    pool.acquireAborted(undefined, wait),
    pool.openingThrew(undefined),
    classify(new Error("received invalid response: x"), evidence),
    ...Object.values(sqlStateFailures("55P03", "ProcessInterrupts")),
    classify(
      { name: "error", severity: "ERROR", code: "57014", message: "due to statement timeout", routine: "x" },
      evidence,
    ),
    ...Object.values(sqlStateFailures("0A000", "RevalidateCachedQuery")),
  ]
}
