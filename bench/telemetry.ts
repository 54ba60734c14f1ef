/**
 * What telemetry costs, in CPU of the client's process per statement: one SELECT by its key, ten connections, 64 callers, interleaved
 * rounds of processes of their own.
 *
 *     node bench/telemetry.ts [rounds] [checkouts of other times, whose core is measured too]
 */
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { basename, join, resolve } from "node:path"

import { startPostgres } from "@kysely-resilient/testing"
import { Client } from "pg"

export interface Measured {
  readonly cpuMicros: number
  readonly perSecond: number
  readonly spansPerStatement: number
}

const ROUND_MS = 300
const WARM_UP_MS = 5_000

const rounds = Number(process.argv[2] ?? 9)
const root = resolve(import.meta.dirname, "..")

interface Variant {
  readonly title: string
  readonly variant: string
  readonly checkout: string
}

const variants: readonly Variant[] = [
  ...["pg", "pg+instrumentation", "core", "core+opentelemetry", "core+opentelemetry+events"].map((variant) => ({
    title: variant,
    variant,
    checkout: root,
  })),
  ...process.argv.slice(3).map((checkout) => ({
    title: `core of ${basename(checkout)}`,
    variant: "core of a checkout",
    checkout: resolve(checkout),
  })),
]

await using server = await startPostgres()
const client = new Client({ connectionString: server.url })
await client.connect()
await client.query(
  "create table items as select id, 'item ' || id as name from generate_series(0, 999) id; create index on items (id)",
)
await client.query("vacuum analyze items")
await client.end()

const children = variants.map(({ title, variant, checkout }): readonly [string, ChildProcess] => {
  const args = [variant, server.url, join(checkout, "packages")]
  const file = join(import.meta.dirname, "telemetry-worker.ts")
  return [title, fork(file, args, { env: { ...process.env, NODE_ENV: "production" } })]
})

async function round(child: ChildProcess, milliseconds: number): Promise<Measured> {
  child.send({ milliseconds })
  const [measured]: Measured[] = await once(child, "message")
  if (measured === undefined) throw new Error("nothing was measured")
  return measured
}

const seen = new Map<string, Measured[]>(variants.map(({ title }) => [title, []]))
for (const [, child] of children) await round(child, WARM_UP_MS)
for (let number = 0; number < rounds; number += 1) {
  // Whoever comes first has a cooler machine: each does in its turn.
  for (let turn = 0; turn < children.length; turn += 1) {
    const [variant, child] = children[(number + turn) % children.length]!
    seen.get(variant)?.push(await round(child, ROUND_MS))
  }
}
for (const [, child] of children) child.kill()

/** What others do on the machine only adds to it: the best tenth says what it costs. */
const good = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] ?? Number.NaN
const cpuOf = (title: string): number => good((seen.get(title) ?? []).map(({ cpuMicros }) => cpuMicros))

for (const [title, all] of seen) {
  const speed = -good(all.map(({ perSecond }) => -perSecond))
  const spans = good(all.map(({ spansPerStatement }) => spansPerStatement))
  process.stdout.write(
    `${title.padEnd(30)} ${cpuOf(title).toFixed(1).padStart(6)} µs  ${speed.toFixed(0).padStart(6)}/s  ${spans.toFixed(1)} spans a statement\n`,
  )
}
const compared = [
  ["pg+instrumentation", "pg"],
  ["core+opentelemetry", "core"],
  ["core+opentelemetry+events", "core+opentelemetry"],
  ["core+opentelemetry+events", "pg+instrumentation"],
  ...variants.slice(5).map(({ title }) => ["core", title] as const),
] as const
process.stdout.write("\n")
for (const [on, off] of compared) {
  const difference = cpuOf(on) - cpuOf(off)
  process.stdout.write(
    `${`${on} / ${off}`.padEnd(44)} ×${(cpuOf(on) / cpuOf(off)).toFixed(3)}  ${difference < 0 ? "" : "+"}${difference.toFixed(1)} µs\n`,
  )
}
