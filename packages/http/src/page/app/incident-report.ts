import type { ResilienceReport } from "@kysely-resilient/core"

import { count, duration } from "./format.ts"
import type { Incident } from "./incidents.ts"
import { detailsOf, lineOf, titleOf, verdictOf } from "./words.ts"

const LINES_MAX = 40

/** For a ticket or a chat: everything that the page shows of the incidents, as Markdown. */
export function markdownOf(incidents: readonly Incident[], report: ResilienceReport | undefined, now: number): string {
  const head = [`# Database incidents, ${new Date(now).toISOString()}`, ""]
  if (report !== undefined) {
    const { status, metrics, success_rate: rate } = report.resilience
    head.push(
      `Status: **${status}**${report.reasons.map(({ message }) => `; ${message}`).join("")}. ` +
        `${count(metrics.total_queries)} statements since the start, ${rate} of them right at once.`,
      "",
    )
  }
  if (incidents.length === 0) head.push("No incident in the last 15 minutes.", "")
  return [...head, ...incidents.flatMap(sectionOf)].join("\n")
}

function sectionOf(incident: Incident): readonly string[] {
  const { from, until, open, who, events } = incident
  const lasted = open ? "still going on" : duration((until - from) / 1_000)
  return [
    `## ${titleOf(incident)}`,
    "",
    `${new Date(from).toISOString()}, ${lasted}. ${verdictOf(incident)}`,
    "",
    ...detailsOf(incident).map((detail) => `- ${detail}`),
    "",
    ...(who.length === 0
      ? []
      : [
          "| who | affected | recovered | failed | unknown |",
          "|---|---:|---:|---:|---:|",
          ...who.map(
            (one) =>
              `| ${one.who.replaceAll("|", String.raw`\|`)} | ${one.affected} | ${one.recovered} | ${one.failed} | ${one.unknown} |`,
          ),
          "",
        ]),
    ...events
      .slice(0, LINES_MAX)
      .map(
        (event) => `    ${new Date(event.at_ms).toISOString().slice(11, 23)}  ${times(event.count)}${lineOf(event)}`,
      ),
    ...(events.length > LINES_MAX ? [`    … and ${events.length - LINES_MAX} more`] : []),
    "",
  ]
}

function times(value: number): string {
  return value === 1 ? "" : `${value}× `
}
