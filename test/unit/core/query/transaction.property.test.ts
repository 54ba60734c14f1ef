import { err, ok, type Result } from "neverthrow"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { scripted } from "../../../support/scripted-database.ts"
import { conflict, failure } from "../../../support/scripted-engine.ts"

/** What happens in one run of the callback: how its statement ends, what the callback makes of it, and how COMMIT ends. */
const aRun = fc.record({
  statement: fc.constantFrom("fine", "conflict", "harmed", "lost"),
  callback: fc.constantFrom("passes-over", "returns-it", "throws"),
  commit: fc.constantFrom("fine", "conflict", "unknown", "locally", "constraint"),
})

const FAILURES = {
  conflict: conflict(),
  harmed: failure("check_violation"),
  lost: failure("connection_failed", { retry: "transaction", pace: "slow" }),
  unknown: failure("connection_failed", { retry: "transaction", effect: "unknown", phase: "commit" }),
  locally: failure("replication_unconfirmed", { retry: "transaction", effect: "applied_locally" }),
  constraint: failure("foreign_key_violation"),
}

describe("whole transactions", () => {
  it("run again only when nothing was applied, one at a time, and are Ok exactly if one run was committed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(aRun, { minLength: 1, maxLength: 6, size: "max" }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (runs, attemptsMax, allowed) => {
          const runOf = (lease: number) => runs[Math.min(lease, runs.length) - 1]
          const { db, engine, clock } = scripted({
            statement: ({ lease }) => {
              const how = runOf(lease)?.statement ?? "fine"
              return how === "fine" ? {} : { fails: FAILURES[how] }
            },
            commit: (lease) => {
              const how = runOf(lease)?.commit ?? "fine"
              return how === "fine" ? undefined : FAILURES[how]
            },
          })
          let running = 0
          let overlapped = false
          const done: number[] = []
          const whole = db.transaction(
            async (tx): Promise<Result<number, unknown>> => {
              overlapped ||= running > 0
              running += 1
              tx.afterCommit(() => done.push(tx.attempt))
              const touched = await tx.exec(db.deleteFrom("users"))
              await Promise.resolve()
              running -= 1
              const how = runOf(tx.attempt)?.callback
              if (touched.isErr() && how === "throws") throw new Error("unwrapped")
              return touched.isErr() && how === "returns-it" ? err(touched.error) : ok(tx.attempt)
            },
            { retry: allowed ? { attemptsMax } : false },
          )
          await clock.advance(30_000)
          const result = await whole

          const begun = engine.log.filter((line) => line.endsWith("begin")).length
          const failed = (run: number) => runOf(run)?.statement !== "fine"
          const committed = (run: number) => !failed(run) && runOf(run)?.commit === "fine"
          const again = (run: number) =>
            failed(run) ? runOf(run)?.statement !== "harmed" : runOf(run)?.commit === "conflict"

          expect(overlapped).toBe(false)
          expect(engine.held).toBe(0)
          expect(clock.timers.foreground).toBe(0)
          // Every run but the last left nothing behind and could help; the last is committed, hopeless, or one too many.
          for (let run = 1; run < begun; run += 1) expect(again(run)).toBe(true)
          expect(begun).toBeLessThanOrEqual(allowed ? attemptsMax : 1)
          if (begun < (allowed ? attemptsMax : 1)) expect(again(begun)).toBe(false)
          expect(result.isOk()).toBe(committed(begun))
          expect(done).toEqual(committed(begun) ? [begun] : [])
          if (result.isOk()) expect(result.value).toBe(begun)
        },
      ),
      { numRuns: 500 },
    )
  })
})
