import type { Rule } from "@kysely-resilient/testing"

import { integer } from "../random.ts"
import type { FaultContext, Injection } from "./fault.ts"

/** The next instant of a kind is never far while callers are at work; of the rarer ones some come a little later. */
const HITTING_MS = 1_500
/** Once the first has been hit, the others have so long. */
const MORE_MS = 400
const INSTANTS_PASSED_MAX = 12
/** The same operation may be hit each time, and has three tries. */
const TIMES_MAX = 2

/** A rule for one instant or two, not the first ones that come along. */
export async function arm(
  { proxy, random, sleep, alone }: FaultContext,
  rule: Pick<Rule, "when" | "do">,
  after?: () => Promise<unknown>,
): Promise<Injection> {
  const times = alone ? integer(random, 1, TIMES_MAX) : 1
  const skip = integer(random, 0, INSTANTS_PASSED_MAX)
  const armed = proxy.rule({ ...rule, times, skip })
  try {
    const hit = await Promise.race([armed.hit, sleep(HITTING_MS)])
    if (armed.hits > 0) await (after === undefined ? sleep(times === 1 ? 0 : MORE_MS) : after())
    void hit
    return armed.hits > 0 ? "struck" : "missed"
  } finally {
    armed.remove()
    armed.release()
  }
}
