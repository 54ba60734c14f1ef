import { RARE_MS } from "../chronicle.ts"
import { counted, many, ofSort, seconds, type Memory, type MemoryRule } from "../memory.ts"

const NAMED_MAX = 3

export const unresolvedEffects: MemoryRule = {
  code: "UNRESOLVED_EFFECTS",
  when: "in the last 10 minutes somebody was told that nobody knows whether his COMMIT was applied, and it has not been found out since",
  why: "A person, or a program with the token of that error, has to look: to repeat it blindly may do it twice. Some are found out later by themselves.",
  find({ snapshot, seen }) {
    const told = seen("unresolved")
    const unknown = told.count - seen("found-late").count
    if (unknown <= 0) return undefined
    const { pending } = snapshot.resolution
    return {
      severity: pending >= unknown ? "warning" : "critical",
      message: `${ofThem("nobody knows", unknown, namesIn(seen))}. ${lookedFor(unknown, pending)}`,
      was: `${ofThem("nobody knew", unknown, namesIn(seen))}; that was found out since, or is more than ${RARE_MS / 60_000} minutes ago`,
      action: `Do not repeat ${unknown === 1 ? "it" : "them"} blindly: db.resolve(error.token) asks once more whether it was done${
        ofSort(told, "xid") === 0
          ? ""
          : '. After a crash or a failover resolution: "xid" cannot tell: look for what it should have written. "marker" can tell then, too'
      }`,
      evidence: {
        told_unknown: told.count,
        pending,
        found_out_late: snapshot.metrics.resolutions.late,
        why: counted(told),
        window_s: seconds(RARE_MS),
      },
    }
  },
}

function ofThem(nobody: string, unknown: number, names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).join(", ")
  const more = names.length > NAMED_MAX || (names.length > 0 && names.length < unknown)
  const which = names.length === 0 ? "" : ` (${shown}${more ? " and others" : ""})`
  return `Of ${many(unknown, "write")}${which} ${nobody} whether ${unknown === 1 ? "it was" : "they were"} done`
}

function lookedFor(unknown: number, pending: number): string {
  if (pending === 0) return `${unknown === 1 ? "It is" : "They are"} not being looked for any more`
  if (unknown === 1) return "It is still being looked for"
  return pending >= unknown
    ? "They are still being looked for"
    : `${pending} of them ${pending === 1 ? "is" : "are"} still being looked for`
}

/** What callers called them; callers may call several the same. */
function namesIn(seen: Memory["seen"]): readonly string[] {
  const found = new Map(seen("found-late").amounts.map(({ what, count }) => [what, count]))
  return seen("unresolved-name")
    .amounts.filter(({ what, count }) => count > (found.get(what) ?? 0))
    .map(({ what }) => what)
}
