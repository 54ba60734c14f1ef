import type { Advice, AdviceSeverity, Examination } from "@kysely-resilient/core"

import type { Paint } from "../paint.ts"
import { counted, milliseconds, printable } from "../words.ts"

const SEVERITIES = ["critical", "warning", "info"] as const satisfies readonly AdviceSeverity[]

const LOOK = {
  critical: { mark: "✗", style: "red", names: ["critical finding", "critical findings"] },
  warning: { mark: "!", style: "yellow", names: ["warning", "warnings"] },
  info: { mark: "i", style: "cyan", names: ["note", "notes"] },
} as const

/** What was found, for people: the worst first. */
export function reportOf(examination: Examination, paint: Paint): string {
  const { advice, checked, unchecked, tookMs } = examination
  const found = SEVERITIES.flatMap((severity) => {
    const count = advice.filter((one) => one.severity === severity).length
    const { names, style } = LOOK[severity]
    return count === 0 ? [] : [paint(style, counted(count, names[0], names[1]))]
  })
  return [
    paint("bold", printable(placeOf(examination))),
    `${checksIn(checked.length, unchecked.length)} in ${milliseconds(tookMs)}: ${found.length === 0 ? nothingFound(examination, paint) : found.join(", ")}`,
    ...advice.map((one) => `\n${itemOf(one, paint)}`),
    ...notMade(examination).map((line, at) => (at === 0 ? `\n${paint("yellow", `? ${line}`)}` : `  ${line}`)),
    "",
  ].join("\n")
}

/** Questions that failed for other reasons than missing rights: asked again they may be answered. */
export function cutShort({ unchecked }: Examination): boolean {
  return unchecked.some(({ why }) => why !== "insufficient_privilege")
}

function checksIn(made: number, missing: number): string {
  return missing === 0 ? `${made} checks` : `${made} of ${made + missing} checks`
}

function nothingFound({ unchecked }: Examination, paint: Paint): string {
  return unchecked.length === 0 ? paint("green", "all is well") : paint("yellow", "nothing found by these")
}

/** Which checks, and why: those that failed for the same reason in one line. */
function notMade(examination: Examination): readonly string[] {
  const { unchecked, facts } = examination
  if (facts.unseen.length === 0) return []
  const whats = new Map<string, string[]>()
  for (const { what, message } of facts.unseen) whats.set(message, [...(whats.get(message) ?? []), what])
  const codes = unchecked.map(({ code }) => code).join(", ")
  return [
    unchecked.length === 0
      ? "Not everything could be asked"
      : `${counted(unchecked.length, "check was", "checks were")} not made: ${codes}`,
    ...[...whats].map(([message, names]) => `${names.join(", ")}: ${printable(message)}`),
    ...(cutShort(examination) ? ["Run it again to have them made"] : []),
  ]
}

function placeOf({ facts: { server }, pings, configuration: { connection } }: Examination): string {
  const where = connection === undefined ? "" : ` at ${connection.host}:${connection.port}`
  const role = `${server.role.name}${server.role.superuser ? " (superuser)" : ""}`
  const trip = pings.count === 0 ? "" : `; round trip ${milliseconds(pings.p50Ms)}, p99 ${milliseconds(pings.p99Ms)}`
  return `PostgreSQL ${server.version}${where}, database ${server.database.name} as ${role}${trip}`
}

function itemOf({ severity, code, message, action, sql, docs }: Advice, paint: Paint): string {
  const { mark, style } = LOOK[severity]
  return [
    `${paint(style, `${mark} ${code}`)}  ${printable(message)}`,
    `  ${printable(action)}`,
    ...(sql === undefined ? [] : statementsIn(printable(sql)).map((line) => `    ${paint("bold", line)}`)),
    `  ${paint("dim", docs)}`,
  ].join("\n")
}

/** The SQL that mends what was found, each with its reason. */
export function fixSqlOf(examination: Examination): string {
  const items = examination.advice.filter(({ sql }) => sql !== undefined)
  const parts = items.map(({ severity, code, message, action, sql = "" }) => [
    `-- ${severity} ${code}: ${oneLine(message)}`,
    `-- ${oneLine(action)}`,
    ...statementsIn(sql),
  ])
  if (parts.length === 0) parts.push(["-- Nothing that SQL could mend was found."])
  const missing = notMade(examination).map((line) => `-- ${oneLine(line)}`)
  if (missing.length > 0) parts.push(missing)
  return parts.map((lines) => `${lines.join("\n")}\n`).join("\n")
}

function statementsIn(sql: string): readonly string[] {
  const lines = sql.trimEnd().split("\n")
  const last = lines.at(-1) ?? ""
  return last.endsWith(";") || last.startsWith("--") ? lines : [...lines.slice(0, -1), `${last};`]
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ")
}

/** The same for machines. */
export function jsonOf(
  { advice, checked, unchecked, facts, pings, configuration, tookMs }: Examination,
  ok: boolean,
): string {
  const { server, unseen } = facts
  const about = { version: server.version, database: server.database.name, role: server.role.name }
  return JSON.stringify({ ok, advice, checked, unchecked, unseen, server: about, pings, configuration, tookMs })
}
