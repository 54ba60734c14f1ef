import { identifier, isForbidden, listed, type ServerRule } from "../examined.ts"
import { many } from "../memory.ts"

export const limitedView: ServerRule = {
  code: "LIMITED_VIEW",
  when: "the role may not see what other roles' sessions do, and there are some; or it lacks the right to ask something",
  why: "What it may not see is not judged: long and idle transactions of others, who blocks whom by name, what it may not ask.",
  needs: ["activity"],
  find({ server, activity, unseen }) {
    const { name, seesAll } = server.role
    const hidden = activity?.hidden ?? 0
    const forbidden = unseen.filter(isForbidden)
    if (hidden === 0 && forbidden.length === 0) return undefined
    const told = forbidden.map(({ what, message }) => `${what} (${message})`)
    return {
      severity: "info",
      message: [
        ...(hidden > 0
          ? [`${many(hidden, "session of another role is", "sessions of other roles are")} hidden from ${name}`]
          : []),
        ...(told.length > 0 ? [`${name} may not see: ${listed(told)}`] : []),
      ].join("; "),
      action: [
        ...(hidden > 0 ? ["To see all, let a role ask that is a member of pg_monitor"] : []),
        // Who took a right away that everybody has by default had other things in mind than pg_monitor.
        ...(told.length > 0 ? [`Grant ${name} what the server says is missing`] : []),
      ].join(". "),
      ...(hidden > 0 && !seesAll && { sql: `grant pg_monitor to ${identifier(name)}` }),
      evidence: { hidden_sessions: hidden, unseen: Object.fromEntries(forbidden.map(({ what, why }) => [what, why])) },
    }
  },
}
