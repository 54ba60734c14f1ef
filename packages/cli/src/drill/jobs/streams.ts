import { err, ok } from "neverthrow"

import { integer } from "../random.ts"
import type { Store } from "../store.ts"
import { isFact } from "./facts.ts"
import type { Caller, Job } from "./job.ts"

const ROWS = 1_500
/** A stream's deadline bounds each of its waits; this is for all of them. */
const OVERALL_MS = 60_000

/** Each row as soon as it comes. Cut off, it says so, and what came before must still be right. */
const stream: Job = {
  weight: 2,
  run({ store, desk, random }) {
    let rows = 0
    let wrong = 0
    return desk.read(
      "stream",
      async (said) => {
        for await (const row of store.stream(facts(store), { ...said, chunkSize: chunkSize(random) })) {
          if (row.isErr()) return err(row.error)
          rows += 1
          if (row.value.id !== rows || !isFact(row.value)) wrong += 1
        }
        return ok(rows)
      },
      () => (rows === ROWS && wrong === 0 ? undefined : `${rows} rows, ${wrong} of them wrong`),
      { delivered: () => rows, overallMs: OVERALL_MS },
    )
  },
}

const forEach: Job = {
  weight: 1,
  run({ store, desk, random }) {
    let visited = 0
    return desk.read(
      "for each",
      (said) => store.forEach(facts(store), () => void (visited += 1), { ...said, chunkSize: chunkSize(random) }),
      ({ rows }) => (rows === ROWS && visited === ROWS ? undefined : `${rows} rows, ${visited} visits`),
      { delivered: () => visited, overallMs: OVERALL_MS },
    )
  },
}

/** Somebody has seen enough: the portal is closed, and the connection is as good as before. */
const leftEarly: Job = {
  weight: 1,
  run({ store, desk, random }) {
    const enough = integer(random, 1, ROWS)
    let rows = 0
    return desk.read(
      "stream, left early",
      async (said) => {
        for await (const row of store.stream(facts(store), { ...said, chunkSize: chunkSize(random) })) {
          if (row.isErr()) return err(row.error)
          rows += 1
          if (rows === enough) break
        }
        return ok(rows)
      },
      () => (rows === enough ? undefined : `${rows} rows and not ${enough}`),
      { delivered: () => rows, overallMs: OVERALL_MS },
    )
  },
}

export const streams: readonly Job[] = [stream, forEach, leftEarly]

function facts(store: Store) {
  return store.selectFrom("facts").selectAll().orderBy("id").limit(ROWS)
}

function chunkSize(random: Caller["random"]): number {
  return integer(random, 50, 600)
}
