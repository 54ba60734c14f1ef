import type { Check, Facts } from "./conclusion.ts"
import type { Tally } from "./scoreboard.ts"
import { grouped, milliseconds, type Paint } from "./view.ts"

export interface FaultTitle {
  readonly name: string
  readonly title: string
}

/** Together with the title and the indent they fill 80 columns, and not more. */
const COLUMNS = [
  ["hits", 5],
  ["affected", 9],
  ["retried", 8],
  ["resolved", 9],
  ["surfaced", 9],
  ["unknown", 8],
  ["recovery", 10],
] as const
const TITLE_WIDTH = 20
const CHECK_WIDTH = 44

/** What a person reads when it is over: a row per fault, what must be true, and the verdict. */
export function report(facts: Facts, checks: readonly Check[], titles: readonly FaultTitle[], paint: Paint): string {
  return [
    "",
    ...faultTable(facts, titles, paint),
    "",
    ...checks.map((check) => checkLine(check, paint)),
    "",
    verdict(facts, checks, paint),
    "",
  ]
    .map((line) => (line === "" ? line : `  ${line}`))
    .join("\n")
}

/** Where it is served, and what there is to see. */
export function serving(page: string, paint: Paint): string {
  const command = `curl -s ${page}api/database-resilience`
  return [
    "",
    `  ${paint("bold", page)}  ${paint("dim", "open it, and press a button that hurts the database; Ctrl-C ends it")}`,
    `  ${command}  ${paint("dim", "the same for programs; /metrics for Prometheus, /readyz for probes")}`,
    "",
  ].join("\n")
}

/** What to try next. */
export function nextSteps({ seed }: Facts, paint: Paint): string {
  const steps: readonly (readonly [command: string, why: string])[] = [
    [`pnpm demo --seed ${seed}`, "the same schedule of faults again"],
    ["pnpm demo --seconds 120", "more of everything"],
    ["pnpm demo --serve", "a page to watch it on, with buttons that hurt it"],
    ["examples/demo/app/transfers.ts", "what the application looks like: no try, no catch"],
    ["packages/driver/src/execution/pipeline.ts", "what happens to a query"],
  ]
  const width = Math.max(...steps.map(([command]) => command.length))
  return [
    "Try next",
    ...steps.map(([command, why]) => `  ${paint("cyan", command.padEnd(width))}  ${paint("dim", why)}`),
    "",
  ]
    .map((line) => (line === "" ? line : `  ${line}`))
    .join("\n")
}

function faultTable({ faults, total }: Facts, titles: readonly FaultTitle[], paint: Paint): string[] {
  const row = (title: string, cells: readonly string[]) =>
    title.padEnd(TITLE_WIDTH) + COLUMNS.map(([, width], index) => (cells[index] ?? "").padStart(width)).join("")
  return [
    paint(
      "bold",
      row(
        "fault",
        COLUMNS.map(([name]) => name),
      ),
    ),
    ...faults.map((fault) =>
      row(titles.find(({ name }) => name === fault.name)?.title ?? fault.name, [
        grouped(fault.hits),
        grouped(fault.affected),
        grouped(fault.retried),
        grouped(fault.resolved),
        errorsOf(fault),
        grouped(fault.unknown),
        milliseconds(fault.recoveryMs),
      ]),
    ),
    paint(
      "dim",
      row(`${grouped(total.operations)} operations`, [
        grouped(faults.reduce((sum, { hits }) => sum + hits, 0)),
        grouped(total.affected),
        grouped(total.retried),
        grouped(total.resolved),
        errorsOf(total),
        grouped(total.unknown),
      ]),
    ),
  ]
}

function errorsOf({ surfaced }: Tally): string {
  return grouped(surfaced.needed + surfaced.avoidable)
}

function checkLine({ what, ok, detail }: Check, paint: Paint): string {
  const mark = ok ? paint("green", "✓") : paint("red", "✗")
  return `${mark} ${what.padEnd(CHECK_WIDTH)} ${paint(ok ? "dim" : "red", detail)}`
}

function verdict({ audit, seed, elapsedMs }: Facts, checks: readonly Check[], paint: Paint): string {
  const figures = `lost ${audit.lost.length} · duplicated ${audit.duplicated.length} · unknown ${audit.unknown.applied + audit.unknown.absent}`
  const tail = paint("dim", `${figures} · ${(elapsedMs / 1_000).toFixed(1)} s · seed ${seed}`)
  const failed = checks.filter(({ ok }) => !ok).length
  return failed === 0
    ? `${paint("green", paint("bold", "It held."))}  ${tail}`
    : `${paint("red", paint("bold", `It did not hold: ${failed} of ${checks.length} checks failed.`))}  ${tail}`
}
