/**
 * What telemetry costs, in CPU of the client's process per statement: one SELECT by its key, ten connections, 16 callers, interleaved
 * rounds of processes of their own.
 *
 *     node bench/telemetry.ts [rounds] [a checkout of the time before there was telemetry]
 */
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { join, resolve } from "node:path"

import { startPostgres } from "@kysely-resilient/testing"
import { Client } from "pg"

export type Variant = "pg" | "pg+instrumentation" | "core" | "core before" | "core+opentelemetry"

export interface Measured {
  readonly cpuMicros: number
  readonly perSecond: number
  readonly spansPerStatement: number
}

const ROUND_MS = 700
const WARM_UP_MS = 3_000

const rounds = Number(process.argv[2] ?? 9)
const before = process.argv[3]
const root = resolve(import.meta.dirname, "..")
const variants: readonly Variant[] = [
  "pg",
  "pg+instrumentation",
  "core",
  ...(before === undefined ? [] : (["core before"] as const)),
  "core+opentelemetry",
]

await using server = await startPostgres()
const client = new Client({ connectionString: server.url })
await client.connect()
await client.query(
  "create table items as select id, 'item ' || id as name from generate_series(0, 999) id; create index on items (id)",
)
await client.query("vacuum analyze items")
await client.end()

const children = variants.map((variant): readonly [Variant, ChildProcess] => {
  const packages = variant === "core before" && before !== undefined ? resolve(before) : root
  const file = join(import.meta.dirname, "telemetry-worker.ts")
  const args = [variant, server.url, join(packages, "packages")]
  return [variant, fork(file, args, { execArgv: ["--expose-gc"], env: { ...process.env, NODE_ENV: "production" } })]
})

async function round(child: ChildProcess, milliseconds: number): Promise<Measured> {
  child.send({ milliseconds })
  const [measured]: Measured[] = await once(child, "message")
  if (measured === undefined) throw new Error("nothing was measured")
  return measured
}

const seen = new Map<Variant, Measured[]>(variants.map((variant) => [variant, []]))
for (const [, child] of children) await round(child, WARM_UP_MS)
for (let number = 0; number < rounds; number += 1) {
  // Whoever comes first has a cooler machine: each does in its turn.
  for (let turn = 0; turn < children.length; turn += 1) {
    const [variant, child] = children[(number + turn) % children.length]!
    seen.get(variant)?.push(await round(child, ROUND_MS))
  }
}
for (const [, child] of children) child.kill()

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const ratios = (of: Variant, to: Variant): number =>
  median(
    (seen.get(of) ?? []).map(({ cpuMicros }, index) => cpuMicros / (seen.get(to)?.[index]?.cpuMicros ?? Number.NaN)),
  )

for (const [variant, all] of seen) {
  const cpu = median(all.map(({ cpuMicros }) => cpuMicros))
  const speed = median(all.map(({ perSecond }) => perSecond))
  const spans = median(all.map(({ spansPerStatement }) => spansPerStatement))
  process.stdout.write(
    `${variant.padEnd(20)} ${cpu.toFixed(1).padStart(6)} µs  ${speed.toFixed(0).padStart(6)}/s  ${spans.toFixed(1)} spans a statement\n`,
  )
}
const cost = (on: Variant, off: Variant): number =>
  median(
    (seen.get(on) ?? []).map(({ cpuMicros }, index) => cpuMicros - (seen.get(off)?.[index]?.cpuMicros ?? Number.NaN)),
  )
process.stdout.write(
  `\npg+instrumentation / pg          ×${ratios("pg+instrumentation", "pg").toFixed(3)}  +${cost("pg+instrumentation", "pg").toFixed(1)} µs\n` +
    `core+opentelemetry / core        ×${ratios("core+opentelemetry", "core").toFixed(3)}  +${cost("core+opentelemetry", "core").toFixed(1)} µs\n` +
    `core+opentelemetry / pg+instr.   ×${ratios("core+opentelemetry", "pg+instrumentation").toFixed(3)}\n` +
    (before === undefined ? "" : `core / core before               ×${ratios("core", "core before").toFixed(3)}\n`),
)
