import { isHistory } from "@kysely-resilient/http/src/page/app/asked.ts"
import { expect, it } from "vitest"

const over = { until: 12_000, open: false }

it.each<[string, readonly { until: number; open: boolean }[], number, boolean]>([
  ["just pressed", [], 10_100, false],
  ["nothing has come of it yet", [], 39_900, false],
  ["nothing came of it", [], 40_000, true],
  ["what came of it goes on", [{ until: 50_000, open: true }], 50_000, false],
  ["what came of it is over, and may only have begun", [over], 14_900, false],
  ["what came of it is over", [over], 15_000, true],
  ["what was over before is not what came of it", [{ until: 9_999, open: false }], 15_000, false],
])("what was asked for at 10 s is history or not: %s", (_, incidents, now, history) => {
  expect(isHistory(10_000, incidents, now)).toBe(history)
})
