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
  const { advice, checked, tookMs, facts } = examination
  const found = SEVERITIES.flatMap((severity) => {
    const count = advice.filter((one) => one.severity === severity).length
    const { names, style } = LOOK[severity]
    return count === 0 ? [] : [paint(style, counted(count, names[0], names[1]))]
  })
  return [
    paint("bold", printable(placeOf(examination))),
    `${checked.length} checks in ${milliseconds(tookMs)}: ${found.length === 0 ? paint("green", "all is well") : found.join(", ")}`,
    ...advice.map((one) => `\n${itemOf(one, paint)}`),
    ...(facts.unseen.length === 0
      ? []
      : [
          `\n${paint("dim", `Not judged, for it could not be seen: ${facts.unseen.map(({ what, why }) => `${what} (${why})`).join(", ")}`)}`,
        ]),
    "",
  ].join("\n")
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
export function fixSqlOf({ advice }: Examination): string {
  const items = advice.filter(({ sql }) => sql !== undefined)
  if (items.length === 0) return "-- Nothing that SQL could mend was found.\n"
  return items
    .map(({ severity, code, message, action, sql = "" }) =>
      [`-- ${severity} ${code}: ${oneLine(message)}`, `-- ${oneLine(action)}`, ...statementsIn(sql), ""].join("\n"),
    )
    .join("\n")
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
export function jsonOf({ advice, checked, facts, pings, configuration, tookMs }: Examination, ok: boolean): string {
  const { server, unseen } = facts
  const about = { version: server.version, database: server.database.name, role: server.role.name }
  return JSON.stringify({ ok, advice, checked, unseen, server: about, pings, configuration, tookMs })
}
