/** All that `buggify` does: see `postgres/sabotage.ts` and `pool/hoarding-pool.ts`. */
export const BUGGIFY_KINDS = [
  "opening-refused",
  "statement-lost",
  "answer-lost",
  "commit-lost",
  "commit-answer-lost",
  "serialization-failure",
  "deadlock",
  "slow-answer",
  "pool-exhausted",
] as const

/**
 * A rare failure that `buggify` makes common.
 *
 * - `opening-refused`: the socket of a new connection is closed as soon as it is open
 * - `statement-lost`: the connection ends; the statement has not reached the server
 * - `answer-lost`: the connection ends; the server has done the statement, and its answer is thrown away
 * - `commit-lost`, `commit-answer-lost`: the same for COMMIT
 * - `serialization-failure`, `deadlock`: the server raises 40001 or 40P01 in the statement's place, or COMMIT's
 * - `slow-answer`: the answer is not read for a while
 * - `pool-exhausted`: somebody else has all of the pool's connections for a while
 */
export type BuggifyKind = (typeof BUGGIFY_KINDS)[number]
