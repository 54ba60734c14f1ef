import type { Paint } from "../paint.ts"
import type { FaultScore } from "./scoreboard.ts"
import type { Check, Facts } from "./summary.ts"

const COLUMNS = [
  ["played", 8],
  ["hits", 6],
  ["affected", 10],
  ["retried", 9],
  ["resolved", 10],
  ["errors", 8],
  ["unknown", 9],
  ["recovery", 11],
] as const
const TITLE_WIDTH = 25
const CHECK_WIDTH = 52

const numbers = new Intl.NumberFormat("en-US")

/** 12345 → "12,345" */
export function grouped(value: number): string {
  return numbers.format(value)
}

/** What a person reads when it is over: a row per fault, what must be true, and the verdict. */
export function report(facts: Facts, checks: readonly Check[], paint: Paint): string {
  const failed = checks.filter(({ ok }) => !ok).length
  const notes = [
    ...facts.avoidable.map((text) => `avoidable: ${text}`),
    ...facts.unknown.map(({ words }) => `unknown: ${words}`),
    ...facts.late.map((text) => `late: ${text}`),
    ...facts.wrong.map((text) => `wrong: ${text}`),
    ...facts.unhandled.map((text) => `unhandled: ${text}`),
    ...facts.troubles.map((text) => `the drill itself: ${text}`),
  ]
  return [
    "",
    paint(
      "bold",
      row(
        "fault",
        COLUMNS.map(([name]) => name),
      ),
    ),
    ...facts.faults.map(faultRow),
    paint("dim", totalRow(facts)),
    "",
    ...checks.map((check) => checkLine(check, paint)),
    "",
    ...notes.map((text) => paint("yellow", text)),
    ...(notes.length === 0 ? [] : [""]),
    failed === 0
      ? `${paint("green", paint("bold", "It held."))}  seed ${facts.options.seed}`
      : `${paint("red", paint("bold", `It did not hold: ${failed} of ${checks.length} checks failed.`))}  seed ${facts.options.seed}`,
    "",
  ].join("\n")
}

function faultRow(fault: FaultScore): string {
  return row(fault.title, [
    grouped(fault.played),
    grouped(fault.hits),
    grouped(fault.operations),
    grouped(fault.retried),
    grouped(fault.resolved),
    grouped(fault.needed + fault.avoidable),
    grouped(fault.unknown),
    fault.recoveryMs === undefined ? "-" : `${fault.recoveryMs} ms`,
  ])
}

function totalRow({ total, faults }: Facts): string {
  const sum = (key: "played" | "hits"): string => grouped(faults.reduce((all, one) => all + one[key], 0))
  return row(`${grouped(total.operations)} operations`, [
    sum("played"),
    sum("hits"),
    "",
    grouped(total.retried),
    grouped(total.resolved),
    grouped(total.asked + total.needed + total.avoidable),
    grouped(total.unknown),
  ])
}

function row(title: string, cells: readonly string[]): string {
  return title.padEnd(TITLE_WIDTH) + COLUMNS.map(([, width], index) => (cells[index] ?? "").padStart(width)).join("")
}

function checkLine({ what, ok, detail }: Check, paint: Paint): string {
  return `${ok ? paint("green", "✓") : paint("red", "✗")} ${what.padEnd(CHECK_WIDTH)} ${paint(ok ? "dim" : "red", detail)}`
}
