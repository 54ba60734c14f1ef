import type { Clock } from "@kysely-resilient/driver"

import { answer, refusal } from "../answers/answers.ts"
import type { MetricsRegistry } from "../options.ts"
import type { Route } from "./route.ts"

/** A scrape is given up after ten seconds as a rule; an answer says more than that. */
const COLLECT_MS = 5_000

/** What the registry says, in the form of its own choice. Its other metrics are not ours: they may throw, or take their time. */
export function metricsRoute(registry: MetricsRegistry, clock: Clock): Route {
  return {
    methods: ["GET"],
    async answer() {
      const collected = await bounded(async () => registry.metrics(), clock)
      return collected === undefined
        ? refusal(503, "No metrics", "The metrics could not be collected.", { "retry-after": "5" })
        : answer(200, registry.contentType, collected)
    },
  }
}

async function bounded(collect: () => Promise<string>, clock: Clock): Promise<string | undefined> {
  let timer: { cancel(): void } | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = clock.after(COLLECT_MS, () => resolve(undefined), { background: true })
  })
  try {
    return await Promise.race([collect(), late])
  } catch {
    return undefined
  } finally {
    timer?.cancel()
  }
}
