import { parseArgs } from "node:util"

export interface Flags {
  readonly seconds: number
  readonly seed: number
  readonly json: boolean
}

export type Parsed =
  | { readonly action: "run"; readonly flags: Flags }
  /** Port 0: any free one. */
  | { readonly action: "serve"; readonly seed: number; readonly port: number }
  | { readonly action: "help" }
  | { readonly action: "refuse"; readonly message: string }

const SECONDS_DEFAULT = 30
/** Below this, not every fault has room. */
const SECONDS_MIN = 10
const SECONDS_MAX = 86_400
const SEED_MAX = 4_294_967_295
const PORT_MAX = 65_535

export const HELP = `Usage: pnpm demo [options]

Starts a PostgreSQL of its own, runs an application on it, hurts it, and shows that nothing was lost.

  --seconds N   how long, set-up included; ${SECONDS_MIN} or more (default ${SECONDS_DEFAULT})
  --seed N      which schedule of faults; the same number, the same schedule (default: a new one)
  --json        print one JSON object as the last line
  --serve       instead of all that: the application at work, with a page to watch it and to hurt it, until Ctrl-C
  --port N      where to serve, on 127.0.0.1 (default: any free port)
  --help        this text

Exit code 0: every fault hit, nothing was lost or done twice, and no caller saw an error that could have been avoided.
`

/** `newSeed` is asked only if the command line names none. */
export function parseFlags(args: readonly string[], newSeed: () => number): Parsed {
  // A package manager may hand its own "--" through.
  const given = args[0] === "--" ? args.slice(1) : [...args]
  let values
  try {
    values = parseArgs({
      args: given,
      options: {
        seconds: { type: "string" },
        seed: { type: "string" },
        json: { type: "boolean" },
        serve: { type: "boolean" },
        port: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message.split(/\.\s/)[0]! : String(error))
  }
  if (values.help === true) return { action: "help" }

  const seconds = wholeNumber(values.seconds, SECONDS_MIN, SECONDS_MAX)
  if (seconds === "bad") return refuse(mustBe("--seconds", values.seconds, SECONDS_MIN, SECONDS_MAX))
  const seed = wholeNumber(values.seed, 0, SEED_MAX)
  if (seed === "bad") return refuse(mustBe("--seed", values.seed, 0, SEED_MAX))
  const port = wholeNumber(values.port, 0, PORT_MAX)
  if (port === "bad") return refuse(mustBe("--port", values.port, 0, PORT_MAX))
  if (port !== undefined && values.serve !== true) return refuse("--port only means something together with --serve")

  if (values.serve === true) {
    if (seconds !== undefined || values.json === true) {
      return refuse("--seconds and --json are for a run, and --serve makes none")
    }
    return { action: "serve", seed: seed ?? newSeed(), port: port ?? 0 }
  }
  return {
    action: "run",
    flags: { seconds: seconds ?? SECONDS_DEFAULT, seed: seed ?? newSeed(), json: values.json === true },
  }
}

function wholeNumber(text: string | undefined, min: number, max: number): number | "bad" | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) return "bad"
  const value = Number(text)
  return value >= min && value <= max ? value : "bad"
}

function mustBe(flag: string, given: string | undefined, min: number, max: number): string {
  return `${flag} must be a whole number from ${min} to ${max}, not "${given}"`
}

function refuse(reason: string): Parsed {
  return { action: "refuse", message: `demo: ${reason}. Try --help.` }
}
