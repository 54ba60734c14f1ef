import type { HealthStatus } from "@kysely-resilient/core/src/health/judge.ts"
import { nextCourse, type Course } from "@kysely-resilient/core/src/health/recovery.ts"
import fc from "fast-check"
import { expect, it } from "vitest"

const RANK = { healthy: 0, degraded: 1, critical: 2 } as const
const LASTS_MS = 10_000

it("is never better than the worst that was seen of late, and never worse than the worst seen since it was last better", () => {
  const sights = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 8_000 }),
      seen: fc.constantFrom<HealthStatus>("healthy", "degraded", "critical"),
    }),
    { minLength: 1, maxLength: 40 },
  )
  fc.assert(
    fc.property(sights, (list) => {
      let now = 0
      let course: Course = { status: "healthy", since: 0, better: undefined }
      const seenBefore: { at: number; rank: number }[] = []
      for (const { afterMs, seen } of list) {
        now += afterMs
        course = nextCourse(course, seen, now, LASTS_MS)
        seenBefore.push({ at: now, rank: RANK[seen] })
        const recent = seenBefore.filter(({ at }) => at > now - LASTS_MS)
        expect(RANK[course.status]).toBeGreaterThanOrEqual(Math.max(...recent.map(({ rank }) => rank)))
        expect(RANK[course.status]).toBeLessThanOrEqual(Math.max(...seenBefore.map(({ rank }) => rank)))
        expect(course.since).toBeLessThanOrEqual(now)
      }
      // However it was before, what lasts is believed in the end.
      for (let step = 0; step < 6; step += 1) course = nextCourse(course, "healthy", (now += LASTS_MS), LASTS_MS)
      expect(course.status).toBe("healthy")
    }),
    { numRuns: 200 },
  )
})
