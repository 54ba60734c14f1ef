import { sampleOf } from "@kysely-resilient/cli/src/watch/feed.ts"
import { expect, it } from "vitest"

import { NO_REPORT } from "./support.ts"

const reported = (at: string, total_queries: number, failed_queries: number) => ({
  ...NO_REPORT,
  checked_at: at,
  resilience: {
    ...NO_REPORT.resilience,
    metrics: { ...NO_REPORT.resilience.metrics, total_queries, failed_queries },
  },
})

it.each([
  ["one alone", undefined, reported("2026-01-01T00:00:02Z", 500, 5), { queries: 0, failed: 0 }],
  [
    "two, 2 s apart",
    reported("2026-01-01T00:00:00Z", 300, 1),
    reported("2026-01-01T00:00:02Z", 500, 5),
    { queries: 100, failed: 2 },
  ],
  [
    "one of a new process",
    reported("2026-01-01T00:00:00Z", 300, 1),
    reported("2026-01-01T00:00:02Z", 8, 0),
    { queries: 0, failed: 0 },
  ],
  [
    "the same again",
    reported("2026-01-01T00:00:00Z", 300, 1),
    reported("2026-01-01T00:00:00Z", 300, 1),
    { queries: 0, failed: 0 },
  ],
])("a sample of reports: %s", (_, before, report, second) => {
  expect(sampleOf(report, before)).toMatchObject({
    total_queries: report.resilience.metrics.total_queries,
    since_last: second,
  })
})
