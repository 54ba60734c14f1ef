import { randomInt } from "node:crypto"
import process from "node:process"

import { NoPostgresError } from "@kysely-resilient/testing"

import { EXIT, type Command, type Surroundings } from "../command.ts"
import { paintFor } from "../paint.ts"
import { runDrill, type DrillWatcher } from "./drill.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { Interruption, collectUnhandled } from "../interruption.ts"
import { Progress } from "./progress.ts"
import { report } from "./report.ts"
import { conclude, summarize, type DrillSummary } from "./summary.ts"

const NEW_SEEDS = 1_000_000

export const drill: Command = {
  async run(args, surroundings) {
    const parsed = parseFlags(args, () => randomInt(NEW_SEEDS))
    switch (parsed.action) {
      case "help":
        surroundings.stdout.write(HELP)
        return EXIT.ok
      case "refuse":
        surroundings.stderr.write(`${parsed.message}\n`)
        return EXIT.misunderstood
      case "run":
        return perform(parsed.flags, surroundings)
    }
  },
}

async function perform(flags: Flags, { stdout, stderr, env }: Surroundings): Promise<number> {
  const paint = paintFor(stdout, env)
  const say = (text: string): void => void (flags.json || stdout.write(text))
  using interruption = new Interruption(process)
  using unhandled = collectUnhandled(process)
  const watcher: DrillWatcher = {
    unhandled: unhandled.collected,
    signal: interruption.signal,
    show: (look) => (flags.json ? { [Symbol.dispose]: () => {} } : new Progress(stdout, paint, look)),
  }
  const summaries: DrillSummary[] = []
  for (const seed of flags.seeds) {
    if (interruption.signal.aborted) break
    const { seconds, workers, postgres, resolution } = flags
    say(
      `A drill of ${seconds} s, PostgreSQL ${postgres}, ${workers} callers, resolution by ${resolution}, seed ${seed}\n`,
    )
    try {
      const facts = await runDrill({ seed, seconds, workers, postgres, resolution }, watcher)
      const checks = conclude(facts)
      say(`${report(facts, checks, paint)}\n`)
      const summary = summarize(facts, checks)
      summaries.push(summary)
      stdout.write(`${JSON.stringify(summary)}\n`)
    } catch (error) {
      // What a person can do something about needs no stack.
      const words =
        error instanceof NoPostgresError ? error.message : error instanceof Error ? error.stack : String(error)
      stderr.write(`drill: ${words}\n`)
      return EXIT.failed
    }
  }
  if (flags.seeds.length > 1) stdout.write(`${JSON.stringify(sumOf(summaries))}\n`)
  if (interruption.signal.aborted) return interruption.exitCode
  return summaries.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed
}

const SUMMED = [
  "operations",
  "unknown",
  "resolved",
  "lost",
  "duplicated",
  "phantoms",
  "torn",
  "wrong",
  "hung",
  "unhandled",
  "leakedConnections",
  "openTransactions",
  "retried",
] as const satisfies readonly (keyof DrillSummary)[]

/** One line for many seeds. */
function sumOf(summaries: readonly DrillSummary[]): object {
  const sum = (of: (summary: DrillSummary) => number): number => summaries.reduce((all, one) => all + of(one), 0)
  const most = (of: (summary: DrillSummary) => number): number => Math.max(0, ...summaries.map(of))
  const failed = summaries.filter(({ ok }) => !ok)
  return {
    ok: failed.length === 0,
    seeds: summaries.length,
    failedSeeds: failed.map(({ seed }) => seed),
    surfaced: { needed: sum(({ surfaced }) => surfaced.needed), avoidable: sum(({ surfaced }) => surfaced.avoidable) },
    ...Object.fromEntries(SUMMED.map((key) => [key, sum((summary) => summary[key])])),
    hits: sum(({ faults }) => faults.reduce((hits, one) => hits + one.hits, 0)),
    worstRetryAmplification: most(({ retryAmplification }) => retryAmplification),
    worstRecoveryMs: most(({ worstRecoveryMs }) => worstRecoveryMs),
    worstP95RecoveryMs: most(({ p95RecoveryMs }) => p95RecoveryMs),
  }
}
