import { RARE_MS } from "../chronicle.ts"
import { counted, many, seconds, type MemoryRule } from "../memory.ts"

export const troubleOnPurpose: MemoryRule = {
  code: "TROUBLE_ON_PURPOSE",
  when: "in the last 10 minutes the option `buggify` made trouble",
  why: "Some of what the numbers show is not the server's doing.",
  find({ seen }) {
    const struck = seen("buggify")
    if (struck.count === 0) return undefined
    return {
      severity: "info",
      message: `The option buggify made trouble ${many(struck.count, "time")} in the last ${seconds(RARE_MS) / 60} minutes`,
      action: "Nothing in a test; leave the option out everywhere else",
      evidence: { strikes: counted(struck) },
    }
  },
}
