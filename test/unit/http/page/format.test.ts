import { fullTime, zone } from "@kysely-resilient/http/src/page/app/format.ts"
import { expect, it, vi } from "vitest"

it.each([
  [0, "UTC+0"],
  [-330, "UTC+5:30"],
  [210, "UTC-3:30"],
  [480, "UTC-8"],
])("a clock that is %i minutes behind shows %s", (behind, shown) => {
  const spy = vi.spyOn(Date.prototype, "getTimezoneOffset").mockReturnValue(behind)
  expect(zone(0)).toBe(shown)
  spy.mockRestore()
})

it("a moment in full has its date", () => {
  const at = new Date(2_026, 2, 1, 14, 3, 9).getTime()
  expect(fullTime(at)).toBe(`2026-03-01 14:03:09 ${zone(at)}`)
})
