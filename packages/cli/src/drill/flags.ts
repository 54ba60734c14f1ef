import { mustBeWhole as mustBe, readFlags, wholeNumber } from "../flags.ts"
import { RESOLUTIONS, SERVERS, type Resolution, type ServerChoice } from "./options.ts"
import type { Parsed } from "../taught.ts"

export interface Flags {
  readonly seeds: readonly number[]
  readonly seconds: number
  readonly workers: number
  readonly postgres: ServerChoice
  readonly resolution: Resolution
  readonly json: boolean
}

const SEED_MAX = 4_294_967_295
const SEEDS_MAX = 1_000
const SECONDS = { least: 2, most: 86_400, usual: 30 }
const WORKERS = { least: 1, most: 500, usual: 16 }

export const HELP: string = `Usage: kysely-resilient drill [options]

Starts a PostgreSQL of its own and works on it with many callers at once: reads, writes, transfers, streams, savepoints.
Meanwhile a random schedule of faults plays: connections are cut at every moment of the protocol, backends and the whole
server crash, the network swallows everything, locks and connections run out. In the end what callers were told is
compared with what the database holds.

  --seed N            which schedule; the same number, the same schedule (default: a new one)
  --seeds A-B         one drill for each of these seeds, and a summary
  --seconds N         how long faults play, ${SECONDS.least} or more (default ${SECONDS.usual}); recovery and checks come after that
  --workers N         callers at once, 1 to ${WORKERS.most} (default ${WORKERS.usual})
  --postgres 15|18    18 comes with the package, 15 has to be installed on this machine (default 18)
  --resolution how    how unanswered COMMITs are resolved: xid or marker (default marker)
  --json              print nothing but the last line
  --help              this text

The last line is one JSON object: ok, seed, operations, surfaced { needed, avoidable }, unknown, resolved, lost,
duplicated, hung, unhandled, leakedConnections, openTransactions, retryAmplification, worstRecoveryMs, and what helps to
find out why. Exit code 0 only if ok. With --seeds, one such line per seed, and one for all of them.
`

/** `newSeed` is asked only if the command line names none. */
export function parseFlags(args: readonly string[], newSeed: () => number): Parsed<Flags> {
  const told = readFlags(args, {
    seed: { type: "string" },
    seeds: { type: "string" },
    seconds: { type: "string" },
    workers: { type: "string" },
    postgres: { type: "string" },
    resolution: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  })
  if (!told.ok) return refuse(told.message)
  const { values } = told
  if (values.help === true) return { action: "help" }

  const seed = wholeNumber(values.seed, 0, SEED_MAX)
  if (seed === "bad") return refuse(mustBe("--seed", values.seed, 0, SEED_MAX))
  const seeds = range(values.seeds)
  if (seeds === "bad") return refuse(`--seeds must be two whole numbers such as 1-20, not "${values.seeds}"`)
  if (seed !== undefined && seeds !== undefined) return refuse("--seed and --seeds exclude each other")
  const seconds = wholeNumber(values.seconds, SECONDS.least, SECONDS.most)
  if (seconds === "bad") return refuse(mustBe("--seconds", values.seconds, SECONDS.least, SECONDS.most))
  const workers = wholeNumber(values.workers, WORKERS.least, WORKERS.most)
  if (workers === "bad") return refuse(mustBe("--workers", values.workers, WORKERS.least, WORKERS.most))
  const postgres = oneOf(values.postgres, SERVERS)
  if (postgres === "bad") return refuse(`--postgres must be 15 or 18, not "${values.postgres}"`)
  const resolution = oneOf(values.resolution, RESOLUTIONS)
  if (resolution === "bad") return refuse(`--resolution must be xid or marker, not "${values.resolution}"`)

  return {
    action: "run",
    flags: {
      seeds: seeds ?? [seed ?? newSeed()],
      seconds: seconds ?? SECONDS.usual,
      workers: workers ?? WORKERS.usual,
      postgres: postgres ?? "18",
      resolution: resolution ?? "marker",
      json: values.json === true,
    },
  }
}

/** "1-20" */
function range(text: string | undefined): readonly number[] | "bad" | undefined {
  if (text === undefined) return undefined
  const [first, last, ...more] = text.split("-").map((part) => wholeNumber(part, 0, SEED_MAX))
  if (typeof first !== "number" || typeof last !== "number" || more.length > 0) return "bad"
  const count = last - first + 1
  return count >= 1 && count <= SEEDS_MAX ? Array.from({ length: count }, (_, index) => first + index) : "bad"
}

function oneOf<T extends string>(text: string | undefined, values: readonly T[]): T | "bad" | undefined {
  return text === undefined ? undefined : (values.find((value) => value === text) ?? "bad")
}

function refuse(reason: string): Parsed<Flags> {
  return { action: "refuse", message: `drill: ${reason}. Try --help.` }
}
