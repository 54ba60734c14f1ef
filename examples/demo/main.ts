import { NoPostgresError } from "@kysely-resilient/testing"
import { randomInt } from "node:crypto"
import process from "node:process"

import { conclude, summarize } from "./conclusion.ts"
import { Display, paintFor } from "./display.ts"
import { faults } from "./faults/all.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { collectUnhandled, listenForInterruption } from "./interruption.ts"
import { nextSteps, report } from "./report.ts"
import { run } from "./run.ts"
import { openStage } from "./stage.ts"
import { mustBeFree, PortTakenError } from "./serve.ts"
import { stayUp } from "./stay-up.ts"
import { grouped, type View } from "./view.ts"

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
    process.exitCode = await perform(parsed.flags).catch((error: unknown) => {
      process.stderr.write(`demo: ${wordsOf(error)}\n`)
      return EXIT_FAILED
    })
}

/** What a person can do something about needs no stack. */
function wordsOf(error: unknown): string {
  if (error instanceof NoPostgresError || error instanceof PortTakenError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function perform({ seed, seconds, json, servePort }: Flags): Promise<number> {
  const beganAt = performance.now()
  const elapsedMs = () => performance.now() - beganAt
  const { stdout } = process
  const paint = paintFor(stdout)
  const interruption = listenForInterruption()
  const unhandled = collectUnhandled()
  const { signal } = interruption

  // Better now than after half a minute.
  if (servePort !== undefined) await mustBeFree(servePort)
  const say = (text: string) => stdout.write(`  ${paint("dim", text)}\n`)
  stdout.write("\n")
  say("Starting a PostgreSQL of our own, and loading twenty years of prices")
  await using stage = await openStage()
  const { server, truth } = stage
  say(
    `PostgreSQL ${server.version} on ${server.host}:${server.port}, everything durable; ${grouped(truth.closes.length)} days of the S&P 500`,
  )
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
  const finish = (page: string | undefined) => {
    stdout.write(`${nextSteps(facts, page, paint)}\n`)
    if (json) stdout.write(`${JSON.stringify(summary)}\n`)
  }
  if (servePort === undefined) {
    finish(undefined)
    return summary.ok ? 0 : EXIT_FAILED
  }
  await stayUp(stage, { seed, port: servePort, signal, onServing: finish })
  return interruption.exitCode
}
