import { RARE_MS } from "../chronicle.ts"
import { counted, many, seconds, type MemoryRule } from "../memory.ts"

export const unresolvedEffects: MemoryRule = {
  code: "UNRESOLVED_EFFECTS",
  when: "in the last 10 minutes somebody was told that nobody knows whether his COMMIT was applied",
  why: "A person, or a program with the token of that error, has to look. Some are found out later by themselves.",
  find({ snapshot, seen }) {
    const unresolved = seen("unresolved")
    if (unresolved.count === 0) return undefined
    const { pending } = snapshot.resolution
    return {
      severity: pending >= unresolved.count ? "warning" : "critical",
      message: `The effect of ${many(unresolved.count, "write is unknown to its caller", "writes is unknown to their callers")}; ${pending === 0 ? "none is" : many(pending, "is", "are")} still looked for`,
      action:
        'Ask db.resolve(token) with the token of the error before it is done again; resolution: "marker" finds it out across crashes and failovers too',
      evidence: {
        told_unknown: unresolved.count,
        pending,
        found_out_late: snapshot.metrics.resolutions.late,
        why: counted(unresolved),
        window_s: seconds(RARE_MS),
      },
    }
  },
}
