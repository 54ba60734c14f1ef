import type { LiveConnection } from "@kysely-resilient/http"

import type { Paint, Style } from "../paint.ts"
import { STATUS_STYLE } from "../status/report.ts"
import { counted, milliseconds, printable, span } from "../words.ts"
import { eventLine, timeOf } from "./event-line.ts"
import type { Sample } from "./feed.ts"
import type { Seen } from "./seen.ts"
import { sparkline } from "./sparkline.ts"

export interface Window {
  readonly columns: number
  readonly rows: number
}

/** A line in pieces, so that it can be cut where the window ends before it is painted. */
type Line = readonly (readonly [text: string, style?: Style | undefined])[]

const SPARKS = 24
const QUERIES_SHOWN = 5

/** All that is seen, as the lines of a terminal: never more nor longer than it has room for. */
export function frame(seen: Seen, where: string, nowMs: number, window: Window, paint: Paint): readonly string[] {
  const lines = [...head(seen, where, nowMs), ...numbers(seen), ...poolLines(seen), ...queryLines(seen)]
  const room = Math.max(0, window.rows - lines.length - 3)
  const events = seen.events.slice(0, room).map((event): Line => [[eventLine(event)]])
  const all: Line[] = [
    ...lines,
    [],
    [["what happened", "dim"]],
    ...(events.length === 0 ? [[["nothing yet", "dim"]] satisfies Line] : events),
  ]
  return all.slice(0, window.rows).map((line) => painted(line, window.columns, paint))
}

function head({ report, samples, lost, slow }: Seen, where: string, nowMs: number): readonly Line[] {
  const status = samples.at(-1)?.status ?? report?.resilience.status
  // Both by the application's clock, which need not be ours.
  const knownAt = Math.max(samples.at(-1)?.at_ms ?? 0, Date.parse(report?.checked_at ?? "") || 0)
  const since = report === undefined ? "" : ` for ${span((knownAt - Date.parse(report.status_since)) / 1_000)}`
  const first: Line =
    status === undefined
      ? [
          ["waiting for the first word", "dim"],
          [`   ${where} · q quits`, "dim"],
        ]
      : [[`● ${status}`, STATUS_STYLE[status]], [since], [`   ${where} · ${timeOf(nowMs)} · q quits`, "dim"]]
  return [
    first,
    ...(lost === undefined ? [] : [[[`Nothing is heard: ${lost}. It is tried again.`, "red"]] satisfies Line]),
    ...(slow === undefined || lost !== undefined
      ? []
      : [[[`No event stream (${slow}): the report is asked for instead, now and then.`, "dim"]] satisfies Line]),
    ...(report?.reasons ?? []).map(({ code, message, severity }): Line => [
      [`  ${code}  ${message}`, severity === "critical" ? "red" : "yellow"],
    ]),
    ...(report?.recommendations ?? [])
      .filter(({ severity }) => severity !== "info")
      .map(({ action }): Line => [[`  → ${action}`]]),
    [],
  ]
}

function numbers({ samples }: Seen): readonly Line[] {
  const last = samples.at(-1)
  if (last === undefined) return []
  const row = (name: string, of: (sample: Sample) => number, now: string, style?: Style): Line => [
    [name.padEnd(10), "dim"],
    [sparkline(samples.map(of), SPARKS), style],
    [`  ${now}`],
  ]
  const { since_last: second } = last
  return [
    row("queries", (sample) => sample.since_last.queries, `${second.queries} /s`, "green"),
    row(
      "failed",
      (sample) => sample.since_last.failed,
      `${second.failed} /s; ${percent(last.success_ratio)} good in the last minute`,
      "red",
    ),
    row(
      "time",
      (sample) => sample.since_last.p95_s,
      `p50 ${ms(last.p50_s)}, p95 ${ms(last.p95_s)}, p99 ${ms(last.p99_s)}`,
      "cyan",
    ),
    ...(second.wait_s === undefined
      ? []
      : [row("wait", (sample) => sample.since_last.wait_s ?? 0, `${ms(second.wait_s)} for a connection`)]),
    [
      ["since start".padEnd(12), "dim"],
      [
        [
          counted(last.total_queries, "statement", "statements"),
          `${last.failed_queries} failed at first`,
          ...(last.surfaced_errors === undefined ? [] : [`${last.surfaced_errors} told to callers`]),
          ...(last.retries === undefined ? [] : [counted(last.retries, "retry", "retries")]),
          counted(last.reconnections, "reconnection", "reconnections"),
          counted(last.transaction_rollbacks, "rollback", "rollbacks"),
          counted(last.pool_resets, "pool reset", "pool resets"),
        ].join(", "),
      ],
    ],
    [],
  ]
}

const SQUARE: Readonly<Record<LiveConnection["state"], readonly [string, Style]>> = {
  idle: ["□", "dim"],
  checking: ["◌", "dim"],
  held: ["■", "yellow"],
  active: ["■", "green"],
  "in-transaction": ["▣", "cyan"],
  "failed-transaction": ["▣", "red"],
}

function poolLines({ samples, connections }: Seen): readonly Line[] {
  const last = samples.at(-1)
  if (last === undefined) return []
  const { pool, circuit } = last
  const squares = connections.map(({ state }) => SQUARE[state])
  const outage = pool.outage_s === null ? "" : `; nothing can be opened for ${span(pool.outage_s)}`
  const state = `${pool.used} in use, ${pool.idle} idle, ${pool.opening} opening of ${pool.max}; ${pool.waiting} waiting${outage}`
  return [
    [["pool".padEnd(10), "dim"], ...squares, [squares.length === 0 ? state : `  ${state}`]],
    ...(circuit === "closed"
      ? []
      : [
          [
            ["circuit".padEnd(10), "dim"],
            [circuit.replace("_", "-"), "red"],
          ] satisfies Line,
        ]),
    [],
  ]
}

function queryLines({ queries }: Seen): readonly Line[] {
  if (queries.length === 0) return []
  return [
    [["what takes the most time", "dim"]],
    ...queries
      .slice(0, QUERIES_SHOWN)
      .map(({ summary, calls, p95_s, failed }): Line => [
        [`  ${summary.padEnd(40).slice(0, 40)} ${calls.toLocaleString("en-US").padStart(10)} calls  p95 ${ms(p95_s)}`],
        [failed === 0 ? "" : `  ${failed} failed at first`, "red"],
      ]),
  ]
}

function painted(line: Line, columns: number, paint: Paint): string {
  let left = columns
  let text = ""
  for (const [part, style] of line) {
    const shown = printable(part).slice(0, left)
    left -= shown.length
    text += style === undefined || shown === "" ? shown : paint(style, shown)
  }
  return text
}

function ms(seconds: number): string {
  return milliseconds(seconds * 1_000)
}

function percent(ratio: number): string {
  return `${ratio === 1 ? "100" : Math.min(99.9, ratio * 100).toFixed(1)} %`
}
