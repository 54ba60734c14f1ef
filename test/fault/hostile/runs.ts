/**
 * 10,000 hostile inputs on demand: `KYSELY_RESILIENT_HOSTILE_RUNS=10000 pnpm vitest run --project fault test/fault/hostile`
 * (some minutes); a sample of them otherwise. A failing run prints its seed and the smallest input that still fails;
 * `KYSELY_RESILIENT_HOSTILE_SEED` brings it back.
 */
const TOTAL = Number(process.env["KYSELY_RESILIENT_HOSTILE_RUNS"] ?? 400)
const SEED = process.env["KYSELY_RESILIENT_HOSTILE_SEED"]

/** Of all inputs, this share; long enough for the slowest of them. */
export function runs(share: number): { readonly numRuns: number; readonly seed?: number } {
  return { numRuns: Math.ceil(TOTAL * share), ...(SEED !== undefined && { seed: Number(SEED) }) }
}

export const LIMIT_MS: number = 30_000 + TOTAL * 100
