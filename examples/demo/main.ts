import { NoPostgresError } from "@kysely-resilient/testing"
import { randomInt } from "node:crypto"
import process from "node:process"

import { conclude, summarize } from "./conclusion.ts"
import { Display, paintFor } from "./display.ts"
import { faults } from "./faults/all.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { collectUnhandled, listenForInterruption } from "./interruption.ts"
import { nextSteps, report, serving } from "./report.ts"
import { run } from "./run.ts"
import { openStage, type Stage } from "./stage.ts"
import { mustBeFree, PortTakenError } from "./serve.ts"
import { stayUp } from "./stay-up.ts"
import { grouped, type Paint, type View } from "./view.ts"

const SEEDS = 1_000_000
const EXIT_FAILED = 1
const EXIT_BAD_FLAGS = 2

const parsed = parseFlags(process.argv.slice(2), () => randomInt(SEEDS))
switch (parsed.action) {
  case "help":
    process.stdout.write(HELP)
    break
  case "refuse":
    process.stderr.write(`${parsed.message}\n`)
    process.exitCode = EXIT_BAD_FLAGS
    break
  case "run":
    process.exitCode = await perform(parsed.flags).catch(complain)
    break
  case "serve":
    process.exitCode = await keepUp(parsed).catch(complain)
}

/** What a person can do something about needs no stack. */
function complain(error: unknown): number {
  const short = error instanceof NoPostgresError || error instanceof PortTakenError
  const words = short ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`demo: ${words}\n`)
  return EXIT_FAILED
}

async function openStageAloud(paint: Paint): Promise<Stage> {
  const say = (text: string) => process.stdout.write(`  ${paint("dim", text)}\n`)
  process.stdout.write("\n")
  say("Starting a PostgreSQL of our own, and loading twenty years of prices")
  const stage = await openStage()
  const { server, truth } = stage
  say(
    `PostgreSQL ${server.version} on ${server.host}:${server.port}, everything durable; ${grouped(truth.closes.length)} days of the S&P 500`,
  )
  return stage
}

async function perform({ seed, seconds, json }: Flags): Promise<number> {
  const beganAt = performance.now()
  const elapsedMs = () => performance.now() - beganAt
  const { stdout } = process
  const paint = paintFor(stdout)
  const interruption = listenForInterruption()
  const unhandled = collectUnhandled()
  const { signal } = interruption

  await using stage = await openStageAloud(paint)
  if (signal.aborted) return interruption.exitCode

  const show = (look: () => View) => new Display(stdout, look)
  const facts = await run(stage, { seed, seconds, unhandled, signal, elapsedMs, show })
  if (facts === undefined) {
    stdout.write("\n  Interrupted. The server is being stopped, and nothing of it stays.\n\n")
    return interruption.exitCode
  }

  const checks = conclude(facts)
  const summary = summarize(facts, checks)
  stdout.write(`${report(facts, checks, faults, paint)}\n`)
  stdout.write(`${nextSteps(facts, paint)}\n`)
  if (json) stdout.write(`${JSON.stringify(summary)}\n`)
  return summary.ok ? 0 : EXIT_FAILED
}

async function keepUp({ seed, port }: { readonly seed: number; readonly port: number }): Promise<number> {
  const { stdout } = process
  const paint = paintFor(stdout)
  const interruption = listenForInterruption()
  // Better now than after the server has been started.
  await mustBeFree(port)
  await using stage = await openStageAloud(paint)
  const { signal } = interruption
  await stayUp(stage, { seed, port, signal, onServing: (url) => void stdout.write(`${serving(url, paint)}\n`) })
  stdout.write("\n  The server is being stopped, and nothing of it stays.\n\n")
  return interruption.exitCode
}
