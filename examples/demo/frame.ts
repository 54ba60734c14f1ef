import { grouped, milliseconds, type FaultLine, type Paint, type View } from "./view.ts"

/** The frame never gets wider, however wide the terminal. */
const WIDTH = 76
const INDENT = "  "
const BARS = "▁▂▃▄▅▆▇█"

/** The display in a terminal, drawn again and again in the same place. Always the same number of lines. */
export function frame(view: View, paint: Paint): string[] {
  return [
    "",
    spread(paint("bold", "kysely-resilient"), `seed ${view.seed}`, paint),
    spread(view.doing, clock(view), paint),
    progress(view, paint),
    "",
    ...view.faults.map((fault) => faultLine(fault, paint)),
    "",
    view.counts.map(({ name, finished }) => `${paint("bold", grouped(finished))} ${name}`).join(paint("dim", "  ·  ")),
    spread(paint("cyan", sparkline(view.history)), `${grouped(view.perSecond)} per second`, paint),
    troubles(view, paint),
    "",
  ].map((line) => (line === "" ? line : INDENT + line))
}

/** The same in one line, for logs. */
export function lineOf(view: View): string {
  const { retried, surfaced, unknown } = view.total
  const now = view.faults.find(({ state }) => state === "now")
  const operations = view.counts.reduce((sum, { finished }) => sum + finished, 0)
  return [
    clock(view).padStart(14),
    `${grouped(operations)} operations`,
    `${grouped(retried)} retried`,
    `${unknown} unknown`,
    `errors: ${surfaced.needed} needed, ${surfaced.avoidable} avoidable`,
    now === undefined ? view.doing : `now: ${now.title}`,
  ].join("  ")
}

/** One character per value, scaled to the largest. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(1, ...values)
  return values.map((value) => BARS[Math.round((value / most) * (BARS.length - 1))]!).join("")
}

function clock({ elapsedMs, seconds }: View): string {
  return `${(elapsedMs / 1_000).toFixed(1)} s of ${seconds} s`
}

function progress({ elapsedMs, seconds }: View, paint: Paint): string {
  const done = Math.min(WIDTH, Math.round((elapsedMs / (seconds * 1_000)) * WIDTH))
  return paint("green", "━".repeat(done)) + paint("dim", "─".repeat(WIDTH - done))
}

function faultLine(fault: FaultLine, paint: Paint): string {
  const title = fault.title.padEnd(26)
  if (fault.state === "pending") return paint("dim", `· ${title}`)
  if (fault.state === "now") return `${paint("yellow", "●")} ${paint("bold", title)}${paint("yellow", "now")}`
  const mark = fault.hits === 0 || fault.unrecovered > 0 ? paint("red", "✗") : paint("green", "✓")
  const hits = `hit ${fault.hits}×`.padEnd(10)
  const affected = `${grouped(fault.affected)} felt it`.padEnd(18)
  return `${mark} ${title}${paint("dim", `${hits}${affected}back in ${milliseconds(fault.recoveryMs)}`)}`
}

function troubles({ total }: View, paint: Paint): string {
  const parts = [
    `${grouped(total.retried)} retried`,
    `${total.unknown} unknown`,
    `${total.surfaced.needed} needed errors`,
  ]
  const { avoidable } = total.surfaced
  return [
    ...parts.map((part) => paint("dim", part)),
    paint(avoidable === 0 ? "dim" : "red", `${avoidable} avoidable`),
  ].join(paint("dim", "  ·  "))
}

/** Left and right, with the gap filled; the colours in `left` take no room. */
function spread(left: string, right: string, paint: Paint): string {
  const gap = WIDTH - visibleLength(left) - right.length
  return left + " ".repeat(Math.max(2, gap)) + paint("dim", right)
}

function visibleLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- colours begin with the escape character
  return text.replaceAll(/\u001B\[[0-9;]*m/g, "").length
}
