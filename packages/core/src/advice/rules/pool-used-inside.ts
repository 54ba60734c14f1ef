import { RARE_MS } from "../chronicle.ts"
import { counted, many, seconds, type MemoryRule } from "../memory.ts"

export const poolUsedInside: MemoryRule = {
  code: "POOL_USED_INSIDE",
  when: "in the last 10 minutes `db` was used inside of a callback that holds a connection already",
  why: "That work is not part of the transaction, and if all connections are held like that everybody waits for everybody.",
  find({ seen }) {
    const inside = seen("used-inside")
    if (inside.count === 0) return undefined
    return {
      severity: "warning",
      message: `The pool was asked for a second connection ${many(inside.count, "time")} inside of a callback that holds one`,
      action: "Use the handle that the callback is given (tx, or the session), or move the call out of the callback",
      evidence: { times: inside.count, places: counted(inside), window_s: seconds(RARE_MS) },
    }
  },
}
